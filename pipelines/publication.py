"""The end of a job: a dataset version, the closing table, and where to look."""

import sys
from collections.abc import Callable

from actors.cluster import fetch
from actors.publishing import PublishSettings, remote_publish
from actors.rollout import RETRYABLE
from monitoring.progress import ProgressDisplay, size_text
from monitoring.report import print_tallies
from pipelines.exit_status import ExitStatus


def publish_and_tell(settings: PublishSettings, display: ProgressDisplay, stopping: Callable[[], bool]) -> int:
    """Publish beside the driver, then print what became of the episodes; returns the exit status: FAILED if all failed.

    Raises:
        Stopped: asked to stop meanwhile.
        StoreError: see `storage.dataset.publish`.
    """
    display.begin("publishing", 0)
    published, tally = fetch(remote_publish.remote(settings), stopping)
    display.close()
    print_tallies(tally.rungs, sys.stdout)
    for name, (count, first) in sorted(tally.failures.items(), key=lambda item: -item[1][0])[:5]:
        print(f"{count} failed of {name}, the first: {first}")
    if again := sorted(RETRYABLE & tally.failures.keys()):
        value = again[0] if len(again) == 1 else f"[{','.join(again)}]"
        print(f"what may end otherwise now is made again by pipelines.build with retry={value}")
    print(f"\n{published.rows} accepted trajectories ({size_text(published.size)}) in {published.path}")
    if published.rows and "://" in published.path:  # datasets opens single files of a bucket, not a folder
        print(f'look at them: datasets.load_dataset("parquet", data_files="{published.path}/data/*.parquet")')
    elif published.rows:
        print(f'look at them: datasets.load_dataset("{published.path}")')
    else:
        tables = {"rejected": published.rejected, "failures": published.failures}
        print(f"why: {' and '.join(f'{published.path}/{name}' for name, rows in tables.items() if rows)}")
    return ExitStatus.FAILED if tally.all_failed else ExitStatus.DONE
