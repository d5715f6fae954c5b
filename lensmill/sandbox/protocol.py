"""What a sandbox is: it runs Python that a model wrote against an episode's pictures and the tools, within limits."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from lensmill.geometry import Box
from lensmill.picture import Picture
from lensmill.sample import RegionKind

BoxMaps = Mapping[RegionKind, Mapping[str, Box]]
"""Kind of part -> label -> box, in pixels of the first picture. The code sees each as `<kind>_bbox`, e.g.
`x_values_bbox`, a dict of label -> {"x1": ..., "y1": ..., "x2": ..., "y2": ...} (ReFocus)."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one execution may use.

    Attributes:
        seconds: of wall time.
        memory_mb: of the interpreter, beside the pictures.
        host_calls: calls of tools and picture methods.
        output_chars: of what it prints; more is cut.
        pictures: that it may show; showing more is an error.
        pixels: of one picture that it makes.
        source_chars: of its source; `source_lines` likewise.
    """

    seconds: float = 2.0
    memory_mb: int = 64
    host_calls: int = 300
    output_chars: int = 64_000
    pictures: int = 8
    pixels: int = 40_000_000
    source_chars: int = 20_000
    source_lines: int = 400


@dataclass(frozen=True, slots=True)
class Execution:
    """What came of one block of code.

    Attributes:
        pictures: what it displayed, in order, each with its frame on the original.
        boxes: what its tool calls focused on, label -> box in original pixels, in order.
        printed: its output, cut to the limit.
        error: what went wrong, in one or two sentences for the model to read, with the line; None if nothing did.
            Pictures shown before the error are kept.
        stopped: the limit that ended it ("seconds", "memory", "host_calls", ...); the session is lost then, and the
            next block starts afresh from the episode's pictures. Of a block that ran out of seconds nothing else is
            told, since how far it came differs from run to run.
    """

    pictures: tuple[Picture, ...] = ()
    boxes: tuple[tuple[str, Box], ...] = ()
    printed: str = ""
    error: str | None = None
    stopped: str | None = None


class Session(Protocol):
    """One episode's interpreter: what a block assigns is there in the next one, and never in another episode."""

    def run(self, code: str) -> Execution:
        """Run a block; blocks the calling thread for at most the limit of seconds and a little."""
        ...

    def close(self) -> None: ...


class Sandbox(Protocol):
    """Makes sessions; one a process. Safe to use from several threads."""

    def session(self, pictures: Sequence[Picture], boxes: BoxMaps) -> Session:
        """A fresh session; `pictures` are bound to image_1, image_2, ... (image_1 is the view)."""
        ...

    def layers(self) -> tuple[str, ...]:
        """The boundaries that are in force on this machine, for the report at start."""
        ...

    def close(self) -> None: ...
