"""A picture whose print is known: a reader for tests that sees texts only where they are shown large enough."""

from collections.abc import Sequence

from PIL import Image

from lensmill.agents.environment import Environment
from lensmill.agents.protocol import Task
from lensmill.geometry import Box
from lensmill.perception.text import Reader, TextLine
from lensmill.picture import Picture, draw_view
from lensmill.tools import ToolSettings

READABLE = 10.0
VISIBLE = 4.0


class PrintedWorld(Reader):
    """Reads known print: whole from READABLE pixels of height, garbled from VISIBLE, not at all below."""

    def __init__(self, print_: Sequence[tuple[str, Box]]) -> None:
        super().__init__()
        self._print = tuple(print_)
        self.pictures_read = 0

    def read(self, picture: Picture) -> tuple[TextLine, ...]:
        self.pictures_read += 1
        lines = []
        for text, box in self._print:
            here = picture.frame.from_original(box)
            shown = here.clip(picture.frame.bounds)
            if shown is None or here.height < VISIBLE:
                continue
            kept = text[: max(1, round(len(text) * shown.width / here.width))]
            if here.height < READABLE:
                lines.append(TextLine("~" * len(kept), shown, 0.55))
            else:
                lines.append(TextLine(kept, shown, 0.99))
        return tuple(lines)


def environment_for(
    question: str,
    choices: tuple[str, ...] = (),
    size: tuple[int, int] = (4000, 3000),
    rung: int = 224,
    floor: int = 896,
) -> Environment:
    """An environment over an empty picture of this size."""
    original = Image.new("RGB", size, "white")
    return Environment(
        Task(question, rung, choices=choices), original, draw_view(original, rung), ToolSettings(zoom_floor=floor)
    )
