"""What goes into an episode and what comes out: the task, the verifier, the rollout."""

from dataclasses import dataclass
from typing import Protocol

from lensmill.picture import Encoded
from lensmill.sample import Region
from lensmill.trajectory import Trajectory


@dataclass(frozen=True, slots=True)
class Task:
    """What an agent may know of a sample: never its answers, never where the evidence is (design invariant 8)."""

    question: str
    rung: int
    seed: int = 0
    choices: tuple[str, ...] = ()
    regions: tuple[Region, ...] = ()


@dataclass(frozen=True, slots=True)
class Rollout:
    """What an agent hands in: the trajectory, and the encoded picture behind each of its images."""

    trajectory: Trajectory
    images: tuple[Encoded, ...]


@dataclass(frozen=True, slots=True)
class Review:
    """What a verifier says of an answer; `advice` for the next try never contains the right one (design
    invariant 8)."""

    correct: bool
    advice: str = ""


class Verifier(Protocol):
    """Knows one sample's answers. It stands beside the task, which has none, and lets out no more than a Review."""

    async def review(self, answer: str) -> Review:
        """Judge an answer; the advice of a rejection never contains the right answer."""
