"""The pictures of one session on the host, and the calls that code makes on them.

Code holds numbers of pictures, never the pictures. Each picture lies here with its frame on the original. Operations
update the frame: a crop narrows it, a resize changes its size. Pixels that came from outside or were shown never
change: drawing copies them first.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from PIL import Image

from lensmill.geometry import Box, Frame
from lensmill.picture import Picture
from lensmill.sample import RegionKind
from lensmill.sandbox import arguments
from lensmill.sandbox.protocol import BoxMaps, Limits
from lensmill.sandbox.values import Handle
from lensmill.tools import EDIT_TOOLS, EditKind, ToolError
from lensmill.tools.edits import focus
from lensmill.tools.errors import shown

HELD_TIMES = 3
"""The pictures of a session together have at most this many times the pixels of the largest allowed picture (480 MB by
default)."""

MODES = ("1", "L", "RGB", "RGBA")

_FAULTS = (ArithmeticError, AttributeError, LookupError, MemoryError, NameError, OSError, TypeError, ValueError)


class Fault(Exception):
    """A call that failed, as code sees it: the kind of exception and its text."""

    def __init__(self, kind: str, text: str) -> None:
        super().__init__(text)
        self.kind = kind


@dataclass(slots=True)
class Held:
    """A picture of the session.

    Attributes:
        pixels: an image in one of MODES.
        frame: the picture's place on the original; None for a canvas that shows no part of it.
        owned: no other picture shares these pixels, so drawing may change them in place.
    """

    pixels: Image.Image
    frame: Frame | None
    owned: bool = False


Operation = Callable[..., Any]
"""(session, the receiver's number if the operation is a method, *args, **kwargs) -> a value for the sandbox."""


def register(operations: dict[str, Operation], *names: str) -> Callable[[Operation], Operation]:
    """Register the decorated function under these names: "PIL.Image.new" for a function, "image.crop" for a method."""

    def enter(function: Operation) -> Operation:
        operations.update(dict.fromkeys(names, function))
        return function

    return enter


class PictureSession:
    """The pictures of one session. Not thread-safe: a session runs one block at a time.

    Args:
        pictures: the episode's pictures: image_1, image_2, ...
        boxes: boxes of the named parts, in pixels of the first picture.
        limits: limits of one execution.
        operations: name -> function, see `register`.

    Attributes:
        files: virtual file name -> number of a picture.
        shown: pictures that the current block displayed.
        focused: (label, box in original pixels) of the edits in the current block.
    """

    def __init__(
        self, pictures: Sequence[Picture], boxes: BoxMaps, limits: Limits, operations: Mapping[str, Operation]
    ) -> None:
        self.limits = limits
        self.files: dict[str, int] = {}
        self.shown: list[Picture] = []
        self.focused: list[tuple[str, Box]] = []
        self._boxes = boxes
        self._operations = operations
        self._objects: dict[int, Any] = {}
        self._counted: dict[int, int] = {}
        self._last = 0
        self._room = HELD_TIMES * limits.pixels
        self._names: dict[str, Any] = {f"{kind}_bbox": as_dicts(boxes.get(kind, {})) for kind in arguments.KINDS}
        for index, picture in enumerate(pictures, start=1):
            handle = self.keep(Held(picture.pixels, picture.frame), count=False)
            self._names[f"image_{index}"] = handle
            for ending in ("", ".png", ".jpg", ".jpeg"):
                self.files[f"image_{index}{ending}"] = handle.number
        self._names["image_path"] = "image_1.png"

    @property
    def names(self) -> dict[str, Any]:
        """The names that code finds bound at its start."""
        return dict(self._names)

    def keep(self, held: Held, count: bool = True) -> Handle:
        """Store a picture and return its handle.

        Args:
            held: the picture.
            count: count its pixels against the limit of the session.

        Raises:
            Fault: the session's pictures are too large together.
        """
        pixels = held.pixels.width * held.pixels.height if count else 0
        if pixels > self._room:
            raise Fault("MemoryError", "this episode's pictures are too large together: crop or resize first")
        facts = {
            "size": held.pixels.size,
            "width": held.pixels.width,
            "height": held.pixels.height,
            "mode": held.pixels.mode,
        }
        number = self._put(held)
        if pixels:
            self._room -= pixels
            self._counted[number] = pixels
        return Handle("image", number, facts)

    def keep_other(self, kind: str, thing: Any) -> Handle:
        """Store an object that is not a picture (a pen, an enhancer) and return its handle."""
        return Handle(kind, self._put(thing))

    def _put(self, thing: Any) -> int:
        self._last += 1
        self._objects[self._last] = thing
        return self._last

    def held(self, value: object) -> Held:
        """The picture that an argument names.

        Raises:
            ToolError: the argument is no handle of a picture.
        """
        thing = self._objects.get(value.number) if isinstance(value, Handle) else None
        if not isinstance(thing, Held):
            raise ToolError(f"an image is needed here, got {shown(value, 60)}")
        return thing

    def thing(self, number: int) -> Any:
        """The object with this number."""
        return self._objects[number]

    def forget_unless(self, reachable: Callable[[int], bool]) -> None:
        """Drop objects that code cannot name any more: those that are neither reachable, nor saved, nor drawn on."""
        kept = {number for number in self._objects if reachable(number)} | set(self.files.values())
        kept |= {thing[-1].number for number in kept if isinstance(thing := self._objects[number], tuple)}
        for number in self._objects.keys() - kept:
            del self._objects[number]
            self._room += self._counted.pop(number, 0)

    def start_block(self) -> None:
        """Clear the lists of shown pictures and focused boxes, which are counted for each block."""
        self.shown, self.focused = [], []

    def call(self, name: str, on: int | None, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
        """Run one call of the code.

        Args:
            name: of the function or method.
            on: the receiver's number; None for a function.
            args: the positional arguments, decoded.
            kwargs: the keyword arguments, decoded.

        Raises:
            Fault: the call failed; nothing has changed.
        """
        key = name
        receiver: tuple[int, ...] = ()
        if on is not None:
            thing = self._objects.get(on)
            kind = "image" if isinstance(thing, Held) else thing[0] if isinstance(thing, tuple) else "?"
            key, receiver = f"{kind}.{name}", (on,)
        try:
            if on is None and name == "display":
                return self._display(*args, **kwargs)
            if on is None and name in EDIT_TOOLS:
                return self._focus(*EDIT_TOOLS[name], *args, **kwargs)
            operation = self._operations.get(key)
            if operation is None:
                if on is None and "." not in name:
                    raise NameError(f"name {shown(name, 60)!r} is not defined")
                raise AttributeError(f"{shown(name, 60)} is not available here")
            return operation(self, *receiver, *args, **kwargs)
        except _FAULTS as error:
            kind = type(error).__name__ if type(error) in _NAMED else "ValueError"
            raise Fault(kind, _text(error)) from None

    def _display(self, *images: Any) -> None:
        for value in images:
            held = self.held(value)
            if held.frame is None:
                raise ToolError("this image shows no part of the original, so it cannot be shown: draw on a copy")
            if len(self.shown) >= self.limits.pictures:
                raise ToolError(f"at most {self.limits.pictures} images can be shown by one block of code")
            held.owned = False
            self.shown.append(Picture(flat(held.pixels), held.frame))

    def _focus(self, kind: EditKind, part: RegionKind, image: Any, labels: Any, boxes: Any = None) -> Handle:
        held = self.held(image)
        names = arguments.labels(labels)
        here = arguments.box_map(as_dicts(self._boxes.get(part, {})) if boxes is None else boxes)
        pixels, _ = focus(flat(held.pixels), kind, names, here)
        made = self.keep(Held(pixels, held.frame, owned=pixels is not held.pixels), count=pixels is not held.pixels)
        if held.frame is not None:
            self.focused += [(name, held.frame.to_original(here[name])) for name in names]
        return made


_NAMED = (AttributeError, FileNotFoundError, KeyError, MemoryError, NameError, TypeError)


def flat(pixels: Image.Image) -> Image.Image:
    """The picture as RGB. Transparent pixels are blended with white."""
    if pixels.mode == "RGBA":
        white = Image.new("RGB", pixels.size, (255, 255, 255))
        white.paste(pixels, mask=pixels.getchannel("A"))
        return white
    return pixels if pixels.mode == "RGB" else pixels.convert("RGB")


def as_dicts(boxes: Mapping[str, Box]) -> dict[str, dict[str, float]]:
    """A map of labels as code sees it."""

    def plain(n: float) -> float:
        return int(n) if n == int(n) else n  # as ReFocus writes numbers

    return {
        label: dict(zip(("x1", "y1", "x2", "y2"), map(plain, box.xyxy), strict=True)) for label, box in boxes.items()
    }


def _text(error: Exception) -> str:
    text = str(error.args[0]) if isinstance(error, KeyError) and error.args else str(error)
    return shown(text or type(error).__name__, 400)


def changeable(held: Held) -> Image.Image:
    """Pixels of the picture that no other picture shares."""
    if not held.owned:
        held.pixels, held.owned = held.pixels.copy(), True
    return held.pixels
