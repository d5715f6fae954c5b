"""A driver that plans the folder of `sliced_folder` on a cluster.

python -m tests.actors.ingest.plan_on_nodes ROOT ADDRESS
"""

import sys
from functools import partial
from pathlib import Path
from threading import Event

from actors.cluster.connection import ClusterSettings, connect, this_node
from actors.cluster.tasks import in_order
from tests.actors.ingest.sliced_folder import InterruptedOnce, SlicedPlanner


class HangsOnce(InterruptedOnce):
    """The process that reads row 200 first writes down its node, and reads no further."""

    def interrupt(self) -> None:
        self.mark.write_text(this_node())
        Event().wait()


def main(root: Path, address: str) -> None:
    connect(ClusterSettings(address))
    source = HangsOnce(root / "data", root / "mark")
    SlicedPlanner(root, "out", partial(in_order, workers=2), None, source).plan()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
