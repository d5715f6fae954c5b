"""A tool: the picture with its colours inverted."""

from collections.abc import Mapping
from typing import Any

from PIL import ImageOps

from lensmill.picture import Picture
from lensmill.tools import Drawn, ToolContext, ToolSpec


def _inverted(source: Picture) -> Picture:
    return Picture(ImageOps.invert(source.pixels), source.frame)


def _run(context: ToolContext, _arguments: Mapping[str, Any]) -> Drawn:
    return context.drawn(context.about, _inverted, "Inverted.")


SPEC = ToolSpec(name="invert", version=3, kind="edit", description="Invert the colours.", properties={}, run=_run)
