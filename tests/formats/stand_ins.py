"""Pictures for rows that come without theirs: a chart's axis values at their boxes, and focus areas outlined in red."""

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw

from lensmill.formats.imported import GivenPicture, given_picture

Boxes = Sequence[Mapping[str, float]]


def size_of(row: Mapping[str, Any]) -> tuple[int, int]:
    """A size in pixels that holds every box of a row."""
    boxes = [*row["x_values_bbox"], *row["y_values_bbox"], *row["focus_areas_bbox"], row["figure_bbox"]]
    return max(int(box["x2"]) for box in boxes) + 20, max(int(box["y2"]) for box in boxes) + 20


def chart(row: Mapping[str, Any]) -> Image.Image:
    """The axis values of a row, written at their boxes; its id makes the picture unlike any other."""
    pixels = Image.new("RGB", size_of(row), "white")
    pen = ImageDraw.Draw(pixels)
    for axis in ("x_values", "y_values"):
        for label, box in zip(row[axis], row[f"{axis}_bbox"], strict=True):
            pen.rectangle(_corners(box), outline=(200, 200, 200))
            pen.text((box["x1"] + 3, box["y1"] + 3), label, fill="black")
    pen.text((3, 3), row["id"], fill="blue")
    return pixels


def edited(row: Mapping[str, Any]) -> Image.Image:
    """The chart with the focus areas in red."""
    pixels = chart(row)
    pen = ImageDraw.Draw(pixels)
    for box in row["focus_areas_bbox"]:
        pen.rectangle(_corners(box), outline="red", width=5)
    return pixels


def given(pixels: Image.Image) -> GivenPicture:
    """A picture as the file of a row."""
    return given_picture(png(pixels))


def png(pixels: Image.Image) -> bytes:
    """The picture's file."""
    buffer = io.BytesIO()
    pixels.save(buffer, "PNG")
    return buffer.getvalue()


def draw_folder(rows: Sequence[Mapping[str, Any]], folder: Path) -> None:
    """Draw the pictures that rows name below a folder."""
    for row in rows:
        for name, draw in ((row["image"], chart), (row.get("edited_image"), edited)):
            if name:
                file = folder / name
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(png(draw(row)))


def _corners(box: Mapping[str, float]) -> tuple[float, float, float, float]:
    left, right = sorted((box["x1"], box["x2"]))
    top, bottom = sorted((box["y1"], box["y2"]))
    return left, top, right, bottom
