"""Gates: conditions that a version must meet to be published unwatched, alone and compared with the last version."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from monitoring.progress import count_text
from monitoring.report import BuildTally
from pipelines.settings import GateSettings
from storage.builds.scope import SourceCounts
from storage.datasets.version import PublishedDataset


@dataclass(frozen=True, slots=True)
class Figures:
    """The figures of a version: results of its episodes, and the content of its source.

    Attributes:
        samples, unreadable: of the source (`storage.builds.scope.SourceCounts`); None if no run recorded them.
    """

    accepted: int
    episodes: int
    failed: int
    samples: int | None = None
    unreadable: int = 0

    @property
    def yields(self) -> float:
        """Accepted episodes as a share of all, 0 to 1."""
        return self.accepted / max(1, self.episodes)

    @property
    def failures(self) -> float:
        """Failed episodes as a share of all, 0 to 1."""
        return self.failed / max(1, self.episodes)

    @property
    def unreadables(self) -> float:
        """Source rows without a planned episode as a share of all source rows, 0 to 1."""
        return self.unreadable / max(1, (self.samples or 0) + self.unreadable)


def figures_of(tally: BuildTally, source: SourceCounts | None) -> Figures:
    """The figures of a version that is not published yet."""
    rungs = tally.rungs.values()
    counts = (sum(r.accepted for r in rungs), sum(r.episodes for r in rungs), sum(r.failed for r in rungs))
    return Figures(*counts) if source is None else Figures(*counts, source.samples, source.unreadable)


def figures_of_version(version: PublishedDataset) -> Figures:
    """The figures of a published version. Its failures table also has the failed source rows."""
    failed = version.failures - int(version.inputs["source_failures"])
    source = version.inputs.get("source") or {}  # manifests of an earlier format lack it
    counts = (version.rows, version.rows + version.rejected + failed, failed)
    return Figures(*counts, source.get("samples"), source.get("unreadable", 0))


WIDE_OPEN = {"min_accepted": 0, "min_yield": 0, "grows": "null"}
"""Values with which a gate lets every version pass; for other gates the value is 1."""


def opened(gates: Iterable[str]) -> str:
    """The settings with which these gates let a version pass."""
    return " ".join(f"gates.{gate}={WIDE_OPEN.get(gate, 1)}" for gate in gates)


def refusals(gates: GateSettings, now: Figures, before: Figures | None) -> Iterator[str]:
    """The reasons against publishing a version, each with its setting; empty if the version may be published.

    Args:
        before: figures of the last version; None for the first version, which must pass the absolute gates only.
    """
    accepted = count_text(now.accepted, "accepted trajectory")
    if now.accepted < gates.min_accepted:
        yield f"{accepted} (gates.min_accepted={gates.min_accepted})"
    if now.yields < gates.min_yield:
        yield f"yield {now.yields:.3f} (gates.min_yield={gates.min_yield:g})"
    if now.failures > gates.max_failures:
        yield f"failure rate {now.failures:.3f} (gates.max_failures={gates.max_failures:g})"
    if now.unreadables > gates.max_unreadable:
        yield f"{_unreadable(now)} (gates.max_unreadable={gates.max_unreadable:g})"
    if before is None:
        return
    if abs(now.yields - before.yields) > gates.yield_off:
        yield f"yield {now.yields:.3f} after {before.yields:.3f} (gates.yield_off={gates.yield_off:g})"
    if now.failures - before.failures > gates.failures_off:
        yield f"failure rate {now.failures:.3f} after {before.failures:.3f} (gates.failures_off={gates.failures_off:g})"
    if before.samples is not None and now.samples is not None:
        if now.unreadables - before.unreadables > gates.unreadable_off:
            yield (
                f"{_unreadable(now)} after {before.unreadable} of {before.samples + before.unreadable} "
                f"(gates.unreadable_off={gates.unreadable_off:g})"
            )
        if now.samples < before.samples * (1 - gates.source_shrinks):
            yield (
                f"{count_text(now.samples, 'sample')} in the source after {before.samples} "
                f"(gates.source_shrinks={gates.source_shrinks:g})"
            )
    if now.accepted < before.accepted * (1 - gates.shrinks):
        yield f"{accepted} after {before.accepted} (gates.shrinks={gates.shrinks:g})"
    if gates.grows is not None and now.accepted > before.accepted * (1 + gates.grows):
        yield f"{accepted} after {before.accepted} (gates.grows={gates.grows:g})"


def _unreadable(now: Figures) -> str:
    return f"{now.unreadable} of the source's {(now.samples or 0) + now.unreadable} rows unreadable"
