"""The episode store: what came of every planned episode, committed a chunk at a time."""

import uuid
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import pyarrow as pa

from lensmill.models.chat import ModelCall
from lensmill.trajectory import Trajectory
from storage.calls import CALL, call_of, call_row
from storage.commits import CommitLog
from storage.files import Files
from storage.plan import Chunk, Plan, PlannedEpisode
from storage.schema import TRAJECTORY, clean, from_parquet, to_parquet, trajectory_of, trajectory_row

EpisodeOutcome = Literal["done", "failed"]

EPISODES = pa.schema(
    [
        ("episode_id", pa.string()),
        ("sample_id", pa.string()),
        ("rung", pa.int32()),
        ("agent", pa.string()),
        ("seed", pa.int64()),
        ("outcome", pa.string()),
        ("trajectory", TRAJECTORY),
        (
            "failure",
            pa.struct(
                [
                    ("error_class", pa.string()),
                    ("message", pa.string()),
                    ("attempts", pa.int32()),
                    ("retry", pa.string()),
                ]
            ),
        ),
        ("seconds", pa.float64()),
        ("calls", pa.list_(CALL)),
    ]
)


@dataclass(frozen=True, slots=True)
class Failure:
    """Why an episode has no trajectory.

    Attributes:
        error_class: a stable name, by which failed episodes are retried.
        attempts: how many were made.
        retry: what is needed for another attempt to succeed.
    """

    error_class: str
    message: str
    attempts: int = 1
    retry: str = ""


@dataclass(frozen=True, slots=True)
class EpisodeRow:
    """One finished episode. `done` has a trajectory (right, wrong or abstained), `failed` has a failure.

    `seconds` is how long it took, `calls` are those of models behind it; both stay in the store and are never
    published.
    """

    planned: PlannedEpisode
    outcome: EpisodeOutcome
    trajectory: Trajectory | None = None
    failure: Failure | None = None
    seconds: float = 0.0
    calls: tuple[ModelCall, ...] = ()

    def __post_init__(self) -> None:
        done = self.outcome == "done"
        if (self.trajectory is not None) != done or (self.failure is None) != done:
            raise ValueError(
                f"episode {self.planned.episode_id} is {self.outcome!r}: done needs a trajectory and no failure, "
                "failed the other way round"
            )


