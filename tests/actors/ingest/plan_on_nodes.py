"""A driver that plans the folder of `sliced_folder` on a cluster.

python -m tests.actors.ingest.plan_on_nodes ROOT ADDRESS
"""

import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from threading import Event
from typing import Any

from actors.cluster.connection import ClusterSettings, connect, this_node
from actors.cluster.tasks import in_order
from storage.sources.chartqa import ChartQASource
from storage.sources.protocol import SourceFailure, SourceItem
from tests.actors.ingest.sliced_folder import SlicedPlanner


class HangsOnce(ChartQASource):
    """The process that reads row 200 first writes down its node, and reads no further."""

    def __init__(self, path: Path, mark: Path) -> None:
        super().__init__(path)
        self._mark = mark

    def read_slice(self, part: Any) -> Iterator[SourceItem | SourceFailure]:
        for item in super().read_slice(part):
            yield item
            if isinstance(item, SourceItem) and item.sample.origin.endswith(" 200") and not self._mark.exists():
                self._mark.write_text(this_node())
                Event().wait()


def main(root: Path, address: str) -> None:
    connect(ClusterSettings(address))
    source = HangsOnce(root / "data", root / "mark")
    SlicedPlanner(root, "out", partial(in_order, workers=2), None, source).plan()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
