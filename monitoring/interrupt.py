"""Ctrl-C: the first one asks for a gentle stop, the second one ends the program."""

import signal
from types import TracebackType
from typing import Any, Self

from monitoring.logs import Say


class Interrupt:
    """While entered, SIGINT and SIGTERM set `asked` instead of raising; a second one raises KeyboardInterrupt.

    Args:
        tell: told one line when the first one comes.
    """

    def __init__(self, tell: Say) -> None:
        self._tell = tell
        self._old: dict[int, Any] = {}
        self.asked = False

    def __enter__(self) -> Self:
        for number in (signal.SIGINT, signal.SIGTERM):
            self._old[number] = signal.signal(number, self._handle)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, old in self._old.items():
            signal.signal(number, old)

    def _handle(self, *_: object) -> None:
        if self.asked:
            raise KeyboardInterrupt
        self.asked = True
        self._tell("stopping: episodes in flight are finished and kept (again to stop at once) ...", "warning")
