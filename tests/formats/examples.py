"""Episodes to export, made by hand: a view, a zoom, and an answer."""

import io
import json
from collections.abc import Sequence
from dataclasses import replace

from PIL import Image

from lensmill.agents.wording import convention_words
from lensmill.formats.example import Example, PictureFile
from lensmill.geometry import Box, Convention, Frame
from lensmill.sample import Sample
from lensmill.tools import ZOOM, tool_schema
from lensmill.trajectory import Action, ImageRef, Message, Observation, Part, Step, Trajectory

ORIGINAL = (1120, 840)
VIEW = Frame(Box(0, 0, 1120, 840), 560, 420)
CROP = Frame(Box(100, 100, 500, 400), 448, 336)
BOX = Box(200, 160, 400, 320)
"""In pixels of the original."""

SYSTEM = """You look.

# Tools
You may call functions.
<tools>
{tools}
</tools>

Boxes are [x1, y1, x2, y2] {words}, of the picture that the call names.
Write each call as a JSON object within <tool_call></tool_call>:
<tool_call>
{{"name": <function name>, "arguments": <arguments as JSON>}}
</tool_call>"""


def png(width: int, height: int, shade: int = 200) -> bytes:
    """A grey picture file."""
    sink = io.BytesIO()
    Image.new("L", (width, height), shade).save(sink, "PNG")
    return sink.getvalue()


def call_text(box: Box, frame: Frame, convention: Convention, image: int = 0) -> str:
    """A call of the zoom tool about a picture, as a model writes calls."""
    numbers = [round(number) for number in convention.write_original(box, frame)]
    return json.dumps({"name": ZOOM, "arguments": {"bbox_2d": numbers, "label": "bar", "image": image}})


def an_example(
    convention: Convention = Convention.PIXELS,
    frames: Sequence[Frame] = (VIEW, CROP),
    box: Box = BOX,
    call: str | None = None,
    answer: str = "7",
    error: bool = False,
    number: int = 0,
) -> Example:
    """An episode with one zoom into the view and one into the crop.

    Args:
        convention: how boxes are written.
        call: the first call's JSON instead.
        error: the second call failed, and brought no picture.
    """
    schema = json.dumps(tool_schema(ZOOM))
    first = call if call is not None else call_text(box, frames[0], convention)
    second = call_text(box, frames[1], convention, 1)
    system = SYSTEM.format(tools=schema, words=convention_words(convention))
    shown = [*frames] if error else [*frames, frames[1]]
    messages = (
        Message("system", (Part(system),)),
        Message("user", (Part(image=0), Part("\nQuestion: What is bar 7?\nThink first."))),
        Message("assistant", (Part(f"<think>The bar is small.</think>\n<tool_call>\n{first}\n</tool_call>"),)),
        Message("user", (Part(image=1), Part("\nPicture 1.\nThink first."))),
        Message("assistant", (Part(f"<think>Closer.</think>\n<tool_call>\n{second}\n</tool_call>"),)),
        Message("user", (Part("the call failed\nThink first."),))
        if error
        else Message("user", (Part(image=2), Part("\nPicture 2.\nThink first."))),
        Message("assistant", (Part(f"<think>It says 7.</think>\n<answer>{answer}</answer>"),)),
    )
    images = tuple(ImageRef(f"{place:064x}", "p" * 64, frame) for place, frame in enumerate(shown))
    steps = (
        Step("The bar is small.", Action(ZOOM, {}, (("bar", box),)), Observation("", images[1:2])),
        Step("Closer.", Action(ZOOM, {}), Observation("the call failed" if error else "", images[2:], error)),
        Step("It says 7."),
    )
    pictures = tuple(
        PictureFile(png(frame.width, frame.height, place), f"{place:064x}.png", frame)
        for place, frame in enumerate(shown)
    )
    sample = Sample(
        "s" * 32, "i" * 64, *ORIGINAL, "What is bar 7?", ("7",), targets=(BOX,), source="made", split="train"
    )
    trajectory = Trajectory(images, steps, messages, answer, "answered")
    original = PictureFile(png(*ORIGINAL), f"{'i' * 64}.png", Frame.whole(ORIGINAL))
    return Example(f"{number:032x}", sample, trajectory, pictures, 448, "zoom", convention, original=original)


def without_messages(example: Example) -> Example:
    """The episode of an agent without a conversation."""
    return replace(example, trajectory=replace(example.trajectory, messages=()))
