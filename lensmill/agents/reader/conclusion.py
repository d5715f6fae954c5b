"""How a route ends."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Conclusion:
    """The last thought, and the answer or None."""

    thought: str
    answer: str | None
