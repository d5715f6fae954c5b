"""Gates: what a version must be like to be published without anybody looking, by itself and beside the last one."""

from collections.abc import Iterator
from dataclasses import dataclass

from monitoring.report import BuildTally
from pipelines.settings import GateSettings
from storage.dataset import PublishedDataset


@dataclass(frozen=True, slots=True)
class Figures:
    """What became of a version's episodes."""

    accepted: int
    episodes: int
    failed: int

    @property
    def yields(self) -> float:
        """Accepted of all episodes, 0 to 1."""
        return self.accepted / max(1, self.episodes)

    @property
    def failures(self) -> float:
        """Failed of all episodes, 0 to 1."""
        return self.failed / max(1, self.episodes)


def figures_of(tally: BuildTally) -> Figures:
    """Of a version that is yet to be published."""
    rungs = tally.rungs.values()
    return Figures(sum(r.accepted for r in rungs), sum(r.episodes for r in rungs), sum(r.failed for r in rungs))


def figures_of_version(version: PublishedDataset) -> Figures:
    """Of a published one; its failures table has the rows that the source could not give, too."""
    failed = version.failures - int(version.inputs["source_failures"])
    return Figures(version.rows, version.rows + version.rejected + failed, failed)


def refusals(gates: GateSettings, now: Figures, before: Figures | None) -> Iterator[str]:
    """Why a version is not to be published, each reason with the setting that says so; none if it may be.

    Args:
        before: of the last version; None for the first, which is held to the absolute gates only.
    """
    if now.accepted < gates.min_accepted:
        yield f"{now.accepted} accepted trajectories (gates.min_accepted={gates.min_accepted})"
    if now.yields < gates.min_yield:
        yield f"yield {now.yields:.3f} (gates.min_yield={gates.min_yield:g})"
    if now.failures > gates.max_failures:
        yield f"failure rate {now.failures:.3f} (gates.max_failures={gates.max_failures:g})"
    if before is None:
        return
    if abs(now.yields - before.yields) > gates.yield_off:
        yield f"yield {now.yields:.3f} after {before.yields:.3f} (gates.yield_off={gates.yield_off:g})"
    if now.failures - before.failures > gates.failures_off:
        yield f"failure rate {now.failures:.3f} after {before.failures:.3f} (gates.failures_off={gates.failures_off:g})"
    if now.accepted < before.accepted * (1 - gates.shrinks):
        yield f"{now.accepted} accepted trajectories after {before.accepted} (gates.shrinks={gates.shrinks:g})"
    if gates.grows is not None and now.accepted > before.accepted * (1 + gates.grows):
        yield f"{now.accepted} accepted trajectories after {before.accepted} (gates.grows={gates.grows:g})"
