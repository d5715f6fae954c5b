"""Reading a source into a plan, with progress, and what there is to say of the outcome."""

from collections.abc import Callable

import ray

from actors.cluster.connection import beside_the_driver, fetch
from actors.cluster.errors import Stopped
from actors.ingest.planning import PlanOutline, PlanSettings, RemotePlanner
from monitoring import metrics
from monitoring.progress import ProgressDisplay, count_text
from pipelines.exclude import tell_lifted
from pipelines.publication import tell_scope
from storage.sources.protocol import SourceError


def plan_source(
    settings: PlanSettings, measure: bool, display: ProgressDisplay, stopping: Callable[[], bool]
) -> PlanOutline:
    """Plan what the source has gained, beside the driver.

    Args:
        measure: count image tokens and the originals' bytes, for an estimate.

    Raises:
        Stopped: asked to stop meanwhile.
        SourceError: the source cannot be read, or no sample of it.
        StoreError: the store cannot be read or written.
    """
    planner = RemotePlanner.options(scheduling_strategy=beside_the_driver()).remote(settings)
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
        f"{count_text(outline.asked, 'episode')} on {count_text(len(outline.episodes), 'rung')}; "
        f"{count_text(unreadable, 'row')} could not be planned"
        + (f", {failed - unreadable} not on every rung" if failed > unreadable else "")
        + (" (see the failures table)" if failed else ""),
        samples=outline.samples,
        episodes=outline.asked,
        rungs=list(outline.episodes),
        unreadable=outline.failures,
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
    if others := sorted(outline.chunk_sizes - {settings.chunk_size}):
        display.say(
            f"note: chunk_size={settings.chunk_size} holds for what is planned from now on; this build has chunks "
            f"that were planned with chunk_size={', '.join(map(str, others))}, which stay as they are"
        )
    if alone := outline.planned_chunks - len(outline.chunk_ids):
        display.say(
            f"note: {alone} chunks that another run has planned hold none of these samples, and are left alone",
            chunks=alone,
        )
    return outline
