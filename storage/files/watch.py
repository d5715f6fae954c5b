"""Watches a store while a job runs: says a line within seconds when the store stops answering, and another when it
answers again.

Workers, planner and publisher each wait for the store in their own process. The job itself also sends one small request
every few seconds, so that its log names the store as the reason of the wait, whichever process waits.
"""

from contextlib import suppress
from threading import Event, Thread
from time import monotonic
from types import TracebackType
from typing import Any, Protocol, Self

from storage.files.store import S3, STAGING, Files, StoreUnavailable

EVERY_S = 2.0
"""Seconds between two requests."""

TOLD_S = 5.0
"""Seconds without an answer after which the line is said."""

AGAIN_S = 60.0
"""Seconds after which the line is repeated."""


class Say(Protocol):
    """The same protocol as `monitoring.logs.Say`, which this package must not import."""

    def __call__(self, line: str, level: Any = "info", **fields: object) -> None: ...


class StoreWatch:
    """A context manager around all use of the store.

    Args:
        files: the store.
        say: told the lines, from a thread.
        at_start: no work has begun, so `store.outage_s` does not apply.
    """

    def __init__(self, files: Files, say: Say, at_start: bool = False) -> None:
        self._files, self._say, self._at_start = files, say, at_start
        self._asked_at: float | None = None
        self._failed_at: float | None = None
        self._told_at: float | None = None
        self._why = ""
        self._over = Event()

    @property
    def silent_s(self) -> float:
        """Seconds since the last answer of the store; 0 if it answers or the silence is short."""
        since = [at for at in (self._failed_at, self._asked_at) if at is not None]
        silent = monotonic() - min(since) if since else 0.0
        return silent if silent >= TOLD_S else 0.0

    def __enter__(self) -> Self:
        self._over = Event()
        Thread(target=self._ask, args=(self._over,), daemon=True).start()
        Thread(target=self._tell, args=(self._over,), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()

    def _ask(self, over: Event) -> None:
        files = self._files.waiting(0)
        while True:
            began = self._asked_at = monotonic()
            try:
                with suppress(FileNotFoundError):
                    files.size(f"{STAGING}/watch")
            except StoreUnavailable as error:
                self._failed_at, self._why = self._failed_at or began, str(error)
            except Exception:  # the work with the store reports the error
                self._failed_at = None
            else:
                self._failed_at = None
            finally:
                self._asked_at = None
            if over.wait(EVERY_S / 2 if self._failed_at else EVERY_S):
                return

    def _patience(self) -> str:
        """What happens to a request to this kind of store."""
        if self._files.kind in S3:
            setting = "at the start" if self._at_start else "(store.outage_s)"
            return f"every request is tried again for {self._files.outage_s:g} s {setting}"
        return (
            "its library tries again for a while"
            if self._files.kind
            else "requests wait as long as its mount lets them"
        )

    def _tell(self, over: Event) -> None:
        silent, last = 0.0, 0.0
        while not over.wait(0.25):
            now = self.silent_s
            if now and (self._told_at is None or now - last >= AGAIN_S):
                self._told_at, last = monotonic(), now
                where, outage_s = self._files.root, self._files.outage_s
                why = f" ({self._why})" if self._failed_at and self._why else ""
                self._say(
                    f"the store {where} has not answered for {now:.0f} s{why}: {self._patience()}; the job "
                    "that gives up ends with status 75 and keeps what it has",
                    "warning",
                    store=where,
                    silent_s=round(now, 1),
                    outage_s=outage_s,
                )
            elif not now and self._told_at is not None and self._asked_at is None and self._failed_at is None:
                self._told_at = None
                self._say(
                    f"the store {self._files.root} answers again, after about {silent:.0f} s",
                    store=self._files.root,
                    silent_s=round(silent, 1),
                )
            silent = now or silent
