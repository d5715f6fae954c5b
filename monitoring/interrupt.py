"""Ctrl-C: the first signal asks for a graceful stop, the second ends the program."""

import signal
from collections.abc import Callable
from contextlib import suppress
from time import monotonic
from types import TracebackType
from typing import Any, Self

from monitoring.logs import Say

ONE_S = 1.0
"""Signals within this many seconds of the first count as the same request: `timeout` signals the process and then its
group."""


class Interrupt:
    """While entered, SIGINT and SIGTERM set `asked` instead of raising. A later signal raises KeyboardInterrupt.

    Args:
        say: told one line at the first signal.
        clock: seconds, monotonic.
    """

    def __init__(self, say: Say, clock: Callable[[], float] = monotonic) -> None:
        self._say = say
        self._clock = clock
        self._old: dict[int, Any] = {}
        self._asked_at = 0.0
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
            if self._clock() - self._asked_at < ONE_S:
                return
            raise KeyboardInterrupt
        self.asked, self._asked_at = True, self._clock()
        with suppress(RuntimeError):  # the signal interrupted a write to the same stream
            self._say("stopping: finished work is kept (again to stop at once) ...", "warning")
