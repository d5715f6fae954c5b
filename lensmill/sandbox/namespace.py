"""The namespace of code in CPython: real PIL, numpy, OpenCV and matplotlib, the tools, `display`, and virtual files.

This runs inside the jailed fork. Nothing in this module is a boundary.

A picture carries the rectangle of the original that it shows in `info`, which Pillow copies along. Crops and resizes
update the rectangle; turns remove it. A picture without a rectangle (an array, a plot) that has the size of one of the
episode's pictures counts as showing the same rectangle, any other as showing that of image_1.
"""

import io
import os
import posix
import random
import re
import sys
import traceback
from collections.abc import Callable, Sequence
from typing import Any

import cv2
import matplotlib.figure
import matplotlib.pyplot as plt
import numpy as np
from PIL import Image, ImageOps

from lensmill.geometry import Box, Frame
from lensmill.sandbox import arguments
from lensmill.tools import EDIT_TOOLS, EditKind
from lensmill.tools.edits import focus

REGION = "lensmill-region"

_ADDRESS = re.compile(r"(?<=\bat )0x[0-9a-fA-F]+|\b0x[0-9a-fA-F]{9,16}\b")
"""The address of an object, as Python and its libraries print it. Addresses differ from run to run."""


class _Output(io.TextIOBase):
    """Standard output, cut to a maximum length, without text that differs from run to run."""

    def __init__(self, chars: int, plain: Callable[[str], str]) -> None:
        self._room, self._plain = chars, plain
        self.parts: list[str] = []

    def write(self, text: str) -> int:
        if self._room > 0:
            told = self._plain(text)
            self.parts.append(told[: self._room])
            self._room -= len(told)
        return len(text)


class Namespace:
    """One execution.

    Args:
        task: the host's request.
        view: a buffer that holds the pictures' RGB bytes from `offset` on.
        offset: the first byte of the first picture.
        folder: the program's temporary folder. Its random name is removed from printed text.
    """

    def __init__(self, task: dict[str, Any], view: Any, offset: int, folder: str) -> None:
        self._task, self._folder = task, folder
        self._files: dict[str, Image.Image] = {}
        self._shown: list[Image.Image] = []
        self._boxes: list[Any] = []
        self._muted = True
        self._regions: dict[tuple[int, int], tuple[float, ...]] = {}
        self._names: dict[str, Any] = dict(task["maps"])
        for index, (width, height, *region) in enumerate(task["pictures"], start=1):
            length = width * height * 3
            picture = Image.frombytes("RGB", (width, height), view[offset : offset + length])
            offset += length
            picture.info[REGION] = tuple(region)
            self._regions.setdefault((width, height), tuple(region))
            self._whole = self._regions[tuple(task["pictures"][0][:2])]
            self._names[f"image_{index}"] = picture
            for ending in ("", ".png", ".jpg", ".jpeg"):
                self._files[f"image_{index}{ending}"] = picture
        self._names |= {name: self._tool(kind) for name, (kind, _) in EDIT_TOOLS.items()}
        self._names |= {"image_path": "image_1.png", "display": self._display, "__name__": "__main__"}

    def run(self) -> tuple[dict[str, Any], list[bytes]]:
        """Run the earlier blocks without output, then the new one. Return the answer and the shown pictures' RGB
        bytes."""
        self._adapt_libraries()
        random.seed(0)  # the same block gives the same pictures in every run
        np.random.seed(0)
        *earlier, new = self._task["blocks"]
        for code in earlier:
            self._run(code)
        self._muted = False
        output = _Output(int(self._task["output_chars"]), self._plain)
        sys.stdout = sys.stderr = output
        error = self._run(new)
        pictures = [
            [picture.width, picture.height, *(picture.info.get(REGION) or self._region_of(picture))]
            for picture in self._shown
        ]
        answer = {
            "printed": "".join(output.parts),
            "error": error,
            "memory": (error or "").partition(": ")[2].startswith("MemoryError"),
            "pictures": pictures,
            "boxes": self._boxes,
        }
        return answer, [picture.tobytes() for picture in self._shown]

    def _run(self, code: str) -> str | None:
        try:
            exec(compile(code, "<code>", "exec"), self._names)
        except BaseException as error:
            lines = [entry.lineno for entry in traceback.extract_tb(error.__traceback__) if entry.filename == "<code>"]
            where = f"line {lines[-1]}: " if lines else ""
            return f"{where}{type(error).__name__}: {self._plain(str(error)[:1000])[:500]}"
        return None

    def _plain(self, text: str) -> str:
        """The text without addresses and the temporary folder: the same code prints the same text in every run."""
        return _ADDRESS.sub("0x0", text.replace(self._folder, "/tmp"))

    def _region_of(self, picture: Image.Image) -> tuple[float, ...]:
        return self._regions.get(picture.size, self._whole)

    def _display(self, *things: Any) -> None:
        for thing in things:
            picture = _as_picture(thing).convert("RGB")
            if self._muted:
                continue
            arguments.size(picture.size, self._task["pixels"])
            if len(self._shown) >= self._task["shown"]:
                raise ValueError(f"at most {self._task['shown']} images can be shown by one block of code")
            self._shown.append(picture.copy())

    def _tool(self, kind: EditKind) -> Callable[..., Image.Image]:
        def tool(image: Any, labels: Any, bbox_map: Any) -> Image.Image:
            source = _as_picture(image).convert("RGB")
            names, boxes = arguments.labels(labels), arguments.box_map(bbox_map)
            pixels, _ = focus(source, kind, names, boxes)
            region = source.info.get(REGION) or self._region_of(source)
            if not self._muted and len(self._boxes) < 500:
                frame = Frame(Box(*region), *source.size)
                self._boxes += [[name, *frame.to_original(boxes[name]).xyxy] for name in names]
            made = pixels.copy()
            made.info[REGION] = region
            return made

        return tool

    def _adapt_libraries(self) -> None:
        """Patch regions, virtual files and refusals into the libraries. The process ends after this execution."""
        _keep_regions(lambda picture: picture.info.get(REGION) or self._regions.get(picture.size))
        real_open, real_save = Image.open, Image.Image.save

        def open_(fp: Any, *args: Any, **kwargs: Any) -> Image.Image:
            if isinstance(fp, str | os.PathLike):
                known = self._files.get(str(fp)) or self._files.get(os.path.basename(str(fp)))
                if known is None:
                    raise FileNotFoundError(f"there is no image {str(fp)[:60]!r}; there is image_1.png")
                return known.copy()
            return real_open(fp, *args, **kwargs)

        def save(image: Image.Image, fp: Any, *args: Any, **kwargs: Any) -> None:
            if isinstance(fp, str | os.PathLike):
                self._files[str(fp)] = image.copy()
            else:
                real_save(image, fp, *args, **kwargs)

        def savefig(figure: Any, fname: Any = None, *_args: Any, **_kwargs: Any) -> None:
            picture = _as_picture(figure)
            if isinstance(fname, str | os.PathLike):
                self._files[str(fname)] = picture
            else:
                real_save(picture, fname, "PNG")

        def imwrite(name: Any, array: Any, *_args: Any) -> bool:
            self._files[str(name)] = Image.fromarray(array if array.ndim == 2 else array[:, :, 2::-1].copy())
            return True

        def imread(name: Any, *_flags: Any) -> Any:
            return np.array(open_(str(name)).convert("RGB"))[:, :, ::-1].copy()

        def show_figures(*_args: Any, **_kwargs: Any) -> None:
            for number in plt.get_fignums():
                self._display(plt.figure(number))
            plt.close("all")

        libraries: list[tuple[Any, dict[str, Any]]] = [
            (Image, {"open": open_}),
            (Image.Image, {"save": save, "show": lambda image, *_: self._display(image)}),
            (cv2, {"imread": imread, "imwrite": imwrite}),
            (matplotlib.figure.Figure, {"savefig": savefig}),
            (plt, {"show": show_figures, "savefig": lambda *args, **kwargs: savefig(plt.gcf(), *args, **kwargs)}),
            (os, {"makedirs": _nothing, "mkdir": _nothing, "system": _no_programs}),
            (os, {"getpid": _one, "getppid": _one}),
            (posix, {"getpid": _one, "getppid": _one}),
            (posix, {"system": _no_programs}),  # the jail refuses programs anyway; this gives the code a clear message
        ]
        os.environ.clear()  # the libraries read the environment when they were imported
        for library, attributes in libraries:
            for name, value in attributes.items():
                setattr(library, name, value)


