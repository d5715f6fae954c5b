"""The end of a job: a dataset version, the closing table, and where to look."""

import sys
from collections.abc import Callable, Iterator, Mapping

from actors.cluster import fetch
from actors.publishing import PublishSettings, remote_publish
from actors.rollout import RETRYABLE
from monitoring.progress import ProgressDisplay, count_text, size_text
from monitoring.report import BuildTally, RungTally, print_tallies
from pipelines.exit_status import ExitStatus
from storage.scope import Scope


def publish_and_tell(settings: PublishSettings, display: ProgressDisplay, stopping: Callable[[], bool]) -> int:
    """Publish beside the driver, then print what became of the episodes; returns the exit status: FAILED where not one
    was accepted.

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
    tell_unknown(display, "ids", tally.unknown, "no row of this version")
    for line in nothing_accepted(tally):
        display.say(line, level="error", **_numbers(tally))
        return ExitStatus.FAILED
    return ExitStatus.DONE


def _total(tally: BuildTally) -> RungTally:
    total = RungTally()
    for rung in tally.rungs.values():
        total.add(rung)
    return total


def _numbers(tally: BuildTally) -> Mapping[str, int]:
    total = _total(tally)
    return {"episodes": total.episodes, "accepted": total.accepted, "failed": total.failed}


def nothing_accepted(tally: BuildTally) -> Iterator[str]:
    """Why a dataset holds no accepted trajectory, and what to do; nothing where it holds one."""
    total = _total(tally)
    if total.accepted:
        return
    finished = total.episodes - total.failed
    if not total.episodes:
        yield "no success: the version holds no episode: look at exclude= and at what the source holds"
    elif not finished:
        worst = max(tally.failures, key=lambda name: tally.failures[name][0], default="")
        yield (
            f"no success: all {total.episodes} episodes failed, most of them of {worst or 'an error'}: mend what the "
            "failures table says, then run again with retry="
        )
    elif total.abstained == finished:
        yield (
            f"no success: none of {total.episodes} episodes gave an answer ({total.turn_limits} within their turns, "
            f"{total.failed} failed): look at the replies in the rejected table, and at model.name, the "
            "prompts and the ladder"
        )
    else:
        yield (
            f"no success: none of {total.episodes} episodes was accepted ({total.wrong} wrong, {total.undecided} "
            f"undecided, {total.abstained} without an answer, {total.failed} failed): look at the rejected table, "
            "and at the judge and the model"
        )


def tell_scope(
    display: ProgressDisplay, scope: Scope, withdrawn: Mapping[str, str], unknown_origins: tuple[str, ...]
) -> None:
    """Say what the source holds no more, and which origins to take down nobody has.

    Args:
        withdrawn: origin by id of the first samples that were withdrawn.
    """
    if (source := scope.source) is not None and source.withdrawn:
        named = ", ".join(f"{sample_id} ({origin})" for sample_id, origin in withdrawn.items())
        more = ", ..." if source.withdrawn > len(withdrawn) else ""
        become = "stay in the version (source.withdrawn=keep)" if source.kept else "leave the version"
        display.say(
            f"withdrawn: {count_text(source.withdrawn, 'sample')} not in the source any more {become}: {named}{more}",
            withdrawn=source.withdrawn,
            first=list(withdrawn),
        )
    tell_unknown(display, "origins", unknown_origins, "no sample of the source (a row that failed has none)")


def tell_unknown(display: ProgressDisplay, what: str, unknown: tuple[str, ...], nothing: str) -> None:
    """Say which names of `exclude=` took nothing down."""
    if unknown:
        display.say(
            f"exclude: {len(unknown)} of its {what} name {nothing}; the first: {unknown[0]}",
            level="warning",
            unknown=len(unknown),
            first=unknown[0],
        )
