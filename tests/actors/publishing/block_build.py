"""A judged build that is published in several blocks; as a program it publishes a build, to be killed meanwhile."""

import sys
from pathlib import Path

import storage.datasets.cutting
from actors.cluster.connection import ClusterSettings, connect
from actors.publishing.publishing import PublishSettings, prepare, publish_prepared
from lensmill.curation.settings import CurationSettings
from lensmill.verdict import Verdict
from storage.builds.episodes import EpisodeStore
from storage.builds.plan import Plan
from storage.builds.verdicts import VerdictRow, VerdictStore
from storage.files.store import Files
from tests.judged_build import CORRECT, build_of
from tests.storage.made import FINGERPRINT

JUDGE = "j" * 16
WRONG = Verdict("incorrect", "model")
SMALL_BLOCK = 2**18
"""So that a build of few small pictures has several blocks."""


def judged_build(root: Path, samples: int = 30) -> Files:
    """Every seventh episode failed, every fifth is judged incorrect."""
    files = Files(str(root))
    answers = [None if number % 7 == 6 else str(number) for number in range(samples)]
    plan = build_of(files, answers, chunk_size=4)
    judge(files, plan)
    return files


def judge(files: Files, plan: Plan) -> None:
    """Give every chunk that has none its verdicts."""
    episodes, verdicts = EpisodeStore(files, FINGERPRINT), VerdictStore(files, FINGERPRINT, JUDGE)
    for chunk_id in plan.chunk_ids():
        done = [row for row in episodes.rows(chunk_id) if row.trajectory is not None]
        given = [
            VerdictRow(row.planned.episode_id, WRONG if int(row.trajectory.answer or 0) % 5 == 0 else CORRECT)
            for row in done
            if row.trajectory is not None
        ]
        verdicts.commit(chunk_id, given)


def settings_of(files: Files, version: str = "v1", workers: int | None = None) -> PublishSettings:
    curation = CurationSettings(validation=0.2)
    chunk_ids = Plan(files, FINGERPRINT).chunk_ids()
    return PublishSettings(files, FINGERPRINT, JUDGE, chunk_ids, None, curation, version, "made", workers=workers)


def main() -> None:
    storage.datasets.cutting.SMALLEST = SMALL_BLOCK
    connect(ClusterSettings(workers=2))
    publish_prepared(prepare(settings_of(Files(sys.argv[1]))))


if __name__ == "__main__":
    main()