def _nothing(*_args: Any, **_kwargs: Any) -> None:
    """Folders are virtual: making one does nothing."""


def _one() -> int:
    """The number of every process here. Real numbers differ from run to run."""
    return 1


def _no_programs(*_args: Any) -> None:
    raise PermissionError("no programs can be started here")


def _as_picture(thing: Any) -> Image.Image:
    if isinstance(thing, Image.Image):
        return thing
    if isinstance(thing, np.ndarray):
        scaled = thing * 255 if thing.dtype.kind == "f" and thing.size and thing.max() <= 1 else thing
        return Image.fromarray(np.clip(scaled, 0, 255).astype(np.uint8))
    if isinstance(thing, matplotlib.figure.Figure):
        thing.canvas.draw()
        return Image.fromarray(np.asarray(thing.canvas.buffer_rgba())).convert("RGB")  # type: ignore[attr-defined]
    raise TypeError(f"an image, an array or a figure can be shown, not a {type(thing).__name__}")


def _keep_regions(region_of: Callable[[Image.Image], tuple[float, ...] | None]) -> None:
    """Make Pillow's operations update the region of the original."""

    def part(image: Image.Image, box: Sequence[float]) -> tuple[float, ...] | None:
        region = region_of(image)
        return Frame(Box(*region), *image.size).to_original(Box(*box)).xyxy if region else None

    def placed(image: Image.Image, region: tuple[float, ...] | None) -> Image.Image:
        image.info = {**image.info, REGION: region}
        return image

    crop, resize, expand = Image.Image.crop, Image.Image.resize, ImageOps.expand

    def new_crop(image: Image.Image, box: Any = None) -> Image.Image:
        return placed(crop(image, box), part(image, box)) if box is not None else crop(image, box)

    def new_resize(
        image: Image.Image, size: Any, resample: Any = None, box: Any = None, *args: Any, **kwargs: Any
    ) -> Image.Image:
        made = resize(image, size, resample, box, *args, **kwargs)
        return placed(made, part(image, box)) if box is not None else made

    def new_expand(image: Image.Image, border: Any = 0, fill: Any = 0) -> Image.Image:
        made = expand(image, border, fill)
        left, top = (border, border) if isinstance(border, int) else border[:2]
        return placed(made, part(image, (-left, -top, made.width - left, made.height - top)))

    def turned(method: Callable[..., Image.Image]) -> Callable[..., Image.Image]:
        return lambda *args, **kwargs: placed(method(*args, **kwargs), None)

    image_class: Any = Image.Image
    image_class.rotate, image_class.transpose = turned(image_class.rotate), turned(image_class.transpose)
    image_class.crop, image_class.resize = new_crop, new_resize
    ImageOps.expand = new_expand
