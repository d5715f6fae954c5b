"""The findings of a verification, as they come: printed lines, JSON Lines, progress, and a closing line."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TextIO

from monitoring.progress import ProgressDisplay, size_text
from pipelines.config import SettingsError
from storage.checks.finding import Finding, Report
from storage.files.listing import StoredFile

SHOWN = 200
"""Maximum printed findings, and printed leftover files. A file of findings gets all."""

LEFT_OVER = "nothing names it"
"""The problem that is written for a leftover file."""


class Findings:
    """Receives findings and counts what was checked.

    Args:
        stream: receives a line for each finding, up to `SHOWN`.
        path: of a file that receives each finding and each leftover file as a JSON line.

    Attributes:
        found: findings so far.
        replayed: trajectories that were drawn again.

    Raises:
        SettingsError: the file cannot be written.
    """

    def __init__(self, display: ProgressDisplay, stream: TextIO, path: str | None = None) -> None:
        self._display, self._stream = display, stream
        self.found = self.replayed = 0
        self._read = self._rows = 0
        self._into = None if path is None else Path(path)
        try:
            if self._into is not None:
                self._into.write_text("")
        except OSError as error:
            raise SettingsError(f"findings={path}: {error.strerror}: name a file that can be written") from error

    def take(self, report: Report) -> None:
        """Receive the report of one piece of work."""
        self._tell(report.findings)
        self._read += report.read
        self._rows += report.rows
        self.replayed += report.replayed
        self.wait()

    def report(self, finding: Finding) -> None:
        """Report one thing that is wrong."""
        self._tell([finding])

    def _tell(self, findings: Sequence[Finding]) -> None:
        for finding in findings:
            self.found += 1
            if self.found <= SHOWN:
                self.say(f"wrong: {finding}")
            elif self.found == SHOWN + 1:
                self.say("... more follow, which are not printed: add findings=FILE to have them all")
        self._write(findings)

    def left_over(self, what: str, there: Sequence[StoredFile], rest: str) -> None:
        """Report files that nothing names, which are not findings: their number by kind, each path, and what happens to
        them."""
        self.say(f"{len(there)} {what}, {size_text(sum(file.size for file in there))}: {rest}")
        for file in there[:SHOWN]:
            self.say(f"left over: {file.path}")
        if len(there) > SHOWN:
            self.say("... more follow, which are not printed: add findings=FILE to have them all")
        self._write(Finding(file.path, LEFT_OVER) for file in there)

    def _write(self, findings: Iterable[Finding]) -> None:
        if self._into is not None and findings:
            with self._into.open("a") as file:
                file.writelines(f"{json.dumps(asdict(finding))}\n" for finding in findings)

    def say(self, line: str) -> None:
        """Print one line, without signs that a terminal would obey."""
        plain = "".join(sign if sign.isprintable() else "?" for sign in " ".join(line.split()))
        print(plain, file=self._stream, flush=True)

    def begin(self, stage: str) -> None:
        """Start a stage of the progress display."""
        self._display.begin(stage, 0)

    def close(self) -> None:
        """The closing line."""
        self._display.close()
        self.say(
            f"{f'{self.found} findings' if self.found else 'nothing is wrong'}: {self._rows} rows and "
            f"{size_text(self._read)} read, {self.replayed} trajectories replayed"
        )

    def wait(self) -> None:
        """Show the progress of the verification; called repeatedly while no report comes."""
        detail = f"rows in all, {size_text(self._read)}, {self.replayed} replayed, {self.found} findings"
        self._display.checked(self._rows, detail)