class EpisodeStore:
    """Rows of one recipe's episodes. Any number of workers may commit and hand back at once."""

    def __init__(self, files: Files, fingerprint: str) -> None:
        self._files = files
        self._plan = Plan(files, fingerprint)
        self._log = CommitLog(files, f"builds/{fingerprint}/chunks", EPISODES)

    def commit(self, chunk_id: str, rows: Sequence[EpisodeRow]) -> bool:
        """Commit a finished chunk, whatever the order of `rows`; False if another attempt has done so before.

        Raises:
            ValueError: these are not exactly the chunk's episodes, each once.
            StoreError: the store cannot be written, or the plan has no such chunk.
        """
        ordered = in_plan_order(self._plan.read_chunk(chunk_id), rows)
        return self._log.commit(chunk_id, [_row(row) for row in ordered])

    def is_committed(self, chunk_id: str) -> bool:
        return self._log.is_committed(chunk_id)

    def committed(self) -> frozenset[str]:
        """Every committed chunk."""
        return self._log.committed()

    def rows(self, chunk_id: str) -> tuple[EpisodeRow, ...]:
        """A committed chunk's rows, in plan order.

        Raises:
            StoreError: the chunk is not committed, or its part is missing or damaged.
        """
        return tuple(_episode(row) for row in self._log.read(chunk_id))

    def hand_back(self, chunk_id: str, rows: Sequence[EpisodeRow]) -> None:
        """Keep rows of a chunk that an interruption leaves unfinished, for whoever takes it up again."""
        if rows:
            path = self._log.path(chunk_id, f"partial-{uuid.uuid4().hex}.parquet")
            self._files.create(path, to_parquet([_row(row) for row in rows], EPISODES))

    def handed_back(self, chunk_id: str) -> tuple[EpisodeRow, ...]:
        """Rows that were handed back, each episode once, in plan order; none once the chunk is committed.

        A file that cannot be read is left out: its episodes are simply made again.
        """
        partials = [
            path
            for path in self._files.list(self._log.folder(chunk_id))
            if path.rpartition("/")[2].startswith("partial-")
        ]
        if not partials or self.is_committed(chunk_id):
            return ()
        found: dict[str, EpisodeRow] = {}
        for path in partials:
            for row in self._partial(path):
                found.setdefault(row.planned.episode_id, row)
        episodes = self._plan.read_chunk(chunk_id).episodes
        return tuple(found[episode.episode_id] for episode in episodes if episode.episode_id in found)

    def mark(self, chunk_id: str, episode_id: str, run: str) -> None:
        """Note that a run of the job (by its id, letters and digits) is about to try an episode on its own."""
        self._files.create(self._log.path(chunk_id, f"try-{run}-{episode_id}-{uuid.uuid4().hex}"), b"")

    def marks(self, chunk_id: str, run: str) -> Counter[str]:
        """How often a run of the job marked each episode of a chunk. What another run left tells nothing: that run
        may have been ended itself."""
        names = (path.rpartition("/")[2] for path in self._files.list(self._log.folder(chunk_id)))
        return Counter(name.split("-")[2] for name in names if name.startswith(f"try-{run}-"))

    def tidy(self, chunk_id: str) -> None:
        """Remove what was handed back and marked in a chunk that is committed by now."""
        if self.is_committed(chunk_id):
            for path in self._files.list(self._log.folder(chunk_id)):
                if path.rpartition("/")[2].startswith(("partial-", "try-")):
                    self._files.remove(path)

    def _partial(self, path: str) -> Iterable[EpisodeRow]:
        try:
            return [_episode(row) for row in from_parquet(self._files.read(path))]
        except (pa.ArrowException, FileNotFoundError, OSError):
            return []


def in_plan_order(chunk: Chunk, rows: Iterable[EpisodeRow]) -> tuple[EpisodeRow, ...]:
    """A chunk's rows in the order of its episodes.

    Raises:
        ValueError: an episode is missing, is there twice, or is not of this chunk.
    """
    given: dict[str, EpisodeRow] = {}
    for row in rows:
        if given.setdefault(row.planned.episode_id, row) is not row:
            raise ValueError(f"chunk {chunk.chunk_id} was given episode {row.planned.episode_id} twice")
    ordered = tuple(given.pop(planned.episode_id, None) for planned in chunk.episodes)
    found = tuple(row for row in ordered if row is not None)
    if given or len(found) < len(ordered):
        raise ValueError(
            f"chunk {chunk.chunk_id} has {len(chunk.episodes)} episodes: {len(ordered) - len(found)} of them are "
            f"missing, and {len(given)} rows are of other chunks"
        )
    return found


def _row(row: EpisodeRow) -> dict[str, Any]:
    planned, failure = row.planned, row.failure
    return {
        "episode_id": planned.episode_id,
        "sample_id": planned.sample_id,
        "rung": planned.rung,
        "agent": planned.agent,
        "seed": planned.seed,
        "outcome": row.outcome,
        "trajectory": None if row.trajectory is None else trajectory_row(row.trajectory),
        "failure": None
        if failure is None
        else {
            "error_class": clean(failure.error_class),
            "message": clean(failure.message),
            "attempts": failure.attempts,
            "retry": clean(failure.retry),
        },
        "seconds": row.seconds,
        "calls": [call_row(call) for call in row.calls],
    }


def _episode(row: Mapping[str, Any]) -> EpisodeRow:
    return EpisodeRow(
        PlannedEpisode(row["episode_id"], row["sample_id"], row["rung"], row["agent"], row["seed"]),
        row["outcome"],
        None if row["trajectory"] is None else trajectory_of(row["trajectory"]),
        None if row["failure"] is None else Failure(**row["failure"]),
        row["seconds"],
        tuple(call_of(call) for call in row["calls"]),
    )
