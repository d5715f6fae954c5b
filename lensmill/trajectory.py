"""A trajectory: what an agent did in one episode, step by step, and every message as the model saw or wrote it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from lensmill.geometry import Box, Frame

Stop = Literal["answered", "abstained", "turn_limit"]


@dataclass(frozen=True, slots=True)
class ImageRef:
    """A picture of an episode, by content.

    Attributes:
        image_id: sha256 of the encoded file.
        pixel_hash: `lensmill.picture.pixel_hash` of what was drawn, which a replay must meet.
        frame: its size, and the rectangle of the original that it shows.
    """

    image_id: str
    pixel_hash: str
    frame: Frame


@dataclass(frozen=True, slots=True)
class Action:
    """A tool call.

    Attributes:
        tool: the tool's name.
        arguments: as the agent wrote them (JSON values; boxes in the convention of the picture they are about).
        boxes: what the call looks at, label -> box in original pixels, resolved by the tool; empty if it failed.
    """

    tool: str
    arguments: Mapping[str, Any]
    boxes: tuple[tuple[str, Box], ...] = ()


@dataclass(frozen=True, slots=True)
class Observation:
    """What came back: pictures (one of a tool call, any number of code that an agent wrote), and a text that says
    what was done or what was wrong (`error`)."""

    text: str
    images: tuple[ImageRef, ...] = ()
    error: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """One turn: the thought, then (except in the last one) the call and what it showed."""

    thought: str
    action: Action | None = None
    observation: Observation | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a message: some text, or the index of one of the episode's pictures (0 is the view)."""

    text: str = ""
    image: int | None = None


@dataclass(frozen=True, slots=True)
class Message:
    role: Literal["system", "user", "assistant"]
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Trajectory:
    """One episode's record.

    Attributes:
        images: the view (index 0), then each observation's pictures in the order they were made.
        messages: name each of the images once, in their order, so that a placeholder in a text needs no number. Records
            without a conversation have none.
        answer: the final answer; None when the agent abstained or ran out of turns.
        rounds: times that a verifier who knows the answer was asked; 0 for agents that work without one.
    """

    images: tuple[ImageRef, ...]
    steps: tuple[Step, ...]
    messages: tuple[Message, ...]
    answer: str | None
    stop: Stop
    rounds: int = 0

    def __post_init__(self) -> None:
        if not self.images:
            raise ValueError("a trajectory needs at least its view")
        if (self.answer is not None) != (self.stop == "answered"):
            raise ValueError(f"stop is {self.stop!r} but the answer is {self.answer!r}")
        named = [part.image for message in self.messages for part in message.parts if part.image is not None]
        if self.messages and named != list(range(len(self.images))):
            raise ValueError(f"messages name the pictures {named}, not each of the {len(self.images)} once, in order")

    @property
    def view(self) -> ImageRef:
        return self.images[0]
