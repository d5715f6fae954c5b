"""Parts of the formats in which trajectories come from elsewhere."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import PurePosixPath
from typing import Any

from lensmill.formats.example import Example, PictureFile

IMAGES = "images"


def again(
    example: Example, name: str, row_again: Callable[[Mapping[str, Any]], dict[str, Any]]
) -> dict[str, Any] | None:
    """The row that an imported episode came from; None for an episode of ours, or of another format.

    Args:
        name: of the format.
    """
    recording = example.trajectory.recording
    return row_again(example.row) if recording is not None and recording.format == name else None


def placed(picture: PictureFile, path: object) -> PictureFile:
    """A picture at the path that its row names, below the folder of pictures, or by content for a path elsewhere."""
    parts = PurePosixPath(path).parts if isinstance(path, str) else ()
    plain = 0 < len(parts) <= 20 and not any(part in ("..", "/") or "\0" in part or "\\" in part for part in parts)
    return replace(picture, place="/".join((IMAGES, *parts))) if plain and len(str(path)) < 500 else picture
