"""Image in, image out: edits (ReFocus) and zoom (Chain-of-Focus), and the toolbox that runs them by name."""

from lensmill.tools.album import Album
from lensmill.tools.edits import EditKind
from lensmill.tools.errors import ToolError
from lensmill.tools.focus import EDIT_TOOLS, edit_name
from lensmill.tools.python import PYTHON
from lensmill.tools.settings import ZOOM_FLOOR, ToolSettings, ZoomSource
from lensmill.tools.spec import TOOLS, Drawn, ToolContext, ToolResult, ToolSpec
from lensmill.tools.toolbox import Toolbox, tool_schema
from lensmill.tools.uses import Uses, kind_of, uses_of
from lensmill.tools.zoom import ZOOM

__all__ = [
    "EDIT_TOOLS",
    "PYTHON",
    "TOOLS",
    "ZOOM",
    "ZOOM_FLOOR",
    "Album",
    "Drawn",
    "EditKind",
    "ToolContext",
    "ToolError",
    "ToolResult",
    "ToolSettings",
    "ToolSpec",
    "Toolbox",
    "Uses",
    "ZoomSource",
    "edit_name",
    "kind_of",
    "tool_schema",
    "uses_of",
]
