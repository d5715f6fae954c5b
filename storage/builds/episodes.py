"""The episode store: the result of every planned episode, committed a chunk at a time.

Failed episodes may be tried again. The new results are a layer over the chunk's commit (see `storage.builds.commits`).
A layer holds only episodes that had failed until then, so a done episode never changes.
"""

import uuid
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from typing import Any, Literal

import pyarrow as pa

from lensmill.models.chat import ModelCall
from lensmill.trajectory import Trajectory
from storage.builds.calls import CALL, call_of, call_row
from storage.builds.commits import CommitLog
from storage.builds.plan import Chunk, Plan, PlannedEpisode
from storage.builds.schema import TRAJECTORY, clean, from_parquet, to_parquet, trajectory_of, trajectory_row
from storage.files.store import Files

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
        attempts: number of attempts.
        retry: what another attempt needs to succeed.
    """

    error_class: str
    message: str
    attempts: int = 1
    retry: str = ""


@dataclass(frozen=True, slots=True)
class EpisodeRow:
    """One finished episode. `done` has a trajectory (right, wrong or abstained), `failed` has a failure.

    `seconds` is the episode's time, `calls` are its model calls. Both stay in the store and are never published.
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

    def supersedes(self, old: "EpisodeRow") -> bool:
        """Whether this row replaces a committed row of the same episode. Only a failed row is replaced, by a done row
        or by a row with more attempts."""
        if old.failure is None:
            return False
        return self.failure is None or self.failure.attempts > old.failure.attempts

    def after(self, attempts: int) -> "EpisodeRow":
        """The same row, for an episode that was tried this often before."""
        if self.failure is None or not attempts:
            return self
        return replace(self, failure=replace(self.failure, attempts=attempts + self.failure.attempts))


