"""The tables of a dataset version while they are written, and the counts for its card."""

from collections.abc import Iterable

from storage.builds.images import ImageStore
from storage.datasets.card import CardFacts
from storage.datasets.rows import (
    FAILURES,
    ORIGINALS,
    REJECTED,
    TRAIN,
    AcceptedEpisode,
    DatasetRow,
    FailedEpisode,
    RejectedEpisode,
    failure_row,
    image_value,
    rejected_row,
    train_row,
)
from storage.datasets.shards import ShardedTable, ShardSizes
from storage.files.store import Files
from storage.files.table import FileRecord
from storage.sources.protocol import SourceFailure


class VersionWriter:
    """Sends each row to its table, and counts for the card.

    Args:
        staging: folder for the files until all are written.
        facts: of the card, with what the version is made from; `write` completes them.
    """

    def __init__(self, files: Files, staging: str, facts: CardFacts, sizes: ShardSizes) -> None:
        self._images = ImageStore(files)
        self._facts = facts
        self._train = ShardedTable(files, staging, "data/train", TRAIN, sizes)
        self._rejected = ShardedTable(files, staging, "rejected/train", REJECTED, sizes)
        self._failures = ShardedTable(files, staging, "failures/train", FAILURES, sizes)
        self._originals = ShardedTable(files, staging, "originals/train", ORIGINALS, sizes)
        self._tables = {
            "train": self._train,
            "rejected": self._rejected,
            "failures": self._failures,
            "originals": self._originals,
        }
        self._stored: set[str] = set()

    def write(self, rows: Iterable[DatasetRow]) -> list[tuple[FileRecord, str]]:
        """Write every table; the staged files, each with its path in the version."""
        try:
            for row in rows:
                self._add(row)
            placed = {name: table.finish() for name, table in self._tables.items()}
        except BaseException:
            for table in self._tables.values():
                table.abandon()
            raise
        self._facts.rows = self.counts()
        self._facts.shards = {name: [path for _, path in files] for name, files in placed.items()}
        return [entry for files in placed.values() for entry in files]

    def counts(self) -> dict[str, int]:
        """Rows so far, by table."""
        return {name: table.rows for name, table in self._tables.items()}

    def _add(self, row: DatasetRow) -> None:
        recipe, judge = self._facts.recipe, self._facts.judge
        match row:
            case AcceptedEpisode():
                value = train_row(row, recipe, judge, self._images.get)
                self._train.add(value, sum(len(image["bytes"]) for image in value["images"]))
                self._add_original(row.sample.image_id)
                self._facts.accept(row)
            case RejectedEpisode():
                self._rejected.add(rejected_row(row, recipe, judge))
                self._facts.reject(row)
            case FailedEpisode() | SourceFailure():
                self._failures.add(failure_row(row))
                self._facts.fail(row)

    def _add_original(self, image_id: str) -> None:
        if image_id not in self._stored:
            self._stored.add(image_id)
            data = self._images.get(image_id)
            self._originals.add({"image_id": image_id, "image": image_value(image_id, data)}, len(data))
