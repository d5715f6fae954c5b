"""How hard charts and their questions are, as plain numbers."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Difficulty:
    """How hard a chart and its questions are. The defaults are charts as they are otherwise drawn.

    Attributes:
        clutter: number of short notes on blank ground of the chart, at most; fewer where there is no room.
        print_size: size of all type, as a share of the usual one, from 0.1 to 1. At a rung of the ladder type is
            smaller in proportion.
        series: number of series of a chart; 0 for charts of any number.
        distractors: number of other charts on the same picture.
        steps: number of figures that must be found and put together for an answer; 0 for questions of all kinds.
    """

    clutter: int = 0
    print_size: float = 1.0
    series: int = 0
    distractors: int = 0
    steps: int = 0

    def __post_init__(self) -> None:
        limits = {"clutter": 64, "series": 8, "distractors": 11, "steps": 5}
        for name, most in limits.items():
            if not 0 <= getattr(self, name) <= most:
                raise ValueError(f"{name} must be from 0 to {most}, got {getattr(self, name)}")
        if not 0.1 <= self.print_size <= 1:
            raise ValueError(f"print_size must be from 0.1 to 1, got {self.print_size}")


PLAIN = Difficulty()
