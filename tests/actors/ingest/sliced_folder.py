"""A ChartQA folder of several slices, with every kind of bad row, and planners of it."""

import json
from pathlib import Path
from typing import Any

from PIL import Image

from actors.ingest.planning import OverSlices, Planner, PlanSettings
from lensmill.agents.reader.settings import ReaderSettings
from lensmill.resolution import Ladder
from storage.builds.plan import Plan
from storage.files.store import Files
from storage.sources.chartqa import ChartQASettings
from storage.sources.protocol import Source

FINGERPRINT = "f" * 16
PICTURES = 200
"""Four slices."""


def a_folder(root: Path) -> Path:
    """Two questions a picture; a picture that is missing, a damaged one, a broken row, and rows that repeat others, in
    their own slice and in an earlier one."""
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
