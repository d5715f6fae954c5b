"""The counts on the card of a version, from its selection."""

from collections import Counter
from dataclasses import dataclass, field

from storage.builds.selection import Selection


@dataclass(slots=True)
class CardCounts:
    """Counts of episodes; the source rows that failed are not in them.

    Attributes:
        accepted: episodes of `train` and `validation`, by rung; so are `zoomed`, `edited` (at least one) and `steps`.
        rejected, failed: by rung.
        reasons: of rejected episodes.
        errors: classes of failed episodes.
        origins: accepted episodes by source, subset, split, licence.
        agents, rules: accepted episodes by agent, and by the rule that found the answer correct.
    """

    accepted: Counter[int] = field(default_factory=Counter)
    rejected: Counter[int] = field(default_factory=Counter)
    failed: Counter[int] = field(default_factory=Counter)
    zoomed: Counter[int] = field(default_factory=Counter)
    edited: Counter[int] = field(default_factory=Counter)
    steps: Counter[int] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)
    origins: Counter[tuple[str, str, str, str]] = field(default_factory=Counter)
    agents: Counter[str] = field(default_factory=Counter)
    rules: Counter[str] = field(default_factory=Counter)


def card_counts(selection: Selection) -> CardCounts:
    """The counts of a selection for the card."""
    counts = CardCounts()
    for row in selection.counts.to_pylist():
        rung, episodes = row["rung"], row["episodes"]
        if row["table"] == "failures":
            counts.failed[rung] += episodes
            counts.errors[row["error_class"]] += episodes
        elif row["table"] == "rejected":
            counts.rejected[rung] += episodes
            counts.reasons[row["reason"]] += episodes
        else:
            counts.accepted[rung] += episodes
            counts.zoomed[rung] += row["zoomed"]
            counts.edited[rung] += row["edited"]
            counts.steps[rung] += row["steps"]
            counts.origins[(row["source"], row["subset"], row["split"], row["licence"])] += episodes
            counts.agents[row["agent"]] += episodes
            counts.rules[row["rule"]] += episodes
    return counts
