"""Looking: an episode's environment and sheet together; every zoom is a real tool call, and is read at once."""

from lensmill.agents.environment import Environment
from lensmill.agents.reader.explore import Cell, covered
from lensmill.agents.reader.sheet import Seen, Sheet, read_picture
from lensmill.geometry import Box, Frame
from lensmill.perception.text import Reader
from lensmill.picture import Picture
from lensmill.tools import ZOOM


class Looking:
    """What the reader does with its eyes. It knows the view and what its calls showed, never the original.

    Attributes:
        sheet: what was read so far.
        pictures: the view, then what each call showed. Few readers are at work at a time, and charts are read from
            all their pictures, more than once: they keep the pixels that the environment would have to draw again.
        shown: for each picture, the region of the original it shows and its pixels for each original pixel; 0
            for edited pictures, which show nothing new.
    """

    def __init__(self, environment: Environment, reader: Reader, max_steps: int) -> None:
        self.environment = environment
        self.task = environment.task
        self.sheet = Sheet()
        self.pictures: list[Picture] = []
        self.shown: list[tuple[Box, float]] = []
        self._reader = reader
        self._max_steps = max_steps
        whole = environment.view.frame.region
        self._original = (round(whole.width), round(whole.height))
        self._take_in(environment.view)

    @property
    def view(self) -> Frame:
        """The frame of the first view."""
        return self.environment.view.frame

    @property
    def budget(self) -> int:
        """The most pixels that a zoomed picture may have."""
        return self.environment.settings.most_pixels(self.task.rung)

    @property
    def steps_left(self) -> int:
        """Steps that the episode may still take."""
        return self._max_steps - len(self.environment.steps)

    def _take_in(self, picture: Picture) -> tuple[Seen, ...]:
        self.pictures.append(picture)
        lines = read_picture(self._reader, picture, len(self.pictures) - 1, self._original)
        self.sheet.add(lines)
        self.shown.append((picture.frame.region, min(picture.frame.scale)))
        return lines

    def visit(self, cell: Cell, thought: str, label: str) -> tuple[Seen, ...]:
        """Zoom to a cell of a grid; its texts, or none where the tool refused."""
        return self._zoom(thought, {"bbox_2d": list(cell.box), "label": label, "image": 0})

    def zoom(self, target: Box, thought: str, label: str) -> tuple[Seen, ...]:
        """Zoom so that the crop shows `target` (original pixels), naming the sharpest picture that holds it."""
        index = self.sharpest(target)
        frame = self.pictures[index].frame
        here = frame.from_original(target.scaled(1 / self.environment.settings.zoom_enlarge))
        return self._zoom(thought, {"bbox_2d": list(whole_pixels(here, frame)), "label": label, "image": index})

    def _zoom(self, thought: str, arguments: dict[str, object]) -> tuple[Seen, ...]:
        _, picture = self.environment.look(thought, ZOOM, arguments)
        return () if picture is None else self._take_in(picture)

    def edit(self, tool: str, arguments: dict[str, object], thought: str, within: Box) -> tuple[Seen, ...]:
        """Run an edit and read the edited picture around `within` (original pixels), without adding to the sheet.

        Nothing is read where the tool refused.
        """
        _, picture = self.environment.look(thought, tool, arguments)
        if picture is None:
            return ()
        self.pictures.append(picture)
        self.shown.append((picture.frame.region, 0.0))
        here = picture.frame.from_original(within)
        part = part_of(picture, here.padded(max(MARGIN, min(here.width, here.height))))
        return read_picture(self._reader, part, len(self.pictures) - 1, self._original)

    def sharpest(self, target: Box) -> int:
        """The picture that shows all of `target` largest; the view where no other does."""
        best, best_scale = 0, self.shown[0][1]
        for index, (region, scale) in enumerate(self.shown):
            if scale > best_scale and region.contains(target):
                best, best_scale = index, scale
        return best

    def is_covered(self, region: Box, scale: float) -> bool:
        """Was this region of the original already shown at about this scale?"""
        return covered(region, scale, self.shown)


MARGIN = 60.0
"""Pixels of picture around what is read again: enough for a detector to see a line as a line."""


def part_of(picture: Picture, box: Box) -> Picture:
    """The part of a picture inside a box (in its pixels, clipped to it), with its own frame."""
    x1, y1, x2, y2 = whole_pixels(box, picture.frame)
    frame = Frame(picture.frame.to_original(Box(x1, y1, x2, y2)), x2 - x1, y2 - y1)
    return Picture(picture.pixels.crop((x1, y1, x2, y2)), frame)


def whole_pixels(box: Box, frame: Frame) -> tuple[int, int, int, int]:
    """A box as whole pixels of a picture, inside it, with at least a pixel on each side."""
    x1, y1, x2, y2 = box.rounded()
    x1, y1 = min(max(0, x1), frame.width - 1), min(max(0, y1), frame.height - 1)
    return (x1, y1, min(max(x1 + 1, x2), frame.width), min(max(y1 + 1, y2), frame.height))


def with_air(box: Box, reach: float = 1.0) -> Box:
    """A line's box with `reach` times its height of air around it, and not longer than four to one.

    Detectors miss the ends of lines in crops that are all line.
    """
    air = reach * min(box.width, box.height)
    wide, high = box.width + 2 * air, box.height + 2 * air
    dx, dy = max(wide, high / 4) - box.width, max(high, wide / 4) - box.height
    return Box(box.x1 - dx / 2, box.y1 - dy / 2, box.x2 + dx / 2, box.y2 + dy / 2)
