"""A trajectory: the record of one episode, step by step, with every message as the model saw or wrote it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from lensmill.geometry import Box, Frame

Stop = Literal["answered", "abstained", "turn_limit"]


@dataclass(frozen=True, slots=True)
class ImageRef:
    """A reference to a picture of an episode, by content.

    Attributes:
        image_id: sha256 of the encoded file.
        pixel_hash: `lensmill.picture.pixel_hash` of the drawn pixels; a replay must reproduce it.
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
        arguments: as the agent wrote them (JSON values; boxes in the convention of the picture that they refer to).
        boxes: the parts that the call looks at: label -> box in original pixels, resolved by the tool; empty if it
            failed.
    """

    tool: str
    arguments: Mapping[str, Any]
    boxes: tuple[tuple[str, Box], ...] = ()


@dataclass(frozen=True, slots=True)
class Observation:
    """The result of an action: pictures (one for a tool call, any number for an agent's code), and a text that
    describes the result or the error (`error`)."""

    text: str
    images: tuple[ImageRef, ...] = ()
    error: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """One turn: the thought, then (except in the last step) the call and its result."""

    thought: str
    action: Action | None = None
    observation: Observation | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a message: a text, or the index of one of the episode's pictures (0 is the view)."""

    text: str = ""
    image: int | None = None


@dataclass(frozen=True, slots=True)
class Message:
    """One message of the conversation.

    Attributes:
        role: who speaks.
        parts: texts and pictures, in order.
    """

    role: Literal["system", "user", "assistant"]
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Recording:
    """The mark of a trajectory from elsewhere. Its pictures came with it, so only its view can be drawn again.

    Attributes:
        format: of the row that it came in, e.g. "refocus".
        notes: names of what the canonical form could not take as it stood; each format lists its names.
        fields: fields of the row that do not follow from the canonical form, letter by letter (JSON values).
        keys: of the row, in its order.
    """

    format: str
    notes: tuple[str, ...] = ()
    fields: Mapping[str, Any] = field(default_factory=dict)
    keys: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Trajectory:
    """The record of one episode.

    Attributes:
        images: the view (index 0), then each observation's pictures in the order in which they were made.
        steps: in order.
        messages: the conversation; empty for agents without one. Messages name each image at most once, in order, so
            that a placeholder in a text needs no number. An episode that leaves an image out is never trained on.
        answer: the final answer; None if the agent abstained or ran out of turns.
        stop: why the episode ended.
        rounds: the number of questions to a verifier that knows the answer; 0 for agents without a verifier.
        recording: of a trajectory that came from elsewhere; None for an episode of ours.
    """

    images: tuple[ImageRef, ...]
    steps: tuple[Step, ...]
    messages: tuple[Message, ...]
    answer: str | None
    stop: Stop
    rounds: int = 0
    recording: Recording | None = None

    def __post_init__(self) -> None:
        if not self.images:
            raise ValueError("a trajectory needs at least its view")
        if (self.answer is not None) != (self.stop == "answered"):
            raise ValueError(f"stop is {self.stop!r} but the answer is {self.answer!r}")
        named = [part.image for message in self.messages for part in message.parts if part.image is not None]
        if named != sorted(set(named) & set(range(len(self.images)))):
            raise ValueError(f"messages name the pictures {named}, not the {len(self.images)} at most once, in order")

    @property
    def view(self) -> ImageRef:
        """The picture that the agent first saw."""
        return self.images[0]

    @property
    def shown(self) -> tuple[ImageRef, ...]:
        """The pictures that the messages name, in order; every picture where there are no messages."""
        named = [part.image for message in self.messages for part in message.parts if part.image is not None]
        return tuple(self.images[index] for index in named) if self.messages else self.images
