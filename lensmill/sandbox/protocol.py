"""The interface of a sandbox: it runs Python that a model wrote, on an episode's pictures and tools, within limits."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from lensmill.geometry import Box
from lensmill.picture import Picture
from lensmill.sample import RegionKind

BoxMaps = Mapping[RegionKind, Mapping[str, Box]]
"""Kind of part -> label -> box in pixels of the first picture. Code sees each kind as `<kind>_bbox`, e.g.
`x_values_bbox`, a dict of label -> {"x1": ..., "y1": ..., "x2": ..., "y2": ...} (as in ReFocus)."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of one execution.

    Attributes:
        seconds: wall time.
        memory_mb: memory of the interpreter, without the pictures.
        host_calls: calls of tools and picture methods.
        output_chars: characters of printed text; the rest is cut.
        pictures: pictures that the code may show; showing more is an error.
        pixels: pixels of one picture that the code makes.
        source_chars: characters of the source.
        source_lines: lines of the source.
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
    """The result of one block of code.

    Attributes:
        pictures: the displayed pictures, in order, each with its frame on the original.
        boxes: the parts that tool calls focused on: label -> box in original pixels, in order.
        printed: the printed text, cut to the limit.
        error: the error in one or two sentences for the model, with the line; None without an error. Pictures shown
            before the error are kept.
        stopped: the limit that ended the block ("seconds", "memory", "host_calls", ...). The session is then lost, and
            the next block starts from the episode's pictures. For a block that ran out of seconds nothing else is
            recorded: its progress differs from run to run.
    """

    pictures: tuple[Picture, ...] = ()
    boxes: tuple[tuple[str, Box], ...] = ()
    printed: str = ""
    error: str | None = None
    stopped: str | None = None


class Session(Protocol):
    """The interpreter of one episode. Variables of a block exist in the next block, and never in another episode."""

    def run(self, code: str) -> Execution:
        """Run a block. Blocks the calling thread for at most the limit of seconds and a short grace time."""
        ...

    def close(self) -> None:
        """End the session and delete its variables."""


class Sandbox(Protocol):
    """Makes sessions. One sandbox for each process. Safe to use from several threads."""

    def session(self, pictures: Sequence[Picture], boxes: BoxMaps) -> Session:
        """A new session. Code sees `pictures` as image_1, image_2, ... (image_1 is the view)."""
        ...

    def layers(self) -> tuple[str, ...]:
        """The boundaries in force on this machine, for the report at start."""
        ...

    def close(self) -> None:
        """Stop all programs of the sandbox."""
