"""A chat model and a sandbox that follow a script: what agents make of replies and executions is then plain to see."""

from collections.abc import Callable, Sequence
from typing import Any

from PIL import Image, ImageDraw

from lensmill.agents.environment import Environment
from lensmill.agents.protocol import Task
from lensmill.geometry import Box, Convention, Frame
from lensmill.models.chat import ChatReply, ChatRequest, ModelError, Usage
from lensmill.models.families import ModelFamily
from lensmill.picture import Picture, draw_view
from lensmill.sample import Region
from lensmill.sandbox.protocol import BoxMaps, Execution
from lensmill.tools import ToolSettings
from lensmill.trajectory import Message

Line = str | ChatReply | ModelError


class ScriptedModel:
    """Gives its lines one after the other, the last one again and again.

    Attributes:
        requests: what it was asked.
    """

    def __init__(self, *lines: Line, family: ModelFamily | None = None, usage: Usage | None = None) -> None:
        self.requests: list[ChatRequest] = []
        self._lines, self._family, self._usage = lines, family or ModelFamily(), usage or Usage()

    @property
    def name(self) -> str:
        return "scripted"

    @property
    def family(self) -> ModelFamily:
        return self._family

    async def chat(self, request: ChatRequest) -> ChatReply:
        line = self._lines[min(len(self.requests), len(self._lines) - 1)]
        self.requests.append(request)
        if isinstance(line, ModelError):
            raise line
        return line if isinstance(line, ChatReply) else ChatReply(line, usage=self._usage, model=self.name)


class ScriptedSandbox:
    """Its one session runs code by asking a function.

    Attributes:
        pictures, boxes: that the session was opened with.
        codes: that it ran.
        closed: whether the session was closed.
    """

    def __init__(self, run: Callable[[str, Picture], Execution]) -> None:
        self.pictures: Sequence[Picture] = ()
        self.boxes: BoxMaps = {}
        self.codes: list[str] = []
        self.closed = False
        self._run = run

    def session(self, pictures: Sequence[Picture], boxes: BoxMaps) -> "ScriptedSandbox":
        self.pictures, self.boxes = pictures, boxes
        return self

    def run(self, code: str) -> Execution:
        self.codes.append(code)
        return self._run(code, self.pictures[0])

    def close(self) -> None:
        self.closed = True

    def layers(self) -> tuple[str, ...]:
        return ()


def a_picture(size: tuple[int, int] = (800, 600)) -> Image.Image:
    """Coloured squares on white: every crop of it has other pixels."""
    pixels = Image.new("RGB", size, "white")
    draw = ImageDraw.Draw(pixels)
    for x in range(0, size[0], 40):
        for y in range(0, size[1], 40):
            draw.rectangle((x + 4, y + 4, x + 30, y + 30), (x % 256, y % 256, (x + y) % 256))
    return pixels


def an_environment(
    *,
    rung: int = 448,
    seed: int = 0,
    question: str = "What is it?",
    choices: tuple[str, ...] = (),
    regions: tuple[Region, ...] = (),
    convention: Convention = Convention.PIXELS,
    **more: Any,
) -> Environment:
    """An environment over `a_picture`; its view on rung 448 has 504x392 pixels."""
    original = a_picture()
    task = Task(question, rung, seed, choices, regions)
    tools = ToolSettings(convention=convention)
    return Environment(task, original, draw_view(original, rung), tools, episode="episode-1", **more)


def two_columns() -> tuple[Region, ...]:
    """Two parts of `a_picture`, in original pixels."""
    return (Region("x_values", "2019", Box(0, 0, 400, 600)), Region("x_values", "2020", Box(400, 0, 800, 600)))


def text_of(message: Message) -> str:
    return "".join(part.text for part in message.parts)


def images_of(message: Message) -> list[int]:
    return [part.image for part in message.parts if part.image is not None]


def smaller(picture: Picture, size: tuple[int, int] = (84, 56)) -> Picture:
    """A picture that code might make: the same region, other pixels."""
    return Picture(picture.pixels.resize(size), Frame(picture.frame.region, *size))
