"""Parts of the formats in which trajectories come from elsewhere."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from lensmill.formats.example import Example


def again(
    example: Example, name: str, row_again: Callable[[Mapping[str, Any]], dict[str, Any]]
) -> dict[str, Any] | None:
    """The row that an imported episode came from; None for an episode of ours, or of another format.

    Args:
        name: of the format.
    """
    recording = example.trajectory.recording
    return row_again(example.row) if recording is not None and recording.format == name else None


def view_alone(example: Example) -> Example:
    """The episode with its view alone: the calls of Chain-of-Focus's rows are all about the first picture."""
    return replace(example, pictures=example.pictures[:1])
