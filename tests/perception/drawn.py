"""Charts drawn for the tests, with the lines of text that a perfect recogniser would read."""

from dataclasses import dataclass, field

from PIL import Image, ImageDraw, ImageFont

from lensmill.geometry import Box, Frame
from lensmill.perception.chart import ChartReading
from lensmill.perception.reading import read_chart
from lensmill.perception.text import TextLine, Word
from lensmill.picture import Picture

BLUE, NAVY, GREY = (40, 118, 221), (15, 40, 62), (186, 186, 186)
BLACK = (40, 40, 40)


@dataclass
class Drawn:
    """A white sheet that records its texts as lines."""

    width: int = 800
    height: int = 560
    lines: list[TextLine] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.image = Image.new("RGB", (self.width, self.height), "white")
        self._draw = ImageDraw.Draw(self.image)

    def bar(self, x1: float, y1: float, x2: float, y2: float, colour: tuple[int, int, int] = BLUE) -> None:
        self._draw.rectangle((x1, y1, x2 - 1, y2 - 1), fill=colour)

    def trace(self, points: list[tuple[float, float]], colour: tuple[int, int, int] = BLUE) -> None:
        self._draw.line(points, fill=colour, width=3)

    def text(
        self, text: str, x: float, y: float, anchor: str = "mm", colour: tuple[int, int, int] = BLACK, size: int = 13
    ) -> None:
        """Write text. The anchor is Pillow's (lm: left middle, mm: middle, rm: right middle)."""
        font = ImageFont.load_default(size)
        self._draw.text((x, y), text, fill=colour, font=font, anchor=anchor)
        x1, y1, x2, y2 = self._draw.textbbox((x, y), text, font=font, anchor=anchor)
        box = Box(x1 - 2, min(y1, y - 9), x2 + 2, max(y2, y + 9))
        words, at = [], float(x1)
        for word in text.split(" "):
            wide = self._draw.textlength(word, font=font)
            words.append(Word(word, Box(at, box.y1, at + wide, box.y2)))
            at += wide + self._draw.textlength(" ", font=font)
        self.lines.append(TextLine(text, box, 1.0, 0.0, tuple(words)))

    @property
    def picture(self) -> Picture:
        return Picture(self.image, Frame.whole(self.image.size))

    def read(self) -> ChartReading:
        return read_chart([self.picture], self.lines)


def columns(
    values: dict[str, list[float]], colours: tuple[tuple[int, int, int], ...] = (BLUE, NAVY, GREY), printed: bool = True
) -> Drawn:
    """Grouped columns over a base at y=400, 3 px for each unit of value, ticks every 20 up to 100."""
    sheet = Drawn()
    slot = 600 / len(values)
    for tick in range(0, 101, 20):
        sheet.text(str(tick), 90, 400 - 3 * tick, "rm")
    for index, (name, heights) in enumerate(values.items()):
        centre = 110 + (index + 0.5) * slot
        wide = 0.7 * slot / len(heights)
        for place, value in enumerate(heights):
            left = round(centre - 0.35 * slot + place * wide)
            sheet.bar(left, 400 - 3 * value, left + round(wide) - 4, 400, colours[place])
            if printed:
                sheet.text(f"{value:g}", left + wide / 2 - 2, 400 - 3 * value - 12)
        sheet.text(name, centre, 416)
    return sheet


def rows(values: dict[str, float], unit: str = "%") -> Drawn:
    """Single rows from x=220, 4 px for each unit of value, the numbers at their ends."""
    sheet = Drawn()
    pitch = 400 / len(values)
    for index, (name, value) in enumerate(values.items()):
        y = 60 + (index + 0.5) * pitch
        if value:
            sheet.bar(220, y - 0.3 * pitch, 220 + 4 * value, y + 0.3 * pitch)
        sheet.text(name, 210, y, "rm")
        sheet.text(f"{value:g}{unit}", 226 + 4 * value, y, "lm")
    return sheet


def stacked(values: dict[str, list[float]], names: list[str], at: float = 60) -> Drawn:
    """Stacked rows with the numbers inside and the series' names over the first row."""
    sheet = Drawn()
    colours = (BLUE, NAVY, GREY)
    for index, (name, parts) in enumerate(values.items()):
        y, x = at + 50 + index * 60, 200.0
        sheet.text(name, 190, y, "rm")
        for place, part in enumerate(parts):
            sheet.bar(round(x), y - 18, round(x + 5 * part), y + 18, colours[place])
            sheet.text(f"{part:g}", x + 2.5 * part, y, colour=(255, 255, 255) if place < 2 else BLACK)
            if index == 0:
                sheet.text(names[place], x + 2.5 * part, at + 16)
            x += 5 * part
    return sheet
