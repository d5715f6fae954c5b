"""Verdicts: what one judge, by its fingerprint, said of every episode of a chunk; the same commits as episodes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from lensmill.verdict import Verdict
from storage.commits import CommitLog
from storage.files import Files
from storage.schema import clean

VERDICT = pa.struct([("outcome", pa.string()), ("rule", pa.string()), ("score", pa.float64()), ("reason", pa.string())])
VERDICTS = pa.schema([("episode_id", pa.string()), ("verdict", VERDICT)])


@dataclass(frozen=True, slots=True)
class VerdictRow:
    """One episode's verdict."""

    episode_id: str
    verdict: Verdict


class VerdictStore:
    """Verdicts of one recipe's episodes by one judge; another judge's lie beside them."""

    def __init__(self, files: Files, fingerprint: str, judge_fingerprint: str) -> None:
        self._log = CommitLog(files, f"builds/{fingerprint}/verdicts/{judge_fingerprint}", VERDICTS)

    def commit(self, chunk_id: str, rows: Sequence[VerdictRow]) -> bool:
        """Commit a chunk's verdicts; False if they were committed before.

        Raises:
            ValueError: an episode is there twice.
            StoreError: the store cannot be written.
        """
        if len({row.episode_id for row in rows}) < len(rows):
            raise ValueError(f"chunk {chunk_id} was given two verdicts of one episode")
        return self._log.commit(
            chunk_id, [{"episode_id": row.episode_id, "verdict": verdict_row(row.verdict)} for row in rows]
        )

    def committed(self) -> frozenset[str]:
        """Every chunk whose verdicts are committed."""
        return self._log.committed()

    def rows(self, chunk_id: str) -> tuple[VerdictRow, ...]:
        """A committed chunk's verdicts, as committed.

        Raises:
            StoreError: the chunk is not committed, or its part is missing or damaged.
        """
        return tuple(VerdictRow(row["episode_id"], Verdict(**row["verdict"])) for row in self._log.read(chunk_id))


def verdict_row(verdict: Verdict) -> Mapping[str, Any]:
    return {
        "outcome": verdict.outcome,
        "rule": clean(verdict.rule),
        "score": verdict.score,
        "reason": clean(verdict.reason),
    }
