"""A contact sheet of samples: picture with the boxes of the evidence, question, options and answers."""

import textwrap
from collections.abc import Sequence

from PIL import Image, ImageDraw, ImageFont

from lensmill.decoding import load_original
from storage.sources.protocol import SourceItem

WIDTH, HEIGHT, TEXT, MARGIN = 420, 320, 190, 12
LINES, CHARACTERS = 10, 54
INK, BOX = (20, 20, 20), (215, 30, 30)


def sample_sheet(items: Sequence[SourceItem]) -> Image.Image:
    """The samples side by side, each in a tile; boxes are red."""
    sheet = Image.new("RGB", (max(1, len(items)) * (WIDTH + MARGIN) + MARGIN, HEIGHT + TEXT + 2 * MARGIN), "white")
    for place, item in enumerate(items):
        _tile(sheet, MARGIN + place * (WIDTH + MARGIN), item)
    return sheet


def _tile(sheet: Image.Image, left: int, item: SourceItem) -> None:
    original, sample = load_original(item.image), item.sample
    scale = min(WIDTH / original.width, HEIGHT / original.height)
    size = (max(1, round(original.width * scale)), max(1, round(original.height * scale)))
    sheet.paste(original.pixels.resize(size, Image.Resampling.LANCZOS), (left, MARGIN))
    draw = ImageDraw.Draw(sheet)
    draw.rectangle((left - 1, MARGIN - 1, left + size[0], MARGIN + size[1]), outline=(190, 190, 190))
    for box in sample.targets:
        x1, y1, x2, y2 = (edge * scale for edge in box.xyxy)
        draw.rectangle((left + x1, MARGIN + y1, left + x2, MARGIN + y2), outline=BOX, width=2)
    lines = textwrap.wrap(sample.question, CHARACTERS)
    lines += textwrap.wrap("options: " + " | ".join(sample.choices), CHARACTERS) if sample.choices else []
    lines += textwrap.wrap("answer: " + " | ".join(sample.answers), CHARACTERS)
    lines += textwrap.wrap(f"{original.width}x{original.height}, {sample.origin}", CHARACTERS)
    text = "\n".join([*lines[:LINES], *(["..."] if len(lines) > LINES else [])])
    draw.multiline_text((left, HEIGHT + 2 * MARGIN), text, INK, ImageFont.load_default(14), spacing=3)
