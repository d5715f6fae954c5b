"""Verdicts: what one judge, by its fingerprint, said of every episode of a chunk; the same commits as episodes.

A verdict may be that the judge failed (`judge_error`). A chunk is committed with such verdicts all the same, so that a
judge that is down for one answer holds up nothing, and a later run asks again. What it learns becomes a numbered layer
beside the commit, itself a commit: layer n is created conditionally, so of runs that ask at once one is kept, and
readers lay the layers over the first verdicts. A layer holds nothing but answers to judge_errors, so a verdict that
was given never changes. Rejected: withholding such chunks, since one answer that a model can never judge would keep
the whole build from being published.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from lensmill.verdict import Verdict
from storage.commits import COMMIT, CommitLog
from storage.files import Files
from storage.schema import clean

VERDICT = pa.struct([("outcome", pa.string()), ("rule", pa.string()), ("score", pa.float64()), ("reason", pa.string())])
VERDICTS = pa.schema([("episode_id", pa.string()), ("verdict", VERDICT), ("second", VERDICT)])


@dataclass(frozen=True, slots=True)
class VerdictRow:
    """One episode's verdict."""

    episode_id: str
    verdict: Verdict

    @property
    def failed(self) -> bool:
        """Whether the judge failed, and can be asked again."""
        return self.verdict.outcome == "judge_error"


class VerdictStore:
    """Verdicts of one recipe's episodes by one judge; another judge's lie beside them."""

    def __init__(self, files: Files, fingerprint: str, judge_fingerprint: str) -> None:
        self._files = files
        self._log = CommitLog(files, f"builds/{fingerprint}/verdicts/{judge_fingerprint}", VERDICTS)
        self._retried = f"builds/{fingerprint}/retries/{judge_fingerprint}"

    def commit(self, chunk_id: str, rows: Sequence[VerdictRow]) -> bool:
        """Commit a chunk's verdicts; False if they were committed before.

        Raises:
            ValueError: an episode is there twice.
            StoreError: the store cannot be written.
        """
        if len({row.episode_id for row in rows}) < len(rows):
            raise ValueError(f"chunk {chunk_id} was given two verdicts of one episode")
        return self._log.commit(chunk_id, [_row(row) for row in rows])

    def retry(self, chunk_id: str, rows: Iterable[VerdictRow]) -> bool:
        """Commit what a judge said when it was asked again; False if there was nothing new, or another run was first.

        Args:
            rows: of any of the chunk's episodes; only those that were judge_errors and no longer are count.

        Raises:
            StoreError: the chunk's verdicts are not committed, or the store cannot be written.
        """
        number = len(self._layers(chunk_id).committed())
        failed = {row.episode_id for row in self.rows(chunk_id, number) if row.failed}
        settled = {row.episode_id: row for row in rows if row.episode_id in failed and not row.failed}
        layer = [_row(row) for row in settled.values()]
        return bool(layer) and self._layers(chunk_id).commit(f"{number + 1:06d}", layer)

    def retries(self) -> Mapping[str, int]:
        """How many layers each chunk has beside its commit; chunks without any are left out."""
        commits = [path.split("/") for path in self._files.list(self._retried) if path.endswith("/" + COMMIT)]
        return Counter(parts[-3] for parts in commits)

    def committed(self) -> frozenset[str]:
        """Every chunk whose verdicts are committed."""
        return self._log.committed()

    def is_committed(self, chunk_id: str) -> bool:
        return self._log.is_committed(chunk_id)

    def rows(self, chunk_id: str, retries: int | None = None) -> tuple[VerdictRow, ...]:
        """A committed chunk's verdicts, in the order committed.

        Args:
            retries: how many layers to take in; None takes all that there are.

        Raises:
            StoreError: the chunk is not committed, or a part is missing or damaged.
        """
        rows = {row["episode_id"]: _verdict_row(row) for row in self._log.read(chunk_id)}
        layers = self._layers(chunk_id)
        for number in range(len(layers.committed()) if retries is None else retries):
            rows |= {row["episode_id"]: _verdict_row(row) for row in layers.read(f"{number + 1:06d}")}
        return tuple(rows.values())

    def _layers(self, chunk_id: str) -> CommitLog:
        return CommitLog(self._files, f"{self._retried}/{chunk_id}", VERDICTS)


def verdict_row(verdict: Verdict) -> Mapping[str, Any]:
    """A verdict as a VERDICT value, without the second opinion."""
    return {
        "outcome": verdict.outcome,
        "rule": clean(verdict.rule),
        "score": verdict.score,
        "reason": clean(verdict.reason),
    }


def _row(row: VerdictRow) -> dict[str, Any]:
    second = row.verdict.second
    return {
        "episode_id": row.episode_id,
        "verdict": verdict_row(row.verdict),
        "second": None if second is None else verdict_row(second),
    }


def _verdict_row(row: Mapping[str, Any]) -> VerdictRow:
    second = row.get("second")  # builds from before there were second opinions have no such column
    verdict = Verdict(**row["verdict"], second=None if second is None else Verdict(**second))
    return VerdictRow(row["episode_id"], verdict)
