"""Verdicts of one judge, named by its fingerprint, on every episode of a chunk; committed like episodes.

A verdict may be that the judge failed (`judge_error`). A chunk is committed with such verdicts too, so a judge that is
down for one answer holds up nothing. A later run asks again, and the new verdicts become a layer over the commit (see
`storage.builds.commits`). The first verdicts of episodes that failed at first and are done now are in layers too. A
layer holds nothing else, so a given verdict never changes. Rejected: withholding such chunks, since one answer that a
model can never judge would keep the whole build from being published.

Each commit and layer notes the number of judged layers of episodes, so that publishing reads these layers and no newer
ones.
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
    """Verdicts of one recipe's episodes by one judge; the verdicts of another judge lie beside them."""

    def __init__(self, files: Files, fingerprint: str, judge_fingerprint: str) -> None:
        self._log = CommitLog(files, f"builds/{fingerprint}/verdicts/{judge_fingerprint}", VERDICTS)

    def commit(self, chunk_id: str, rows: Sequence[VerdictRow], episode_layers: int = 0) -> bool:
        """Commit a chunk's verdicts. Return False if they were committed before.

        Args:
            episode_layers: number of judged layers of the chunk's episodes.

        Raises:
            ValueError: an episode occurs twice.
            StoreError: the store cannot be written.
        """
        if len({row.episode_id for row in rows}) < len(rows):
            raise ValueError(f"chunk {chunk_id} was given two verdicts of one episode")
        return self._log.commit(
            chunk_id, [_row(row) for row in rows], failed=_failed_of(rows), episode_layers=episode_layers
        )

    def retry(self, chunk_id: str, rows: Iterable[VerdictRow], episode_layers: int = 0) -> bool:
        """Commit new verdicts: of a judge that was asked again, or of episodes that are done now. Return False if there
        was nothing new, or if another run was first.

        Args:
            rows: of any of the chunk's episodes. Only first verdicts, and verdicts in place of a judge_error, count.
            episode_layers: number of judged layers of the chunk's episodes.

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
        """Every chunk with committed verdicts, and the number of layers over them."""
        return self._log.committed()

    def is_committed(self, chunk_id: str) -> bool:
        """Whether the verdicts of a chunk are committed."""
        return self._log.is_committed(chunk_id)

    def layers(self, chunk_id: str) -> int:
        """The number of layers over a chunk's verdicts."""
        return self._log.layers(chunk_id)

    def judged_layers(self, chunk_id: str, layers: int) -> int:
        """The number of layers of a chunk's episodes that were judged when the verdicts had this many layers."""
        return int(self._log.record(chunk_id, layers)["episode_layers"])

    def failed(self, committed: Mapping[str, int]) -> Iterator[tuple[str, Counter[str]]]:
        """The number of judge_errors of each chunk, with this many layers over its verdicts, by rule."""
        return self._log.failed(committed)

    def rows(self, chunk_id: str, layers: int | None = None) -> tuple[VerdictRow, ...]:
        """A committed chunk's verdicts, in the order committed.

        Args:
            layers: number of layers to read; None reads all.

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
    """The number of judge_errors, by rule as the store has it."""
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
