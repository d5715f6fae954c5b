"""The work of a rollout worker: chunks and threads."""

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from time import monotonic
from typing import Any, Literal

from lensmill.models.chat import ModelCall
from lensmill.verdict import Verdict
from storage.builds.episodes import EpisodeRow

Mode = Literal["", "careful", "trial"]
"""How a chunk is run. "careful" is for a chunk whose worker died: one episode at a time, each noted in the store while
it runs. "trial" is the same while the job runs no other chunk, for a chunk whose episodes may have killed engines."""

CPU_THREADS = 2
"""Threads of a worker. One reads while another encodes; more would only compete, since workers scale by processes."""


@dataclass(frozen=True, slots=True)
class EpisodeCost:
    """The cost of one episode: seconds of one worker, and bytes of its pictures."""

    rung: int
    seconds: float
    size: int


@dataclass(frozen=True, slots=True)
class Probed:
    """The costs of the tried episodes; or `why` no further episode was tried, and the class of the model's error."""

    costs: tuple[EpisodeCost, ...]
    why: str = ""
    ending: str = ""


@dataclass(slots=True)
class Work:
    """The state of a chunk at work: its rows, and the verdicts on the done episodes.

    Attributes:
        tried: number of attempts of earlier runs at each episode.
        look: says whether another run has made the chunk while the chunk waited for a slot; None if it does not wait.
        again: an episode must run again without any other beside it.
        kept: episodes whose rows were handed back already; `kept_at` is the time of the last time.
        made: the answer of `look`, asked once before the first episode begins.
    """

    tried: Mapping[str, int]
    look: Callable[[], bool] | None = None
    made: asyncio.Future[bool] | None = None
    rows: dict[str, EpisodeRow] = field(default_factory=dict)
    mode: Mode = ""
    again: Literal["", "late", "suspect"] = ""
    kept: set[str] = field(default_factory=set)
    kept_at: float = field(default_factory=monotonic)
    limit: asyncio.Timeout | None = None
    verdicts: dict[str, Verdict] = field(default_factory=dict)

    def unkept(self, wait_s: float = 0.0) -> list[EpisodeRow]:
        """Rows that were not handed back yet; they count as handed back from now on. None shortly after the last
        time."""
        if monotonic() < self.kept_at + wait_s:
            return []
        self.kept_at = monotonic()
        rows = [row for name, row in self.rows.items() if name not in self.kept]
        self.kept.update(self.rows)
        return rows

    def take(self, row: EpisodeRow) -> None:
        """Add a finished episode."""
        self.rows[row.planned.episode_id] = row.after(self.tried[row.planned.episode_id])

    async def made_meanwhile(self) -> bool:
        """Whether another run has committed the chunk meanwhile. Asks once."""
        if self.look is None:
            return False
        if self.made is None:
            self.made = asyncio.ensure_future(asyncio.to_thread(self.look))
        return await self.made


@dataclass(slots=True)
class Attempt:
    """One attempt at an episode: its calls of models so far, and its seconds of waiting for a slot."""

    calls: list[ModelCall] = field(default_factory=list)
    waited: float = 0.0


class Threads(ThreadPoolExecutor):
    """A thread pool that knows its running calls: a hanging thread cannot be ended, except with its process."""

    def __init__(self) -> None:
        super().__init__(CPU_THREADS)
        self._open: set[Future[Any]] = set()

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """See `ThreadPoolExecutor`. Remembers the open futures."""
        future = super().submit(fn, *args, **kwargs)
        self._open.add(future)
        future.add_done_callback(self._open.discard)
        return future

    async def hang(self, grace_s: float) -> bool:
        """Whether a call that runs now is still running after some seconds."""
        at_work = [future for future in list(self._open) if future.running()]
        if not at_work:
            return False
        _, late = await asyncio.wait([asyncio.wrap_future(future) for future in at_work], timeout=grace_s)
        return bool(late)