class EpisodeStore:
    """Rows of one recipe's episodes. Any number of workers may commit and hand back at once."""

    def __init__(self, files: Files, fingerprint: str) -> None:
        self._files = files
        self._plan = Plan(files, fingerprint)
        self._folder = f"builds/{fingerprint}/episodes"
        self._log = CommitLog(files, self._folder, EPISODES)

    def commit(self, chunk_id: str, rows: Sequence[EpisodeRow]) -> bool:
        """Commit a finished chunk, in any order of `rows`. Return False if another attempt has committed the chunk
        before.

        Raises:
            ValueError: these are not exactly the chunk's episodes, each once.
            StoreError: the store cannot be written, or the plan has no such chunk.
        """
        ordered = in_plan_order(self._plan.read_chunk(chunk_id), rows)
        return self._log.commit(chunk_id, [_row(row) for row in ordered], failed=_failed_of(ordered))

    def retry(self, chunk_id: str, rows: Iterable[EpisodeRow]) -> frozenset[str]:
        """Commit the results of trying failed episodes of a chunk again, as a layer over the chunk.

        Returns:
            The ids of the episodes whose row in `rows` counts now: the store has them as failed, and here they are
            done or were tried more often.

        Raises:
            StoreError: the chunk is not committed, or the store cannot be written.
        """
        given = {row.planned.episode_id: row for row in rows}
        while True:
            layers = self._log.layers(chunk_id)
            pairs = [(given.get(old.planned.episode_id), old) for old in self.rows(chunk_id, layers)]
            ours = [(new, old.failure) for new, old in pairs if new is not None and new.supersedes(old)]
            if not ours:
                return frozenset()
            layer = [new for new, _ in ours]
            retried = Counter(clean(failure.error_class) for _, failure in ours if failure is not None)
            if self._log.commit(chunk_id, [_row(row) for row in layer], layers + 1, _failed_of(layer), retried):
                return frozenset(row.planned.episode_id for row in layer)

    def is_committed(self, chunk_id: str) -> bool:
        """Whether a chunk is committed."""
        return self._log.is_committed(chunk_id)

    def committed(self) -> dict[str, int]:
        """Every committed chunk, with the number of layers over it."""
        return self._log.committed()

    def committed_of(self, chunk_ids: Collection[str]) -> Set[str]:
        """The committed ones of these chunks."""
        return self._log.committed_of(chunk_ids)

    def layers(self, chunk_id: str) -> int:
        """The number of layers over a committed chunk."""
        return self._log.layers(chunk_id)

    def failed(self, committed: Mapping[str, int]) -> Iterator[tuple[str, Counter[str]]]:
        """The number of episodes of each chunk that are failed now, by error class, with this many layers over the
        chunk. A class has 0 if all its episodes were mended. Reads no rows."""
        return self._log.failed(committed)

    def done(self, chunk_id: str, layers: int) -> int:
        """The number of done episodes of a committed chunk, with this many layers over it. Reads no rows."""
        records = [self._log.record(chunk_id, layer) for layer in range(layers + 1)]
        return sum(record["rows"] - sum(record["failed"].values()) for record in records)

    def rows(self, chunk_id: str, layers: int | None = None) -> tuple[EpisodeRow, ...]:
        """A committed chunk's rows, in plan order.

        Args:
            layers: number of layers to read; None reads all.

        Raises:
            StoreError: the chunk is not committed, or a part is missing or damaged.
        """
        rows = {row["episode_id"]: row for row in self._log.read(chunk_id)}
        for layer in range(self._log.layers(chunk_id) if layers is None else layers):
            rows |= {row["episode_id"]: row for row in self._log.read(chunk_id, layer + 1)}
        return tuple(map(_episode, rows.values()))

    def to_retry(self, chunk_id: str, layers: int, classes: Set[str]) -> dict[str, int]:
        """Episodes of a chunk to try again, each with its number of attempts: they had failed of one of these classes
        with this many layers over the chunk, and no run has tried them since."""
        then = {row.planned.episode_id: row.failure for row in self.rows(chunk_id, layers)}
        now = self.rows(chunk_id) if self._log.is_committed(chunk_id, layers + 1) else None
        still = then if now is None else {row.planned.episode_id: row.failure for row in now}
        return {
            episode_id: failure.attempts
            for episode_id, failure in then.items()
            if failure is not None and failure.error_class in classes and still[episode_id] == failure
        }

    def hand_back(self, chunk_id: str, rows: Sequence[EpisodeRow]) -> None:
        """Keep rows of a chunk that an interruption leaves unfinished, for the next worker that takes the chunk."""
        if rows:
            path = f"{self._open_folder(chunk_id)}/partial-{uuid.uuid4().hex}.parquet"
            self._files.create(path, to_parquet([_row(row) for row in rows], EPISODES))

    def handed_back(self, chunk_id: str) -> tuple[EpisodeRow, ...]:
        """Rows that were handed back, each episode once, in plan order. If the chunk is committed, only rows of failed
        episodes that were tried again.

        A file that cannot be read is left out: its episodes are made again.
        """
        partials = [path for path in self._opened(chunk_id) if path.rpartition("/")[2].startswith("partial-")]
        if not partials:
            return ()
        found: dict[str, EpisodeRow] = {}
        for path in partials:
            for row in self._partial(path):
                found.setdefault(row.planned.episode_id, row)
        if self.is_committed(chunk_id):
            pairs = ((found.get(old.planned.episode_id), old) for old in self.rows(chunk_id))
            return tuple(new for new, old in pairs if new is not None and new.supersedes(old))
        episodes = self._plan.read_chunk(chunk_id).episodes
        return tuple(found[episode.episode_id] for episode in episodes if episode.episode_id in found)

    def mark(self, chunk_id: str, episode_id: str, run: str) -> None:
        """Note that a run of the job (by its id, letters and digits) is about to try an episode on its own."""
        self._files.create(f"{self._open_folder(chunk_id)}/try-{run}-{episode_id}-{uuid.uuid4().hex}", b"")

    def marks(self, chunk_id: str, run: str) -> Counter[str]:
        """How often a run of the job marked each episode of a chunk. Marks of another run say nothing: that run may
        have been ended itself."""
        names = (path.rpartition("/")[2] for path in self._opened(chunk_id))
        return Counter(name.split("-")[2] for name in names if name.startswith(f"try-{run}-"))

    def tidy(self, chunk_id: str) -> None:
        """Remove handed-back rows and marks of a committed chunk."""
        if self.is_committed(chunk_id):
            for path in self._opened(chunk_id):
                self._files.remove(path)

    def orphans(self) -> Iterator[str]:
        """Files that no reader needs any more, unless an attempt is still at work: parts that no commit names, and
        handed-back rows and marks of committed chunks. Remove only old ones."""
        opened = self._files.list(f"{self._folder}/open")
        committed = self._log.committed()
        yield from (path for path in opened if path.split("/")[-2] in committed)
        yield from self._log.orphans()

    def _open_folder(self, chunk_id: str) -> str:
        return f"{self._folder}/open/{chunk_id}"

    def _opened(self, chunk_id: str) -> list[str]:
        return self._files.list(self._open_folder(chunk_id))

    def _partial(self, path: str) -> Iterable[EpisodeRow]:
        try:
            return [_episode(row) for row in from_parquet(self._files.read(path))]
        except (pa.ArrowException, OSError, KeyError):
            return []


def _failed_of(rows: Iterable[EpisodeRow]) -> Counter[str]:
    """The number of failed rows, by error class as the store has it."""
    return Counter(clean(row.failure.error_class) for row in rows if row.failure is not None)


def in_plan_order(chunk: Chunk, rows: Iterable[EpisodeRow]) -> tuple[EpisodeRow, ...]:
    """A chunk's rows in the order of its episodes.

    Raises:
        ValueError: an episode is missing, occurs twice, or is not of this chunk.
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
