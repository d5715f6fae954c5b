"""What a verification finds, as it goes: printed lines, JSON Lines, progress, and a closing line."""

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
"""Findings, and files that are left over, that are printed; a file that they are written into gets all."""

LEFT_OVER = "nothing names it"
"""What is written of a file that is left over, where of others there is what is wrong."""


class Findings:
    """Takes findings and counts what was looked at.

    Args:
        stream: gets a line for each finding, up to a number.
        path: of a file that gets each, and what is left over, as a JSON line.

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
        """What one piece of work found and read."""
        self._tell(report.findings)
        self._read += report.read
        self._rows += report.rows
        self.replayed += report.replayed
        self.wait()

    def report(self, finding: Finding) -> None:
        """Something that is wrong."""
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
        """Files that nothing names, which are no findings: how many of what, each by its path, and what is done."""
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
        """A line for whoever reads the output; never more than one, and nothing that a terminal would obey."""
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
        """Show how far the verification is; called again and again while nothing comes in."""
        detail = f"rows, {size_text(self._read)}, {self.replayed} replayed and {self.found} findings so far, in all"
        self._display.checked(self._rows, detail)
