"""A ChartQA folder of several slices, with every kind of bad row, and planners of it."""

import json
from abc import abstractmethod
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from PIL import Image

from actors.ingest.planning import OverSlices, Planner, PlanSettings
from lensmill.agents.reader.settings import ReaderSettings
from lensmill.resolution import Ladder
from storage.builds.plan import Plan
from storage.files.store import Files
from storage.sources.chartqa import ChartQASettings, ChartQASource
from storage.sources.protocol import Source, SourceFailure, SourceItem

FINGERPRINT = "f" * 16
PICTURES = 200
"""Four slices."""


def a_folder(root: Path) -> Path:
    """Two questions for each picture; a missing picture, a damaged one, a broken row, and rows that repeat rows of the
    same slice and of an earlier slice."""
    png = root / "data" / "train" / "png"
    png.mkdir(parents=True)
    rows = []
    for number in range(PICTURES):
        name = f"{number}.png"
        if number != 70:
            Image.new("RGB", (320, 240), (number, 1, 2)).save(png / name)
        rows += [{"imgname": name, "query": f"Question {place}?", "label": str(place)} for place in range(2)]
    (png / "90.png").write_bytes((png / "90.png").read_bytes()[:60])
    (png / "150.png").write_bytes((png / "3.png").read_bytes())
    rows += [rows[300], {"imgname": "5.png", "query": "", "label": "1"}]
    (root / "data" / "train" / "train_human.json").write_text(json.dumps(rows))
    return root / "data"


class InterruptedOnce(ChartQASource):
    """Calls `interrupt` after row 200, in the first process that reads the row: the mark does not exist yet."""

    def __init__(self, path: Path, mark: Path) -> None:
        super().__init__(path)
        self.mark = mark

    @abstractmethod
    def interrupt(self) -> None:
        """Creates the mark, and does not return."""

    def read_slice(self, part: Any) -> Iterator[SourceItem | SourceFailure]:
        for item in super().read_slice(part):
            yield item
            if isinstance(item, SourceItem) and item.sample.origin.endswith(" 200") and not self.mark.exists():
                self.interrupt()


class SlicedPlanner(Planner):
    """Plans the folder; `source` in place of the one that the settings describe."""

    def __init__(
        self, root: Path, out: str, over_slices: OverSlices | None, limit: int | None, source: Source | None = None
    ) -> None:
        data, files = ChartQASettings(path=str(root / "data")), Files(str(root / out))
        settings = PlanSettings(files, FINGERPRINT, data, ReaderSettings(), None, Ladder((224, 448)), 16, limit)
        super().__init__(settings, over_slices)
        self._given = source

    def _source(self) -> Source:
        return self._given or super()._source()


def content(root: Path, out: str) -> list[Any]:
    """All that a plan says, in its order."""
    files = Files(str(root / out))
    plan = Plan(files, FINGERPRINT)
    chunks = [
        (name, plan.read_chunk(name).episodes, [*plan.read_chunk(name).samples.values()]) for name in plan.chunk_ids()
    ]
    states = [files.read(path) for path in files.list(f"builds/{FINGERPRINT}/source")]
    return [*chunks, [*plan.failures()], states]
