"""Reads a source into a plan, with progress, and reports the result."""

from collections.abc import Callable
from functools import partial

import ray

from actors.cluster.connection import beside_the_driver, fetch
from actors.cluster.errors import Stopped
from actors.cluster.tasks import in_order
from actors.ingest.outline import PlanOutline
from actors.ingest.planning import PlanSettings, RemotePlanner
from monitoring import metrics
from monitoring.progress import ProgressDisplay, count_text
from pipelines.exclude import tell_lifted
from pipelines.publishing import tell_scope
from storage.sources.protocol import SourceError


def plan_source(
    settings: PlanSettings,
    measure: bool,
    display: ProgressDisplay,
    stopping: Callable[[], bool],
    workers: int | None = None,
) -> PlanOutline:
    """Plan the new episodes of the source. Every node reads slices; a process beside the driver plans.

    Args:
        workers: maximum slices that are read at the same time; None is one for each CPU of the cluster.
        measure: count image tokens and the originals' bytes, for an estimate.

    Raises:
        Stopped: asked to stop meanwhile.
        SourceError: the source cannot be read, or has no readable sample.
        StoreError: the store cannot be read or written.
    """
    planner = RemotePlanner.options(scheduling_strategy=beside_the_driver()).remote(
        settings, partial(in_order, workers=workers)
    )
    display.begin("reading the source", 0, waits_for=f"the next row of source {settings.source.name}")
    planning = planner.plan.remote()
    while not ray.wait([planning], timeout=0.5)[0]:
        display.planned(*fetch(planner.progress.remote(), stopping))
        if stopping():
            raise Stopped
    ray.get(planning)
    outline: PlanOutline = fetch(planner.outline.remote(measure), stopping)
    ray.kill(planner)
    source = outline.scope.source
    unreadable, failed = (source.unreadable if source else 0), sum(outline.failures.values())
    display.say(
        f"planned: {count_text(outline.samples, 'sample')}, "
        f"{count_text(sum(outline.asked.values()), 'episode')} on {count_text(len(outline.asked), 'rung')}; "
        f"{count_text(unreadable, 'row')} could not be planned"
        + (f", {failed - unreadable} not on every rung" if failed > unreadable else "")
        + (" (see the failures table)" if failed else ""),
        samples=outline.samples,
        episodes=sum(outline.asked.values()),
        rungs=list(outline.asked),
        unreadable=dict(outline.failures),
    )
    display.tell(metrics.SOURCE_SAMPLES, source.samples if source else 0)
    for name, count in outline.failures.items():
        display.tell(metrics.SOURCE_FAILURES, count, name)
    if source is None or not source.samples:
        counts = ", ".join(f"{count} {name}" for name, count in sorted(outline.failures.items()))
        why = f" ({counts}; the first: {outline.first_failure})" if failed else ""
        raise SourceError(f"source {settings.source.name}: no sample could be read{why}")
    tell_scope(display, outline.scope, outline.withdrawn, outline.unknown_origins)
    tell_lifted(settings.files, settings.fingerprint, settings.exclusion, display.say)
    if settings.chunk_size is not None and (others := outline.chunk_sizes - {settings.chunk_size}):
        sizes = ", ".join(sorted("null" if size is None else str(size) for size in others))
        display.say(
            f"note: chunk_size={settings.chunk_size} holds for what is planned from now on; this build has chunks "
            f"that were planned with chunk_size={sizes}, which stay as they are"
        )
    if outline.changed:
        display.say(
            f"note: the source says something else of {count_text(outline.changed, 'sample')} than when they were "
            "planned (split, subset, licence, regions or targets); episodes stay as planned: to take the change in, "
            f"build into a new out=; the first: {outline.first_changed}",
            changed=outline.changed,
            first=outline.first_changed,
        )
    if outline.absent:
        display.say(
            f"note: {count_text(outline.absent, 'slice')} of the source met a node that lacks its files, and were read "
            "beside the driver: put the source at the same path on every node to read it faster",
            slices=outline.absent,
        )
    if alone := outline.planned_chunks - len(outline.chunk_ids):
        display.say(
            f"note: {alone} chunks that another run has planned hold none of these episodes, and are left alone",
            chunks=alone,
        )
    return outline
