"""The estimate of a build: episodes and image tokens by rung, time, and bytes stored."""

from collections.abc import Sequence

from actors.ingest.outline import PlanOutline
from actors.rollouts.work import EpisodeCost
from monitoring.progress import ProgressDisplay, clock_text, count_text, size_text


def tell_estimate(outline: PlanOutline, costs: Sequence[EpisodeCost], size: int, display: ProgressDisplay) -> None:
    """Print the estimate.

    Args:
        costs: of a few real episodes; empty if each of them failed.
        size: workers.
    """
    tell = display.result
    unreadable = count_text(outline.scope.source.unreadable if outline.scope.source else 0, "unreadable row")
    tell(f"{count_text(outline.samples, 'sample')}, {unreadable}", samples=outline.samples)
    tell(f"{'rung':>6} {'episodes':>10} {'image tokens of the views':>27}")
    for rung in outline.episodes:
        episodes, tokens = outline.episodes[rung], outline.tokens[rung]
        tell(f"{rung:>6} {episodes:>10,} {tokens:>27,}", rung=rung, episodes=episodes, image_tokens=tokens)
    episodes, tokens = sum(outline.episodes.values()), sum(outline.tokens.values())
    tell(f"{'all':>6} {episodes:>10,} {tokens:>27,}", rung="all", episodes=episodes, image_tokens=tokens)
    if not costs:
        tell("no estimate: every episode that was tried failed; the build's failures table will say why")
        return
    seconds = sum(_expected(costs, rung).seconds * count for rung, count in outline.episodes.items())
    pictures = sum(_expected(costs, rung).size * count for rung, count in outline.episodes.items())
    tell(
        f"about {clock_text(seconds / size)} on {count_text(size, 'worker')}; {size_text(outline.originals_size)} of "
        f"originals, and about {size_text(pictures)} of drawn pictures in the dataset (estimated from "
        f"{count_text(len(costs), 'episode')}, not kept)",
        seconds=round(seconds / size, 1),
        workers=size,
        originals_bytes=outline.originals_size,
        pictures_bytes=pictures,
    )


def _expected(costs: Sequence[EpisodeCost], rung: int) -> EpisodeCost:
    """The mean cost of the episodes tried on a rung; of all tried episodes if none was on this rung."""
    near = [cost for cost in costs if cost.rung == rung] or list(costs)
    return EpisodeCost(
        rung, sum(cost.seconds for cost in near) / len(near), sum(cost.size for cost in near) // len(near)
    )
