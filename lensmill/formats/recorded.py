"""Parts of the formats in which trajectories come from elsewhere."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import PurePosixPath
from typing import Any

from lensmill.formats.example import Example, PictureFile


def again(
    example: Example, name: str, row_again: Callable[[Mapping[str, Any]], dict[str, Any]]
) -> dict[str, Any] | None:
    """The row that an imported episode came from; None for an episode of ours, or of another format.

    Args:
        name: of the format.
    """
    recording = example.trajectory.recording
    return row_again(example.row) if recording is not None and recording.format == name else None


def named(picture: PictureFile, path: object) -> PictureFile:
    """A picture with the path that its row gives, so that the exported path ends with the recorded one. A path that
    leads out of a folder, or is no plain path, is not kept."""
    parts = PurePosixPath(path).parts if isinstance(path, str) else ()
    plain = 0 < len(parts) <= 20 and len(str(path)) <= 500 and not {"..", "/"} & {*parts}
    printable = isinstance(path, str) and path.isprintable() and "\\" not in path
    return replace(picture, recorded="/".join(parts)) if plain and printable else picture


def view_alone(example: Example) -> Example:
    """The episode with its view alone: the calls of Chain-of-Focus's rows are all about the first picture."""
    return replace(example, pictures=example.pictures[:1])
