"""Where two judges disagree: one row an episode, as Parquet and as JSON Lines."""

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

import pyarrow as pa

from lensmill.sample import Sample
from lensmill.verdict import Verdict
from storage.builds.episodes import EpisodeRow
from storage.builds.schema import clean, to_json
from storage.builds.verdicts import VERDICT, verdict_row
from storage.files.store import STAGING, Files
from storage.files.table import TableWriter

DISAGREEMENTS = pa.schema(
    [
        ("episode_id", pa.string()),
        ("sample_id", pa.string()),
        ("rung", pa.int32()),
        ("question", pa.string()),
        ("references", pa.list_(pa.string())),
        ("choices", pa.list_(pa.string())),
        ("answer", pa.string()),
        ("first", VERDICT),
        ("second", VERDICT),
    ]
)

ROW_GROUP = 1000


@dataclass(frozen=True, slots=True)
class Disagreement:
    """An episode, and the verdicts of two judges on its answer."""

    episode: EpisodeRow
    sample: Sample
    first: Verdict
    second: Verdict

    @property
    def answer(self) -> str | None:
        """The answer; None if the agent gave none."""
        return None if self.episode.trajectory is None else self.episode.trajectory.answer

    def row(self) -> Mapping[str, Any]:
        """The row, as DISAGREEMENTS has it."""
        answer, sample = self.answer, self.sample
        return {
            "episode_id": self.episode.planned.episode_id,
            "sample_id": sample.sample_id,
            "rung": self.episode.planned.rung,
            "question": clean(sample.question),
            "references": [clean(reference) for reference in sample.answers],
            "choices": [clean(choice) for choice in sample.choices],
            "answer": None if answer is None else clean(answer),
            "first": verdict_row(self.first),
            "second": verdict_row(self.second),
        }


def write_disagreements(files: Files, folder: str, rows: Iterable[Disagreement]) -> tuple[str, str]:
    """Write both files, streaming; returns their paths, Parquet first. The files are named by their content: the same
    verdicts give the same files, other verdicts give other files.

    Raises:
        StoreError: they cannot be written. Nothing is left.
    """
    staging = f"{STAGING}/{uuid.uuid4().hex}"
    try:
        table = TableWriter(files, f"{staging}/rows.parquet", DISAGREEMENTS)
        try:
            with files.open(f"{staging}/rows.jsonl", "wb") as lines:
                stream = iter(rows)
                while group := [row.row() for row in islice(stream, ROW_GROUP)]:
                    table.write(group)
                    lines.writelines(to_json(row).encode() + b"\n" for row in group)
        except BaseException:
            table.abandon()
            raise
        name = f"{folder}/{table.close().sha256[:12]}"
        files.place(f"{staging}/rows.jsonl", f"{name}.jsonl")
        files.place(f"{staging}/rows.parquet", f"{name}.parquet")
    finally:
        files.remove_folder(staging)
    return f"{name}.parquet", f"{name}.jsonl"
