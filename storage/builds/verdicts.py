"""Verdicts: what one judge, by its fingerprint, said of every episode of a chunk; the same commits as episodes.

A verdict may be that the judge failed (`judge_error`). A chunk is committed with such verdicts all the same, so that a
judge that is down for one answer holds up nothing, and a later run asks again. What it learns becomes a layer over the
commit (see `storage.builds.commits`); so do the first verdicts of episodes that failed at first and are done by now. A
layer holds nothing else, so a verdict that was given never changes. Rejected: withholding such chunks, since one answer
that a model can never judge would keep the whole build from being published.

Each commit and layer notes how many layers of episodes it has judged, so that whoever publishes takes in those and no
newer ones.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from lensmill.template_tokens import neutral
from lensmill.verdict import Verdict
from storage.builds.commits import CommitLog
from storage.builds.schema import clean
from storage.files.store import Files

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
        self._log = CommitLog(files, f"builds/{fingerprint}/verdicts/{judge_fingerprint}", VERDICTS)

    def commit(self, chunk_id: str, rows: Sequence[VerdictRow], episode_layers: int = 0) -> bool:
        """Commit a chunk's verdicts; False if they were committed before.

        Args:
            episode_layers: how many layers of the chunk's episodes were judged.

        Raises:
            ValueError: an episode is there twice.
            StoreError: the store cannot be written.
        """
        if len({row.episode_id for row in rows}) < len(rows):
            raise ValueError(f"chunk {chunk_id} was given two verdicts of one episode")
        return self._log.commit(
            chunk_id, [_row(row) for row in rows], failed=_failed_of(rows), episode_layers=episode_layers
        )

    def retry(self, chunk_id: str, rows: Iterable[VerdictRow], episode_layers: int = 0) -> bool:
        """Commit what a judge said when it was asked again, or of episodes that are done by now; False if there was
        nothing new, or another run was first.

        Args:
            rows: of any of the chunk's episodes; only first verdicts, and those that were judge_errors and no longer
                are, count.
            episode_layers: how many layers of the chunk's episodes were judged.

        Raises:
            StoreError: the chunk's verdicts are not committed, or the store cannot be written.
        """
        given = {row.episode_id: row for row in rows}
        while True:
            number = self._log.layers(chunk_id)
            old = {row.episode_id: row for row in self.rows(chunk_id, number)}
            new = [row for row in given.values() if _is_news(row, old.get(row.episode_id))]
            judged = self.judged_layers(chunk_id, number)
            if not new and judged >= episode_layers:
                return False
            settled = _failed_of(old[row.episode_id] for row in new if row.episode_id in old)
            layer = [_row(row) for row in new]
            latest = max(judged, episode_layers)
            if self._log.commit(chunk_id, layer, number + 1, _failed_of(new), settled, episode_layers=latest):
                return True

    def committed(self) -> dict[str, int]:
        """Every chunk whose verdicts are committed, with how many layers lie over them."""
        return self._log.committed()

    def is_committed(self, chunk_id: str) -> bool:
        """Whether the verdicts of a chunk are committed."""
        return self._log.is_committed(chunk_id)

    def layers(self, chunk_id: str) -> int:
        """How many layers lie over a chunk's verdicts."""
        return self._log.layers(chunk_id)

    def judged_layers(self, chunk_id: str, layers: int) -> int:
        """How many layers of a chunk's episodes were judged when so many layers lay over its verdicts."""
        return int(self._log.record(chunk_id, layers)["episode_layers"])

    def failed(self, committed: Mapping[str, int]) -> Iterator[tuple[str, Counter[str]]]:
        """How many verdicts of each chunk, with so many layers over it, are judge_errors, by their rule."""
        return self._log.failed(committed)

    def rows(self, chunk_id: str, layers: int | None = None) -> tuple[VerdictRow, ...]:
        """A committed chunk's verdicts, in the order committed.

        Args:
            layers: how many to take in; None takes all that there are.

        Raises:
            StoreError: the chunk is not committed, or a part is missing or damaged.
        """
        rows = {row["episode_id"]: _verdict_row(row) for row in self._log.read(chunk_id)}
        for layer in range(self._log.layers(chunk_id) if layers is None else layers):
            rows |= {row["episode_id"]: _verdict_row(row) for row in self._log.read(chunk_id, layer + 1)}
        return tuple(rows.values())

    def orphans(self) -> Iterator[str]:
        """Parts that no commit names; see `CommitLog.orphans`."""
        return self._log.orphans()


def _is_news(row: VerdictRow, old: VerdictRow | None) -> bool:
    return old is None or (old.failed and not row.failed)


def _failed_of(rows: Iterable[VerdictRow]) -> Counter[str]:
    """How many verdicts are judge_errors, by their rule as the store has it."""
    return Counter(clean(row.verdict.rule) for row in rows if row.failed)


def verdict_row(verdict: Verdict) -> Mapping[str, Any]:
    """A verdict as a VERDICT value, without the second opinion."""
    return {
        "outcome": verdict.outcome,
        "rule": clean(verdict.rule),
        "score": verdict.score,
        "reason": neutral(clean(verdict.reason)),  # a judge's words, which may quote anything
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
