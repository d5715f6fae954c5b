"""The findings about training rows as they come: examples of each trap, JSON Lines, progress, and a closing table."""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import IO, Any, TextIO

from lensmill.formats.checking import Finding
from monitoring.progress import ProgressDisplay
from pipelines.config import SettingsError

MOST_CHARS = 500
"""Characters of a printed finding."""

REMEMBERED = 1_000_000
"""Rows among which repeated ones are looked for; each takes some tens of bytes."""


class Traps:
    """Receives findings, and counts them by trap.

    Args:
        stream: receives the first findings of each trap, and the closing table.
        path: of a file that receives each finding as a JSON line.
        examples: printed findings of each trap.

    Attributes:
        found: findings so far.

    Raises:
        SettingsError: the file cannot be written.
    """

    def __init__(self, display: ProgressDisplay, stream: TextIO, path: str | None = None, examples: int = 3) -> None:
        self._display, self._stream, self._examples = display, stream, examples
        self._traps: Counter[str] = Counter()
        self._first: dict[str, str] = {}
        self._seen: set[int] = set()
        self._rows = self._wrong = self._repeated = 0
        self._last: tuple[str, int | None] = ("", None)
        self._into: IO[str] | None = None
        try:
            if path is not None:
                self._into = Path(path).open("w")  # noqa: SIM115 (closed by `close`)
        except OSError as error:
            raise SettingsError(f"findings={path}: {error.strerror}: name a file that can be written") from error

    @property
    def found(self) -> int:
        """The number of findings."""
        return self._traps.total()

    def begin(self, stage: str) -> None:
        """Start a file."""
        self._display.begin(stage, 0)

    def take(self, file: str, row: int | None, finding: Finding) -> None:
        """Receive a finding about a row, counted from 0, or about the file."""
        self._traps[finding.trap] += 1
        place = file if row is None else f"{file} row {row}"
        self._first.setdefault(finding.trap, f"{place} {finding.where}".rstrip())
        if row is not None and (file, row) != self._last:
            self._wrong += 1
            self._last = (file, row)
        if self._traps[finding.trap] <= self._examples:
            where = f" {finding.where}" if finding.where else ""
            self.say(f"wrong: {place}{where}: {finding.message[:MOST_CHARS]} [{finding.trap}]")
        if self._into is not None:
            self._into.write(json.dumps({"file": file, "row": row, **asdict(finding)}) + "\n")

    def checked(self, row: Mapping[str, Any]) -> None:
        """Count a row."""
        self._rows += 1
        if self._rows <= REMEMBERED:
            mark = hash(_mark(row))
            self._repeated += mark in self._seen
            self._seen.add(mark)
        if self._rows % 64 == 0:
            self._display.checked(self._rows, f"rows, {self.found} findings")

    def say(self, line: str) -> None:
        """Print one line, without signs that a terminal would obey."""
        plain = "".join(sign if sign.isprintable() else "?" for sign in " ".join(line.split()))
        print(plain, file=self._stream, flush=True)

    def snippet(self, name: str, text: str) -> None:
        """Print the settings that the trainer needs."""
        print(f"settings for {name}:", file=self._stream)
        print("".join(f"  {line}\n" for line in text.splitlines()), end="", file=self._stream, flush=True)

    def close(self) -> None:
        """Print the table of traps, and the closing line."""
        self._display.close()
        if self._into is not None:
            self._into.close()
        if self._traps:
            width = max(len(trap) for trap in self._traps)
            self.say("findings by trap, with the first of each:")
            for trap, count in self._traps.most_common():
                line = f"  {trap:<{width}} {count:>9,}  {self._first[trap]}"
                print("".join(sign if sign.isprintable() else "?" for sign in line), file=self._stream)
        if self._repeated:
            self.say(f"note: {self._repeated} rows say the same as rows before them")
        found = f"{self.found} findings in {self._wrong} rows" if self._traps else "nothing is wrong"
        self.say(f"{found}: {self._rows} rows read")


def _mark(value: Any) -> Any:
    """A value's content as something that can be hashed; of a picture's bytes the length and some of them."""
    if isinstance(value, Mapping):
        return tuple((key, _mark(item)) for key, item in value.items())
    if isinstance(value, list | tuple):
        return tuple(map(_mark, value))
    if isinstance(value, bytes) and len(value) > 512:
        middle = len(value) // 2
        return len(value), value[middle : middle + 128], value[-128:]
    return value
