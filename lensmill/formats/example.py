"""An episode as formats see it: sample, trajectory, the files of its pictures, and how its boxes are written."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from lensmill.geometry import Convention, Frame
from lensmill.sample import Sample
from lensmill.trajectory import Message, Trajectory


class LeftOut(Exception):
    """An episode that a format or its target cannot hold. The export goes on without the episode, and lists the reason.

    Attributes:
        reason: a stable name, e.g. "no_messages".
        message: one line: field, problem, and the way out.
    """

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason, self.message = reason, message


@dataclass(frozen=True, slots=True)
class PictureFile:
    """A picture of an episode as a file.

    Attributes:
        data: the encoded file.
        name: of the file, by content, e.g. "3f...9a.png".
        frame: its size, and the rectangle of the original that it shows.
        recorded: the path that an imported row gives the picture; "" for other pictures.
    """

    data: bytes
    name: str
    frame: Frame
    recorded: str = ""


@dataclass(frozen=True, slots=True)
class Example:
    """An episode of a published version.

    Attributes:
        episode_id: of the episode.
        pictures: the files of `trajectory.images`, in order.
        rung: of the view, in pixels of a side.
        agent: name of the agent.
        written: how the agent wrote boxes, about the picture that each call names.
        row: the published row, without its pictures.
        original: the source's picture; None where the format does not ask for the original.
    """

    episode_id: str
    sample: Sample
    trajectory: Trajectory
    pictures: tuple[PictureFile, ...]
    rung: int
    agent: str
    written: Convention = Convention.PIXELS
    row: Mapping[str, Any] = field(default_factory=dict)
    original: PictureFile | None = None

    @property
    def frames(self) -> tuple[Frame, ...]:
        """The frames of the pictures, in order."""
        return tuple(picture.frame for picture in self.pictures)


def conversation(example: Example) -> tuple[Message, ...]:
    """The messages of an episode.

    Raises:
        LeftOut: the episode has none, or none of the assistant.
    """
    messages = example.trajectory.messages
    if not any(message.role == "assistant" for message in messages):
        raise LeftOut("no_messages", f"episode {example.episode_id} has no message of the assistant: nothing to learn")
    return messages


def text_of(message: Message, placeholder: str = "<image>") -> str:
    """A message as one text, with a placeholder for each picture."""
    return "".join(placeholder if part.image is not None else part.text for part in message.parts)


def shown_in(messages: Sequence[Message]) -> list[int]:
    """The numbers of the pictures that messages show, in order."""
    return [part.image for message in messages for part in message.parts if part.image is not None]
