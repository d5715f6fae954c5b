"""The end of a job: publishes a version, then prints the closing table and the version's place."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from time import monotonic
from typing import Any

from actors.publishing.publishing import Prepared, Progress, PublishSettings, prepare, publish_prepared
from actors.rollouts.failures import RETRYABLE
from monitoring import metrics
from monitoring.logs import Level
from monitoring.progress import ProgressDisplay, clock_text, count_text, size_text
from monitoring.report import BuildTally, table_lines
from pipelines.exit_status import ExitStatus
from storage.builds.scope import Scope
from storage.datasets.card import held_out
from storage.datasets.version import PublishedDataset

WAITS_FOR = "pictures to be drawn and files to be written"


def prepare_and_tell(settings: PublishSettings, display: ProgressDisplay, stopping: Callable[[], bool]) -> Prepared:
    """Write the ledger and select, on every node.

    Raises:
        Stopped: asked to stop meanwhile.
        StoreError: the store cannot be read or written.
    """
    chunks = count_text(len(settings.chunk_ids), "chunk")
    display.say(f"curating the episodes of {chunks}", chunks=len(settings.chunk_ids))

    def show(done: int, total: int) -> None:
        if not done:
            display.begin("ledger", total, "episodes to be read")
        display.checked(done, count_text(done, "segment"))

    prepared = prepare(settings, stopping, show)
    for name, count in prepared.selection.funnel:
        display.say(f"curation: {name} removed {count_text(count, 'episode')}", condition=name, episodes=count)
    for (source, split), count in held_out(prepared.counts).items():
        display.say(
            f"WARNING: {count_text(count, 'accepted trajectory')} of {source}'s split {split}, which benchmarks use "
            "for evaluation: do not evaluate a model on that split after training on this version",
            "warning",
            source=source,
            split=split,
            trajectories=count,
        )
    return prepared


def publish_and_tell(
    settings: PublishSettings,
    display: ProgressDisplay,
    stopping: Callable[[], bool],
    prepared: Prepared | None = None,
) -> int:
    """Publish on every node, then print the closing table. Return the exit status: FAILED if no episode was accepted.

    Args:
        prepared: a version that is ready to be published; None prepares it here.

    Raises:
        Stopped: asked to stop meanwhile.
        StoreError: see `actors.publishing.publishing.publish_prepared`.
    """
    started = monotonic()
    prepared = prepared or prepare_and_tell(settings, display, stopping)
    last = prepared.progress

    def show(progress: Progress) -> None:
        nonlocal last
        last = progress
        display.published(progress.rows, progress.pictures, progress.left_out)

    display.begin("publishing", last.total, WAITS_FOR)
    published, tally = publish_prepared(prepared, stopping, show), prepared.tally
    display.close()
    _tell_published(published, last, monotonic() - started, display)
    _tell_tally(tally, display)
    _tell_where(published, display)
    tell_unknown(display, "ids", tally.unknown, "no row of this version")
    for line in nothing_accepted(tally):
        total = tally.total
        display.say(line, "error", episodes=total.episodes, accepted=total.accepted, failed=total.failed)
        return ExitStatus.FAILED
    return ExitStatus.DONE


def tell_gates(display: ProgressDisplay, reasons: Iterable[str]) -> list[str]:
    """Set the metrics of the gates; return the names of the gates that refused a version.

    Args:
        reasons: as `pipelines.gates.refusals` gives them: each names its setting, gates.NAME=...
    """
    refused = {name for reason in reasons for name in re.findall(r"\bgates\.(\w+)=", reason)}
    for gate in (*metrics.GATES, *sorted(refused - {*metrics.GATES})):
        display.tell(metrics.GATE_PASSED, gate not in refused, gate)
    return sorted(refused)


def _tell_published(published: PublishedDataset, last: Progress, seconds: float, display: ProgressDisplay) -> None:
    size, version = published.size, published.version
    took: dict[str, Any] = {"version": version, "seconds": round(seconds, 1), "bytes": size}
    if last.done == last.left_out and last.total > last.left_out:
        display.say(f"{version} is published already, from the same episodes: {size_text(size)}", **took)
        return
    display.say(
        f"published {version}: {count_text(last.rows, 'row')}, {count_text(last.pictures, 'picture')}, "
        f"{size_text(size)} ({size_text(last.new)} new) in {clock_text(seconds)}",
        rows=last.rows,
        new_bytes=last.new,
        pictures=last.pictures,
        **took,
    )


def _tell_tally(tally: BuildTally, display: ProgressDisplay) -> None:
    if display.kind == "json":
        display.result("what became of the episodes", **tally.fields())
    else:
        for line in table_lines(tally):
            display.result(line)
    level: Level = "error" if not tally.total.finished else "warning"
    for name, (count, first) in sorted(tally.failures.items(), key=lambda item: -item[1][0])[:5]:
        display.result(f"{count} failed of {name}, the first: {first}", level, error_class=name, episodes=count)
    if again := sorted(RETRYABLE & tally.failures.keys()):
        value = again[0] if len(again) == 1 else f"[{','.join(again)}]"
        display.result(f"another attempt may succeed: run pipelines.build with retry={value}", retry=again)


def _tell_where(published: PublishedDataset, display: ProgressDisplay) -> None:
    path, rows = published.path, published.rows
    if display.kind == "text":
        display.result("")
    display.result(
        f"{count_text(rows, 'accepted trajectory')} ({size_text(published.size)}) in {path}",
        version=published.version,
        path=path,
        accepted=rows,
        rejected=published.rejected,
        failures=published.failures,
        bytes=published.size,
    )
    if rows and "://" in path:  # `datasets` opens single files of a bucket, not a folder
        display.result(f'look at them: import lensmill; lensmill.load("{path}", streaming=True)')
    elif rows:
        display.result(f'look at them: datasets.load_dataset("{path}")')
    else:
        tables = {"rejected": published.rejected, "failures": published.failures}
        named = [f'datasets.load_dataset("{path}", "{name}")' for name, count in tables.items() if count]
        display.result(f"why: {' and '.join(named)}")


def nothing_accepted(tally: BuildTally) -> Iterator[str]:
    """Why a dataset holds no accepted trajectory, and what to do; empty if it holds one."""
    total = tally.total
    if total.accepted:
        return
    finished = total.episodes - total.failed
    if tally.taken_down:
        yield (
            f"no success: exclude= took {count_text(tally.taken_down, 'accepted episode')} down, and none is left: "
            "look at the list, and at what the source holds"
        )
    elif not total.episodes:
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
        removed = [f", {count} {reason}" for reason, count in sorted(total.unfit.items())]
        removed += [f", {count} removed by the condition {name}" for name, count in sorted(total.filtered.items())]
        look = "the conditions of curation" if total.filtered else "the judge and the model"
        yield (
            f"no success: none of {total.episodes} episodes was accepted ({total.wrong} wrong, {total.undecided} "
            f"undecided, {total.abstained} without an answer, {total.failed} failed{''.join(removed)}): look at the "
            f"rejected table, and at {look}"
        )


def tell_scope(
    display: ProgressDisplay, scope: Scope, withdrawn: Mapping[str, str], unknown_origins: tuple[str, ...]
) -> None:
    """Say which samples the source no longer holds, and which origins in `exclude=` no row has.

    Args:
        withdrawn: id -> origin, of the first withdrawn samples.
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
    tell_unknown(display, "origins", unknown_origins, "no row of the source")


def tell_unknown(display: ProgressDisplay, what: str, unknown: tuple[str, ...], nothing: str) -> None:
    """Say which names of `exclude=` took nothing down."""
    if unknown:
        display.say(
            f"exclude: {len(unknown)} of its {what} name {nothing}; the first: {unknown[0]}",
            level="warning",
            unknown=len(unknown),
            first=unknown[0],
        )
