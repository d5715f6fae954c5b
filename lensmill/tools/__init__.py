"""Image in, image out: edits (ReFocus) and zoom (Chain-of-Focus), and the toolbox that runs them by name."""

from lensmill.tools.album import Album
from lensmill.tools.edits import EditKind
from lensmill.tools.errors import ToolError
from lensmill.tools.toolbox import (
    EDIT_TOOLS,
    PYTHON,
    ZOOM,
    Toolbox,
    ToolResult,
    ToolSettings,
    edit_name,
    tool_schema,
)
from lensmill.tools.uses import Uses, uses_of

__all__ = [
    "EDIT_TOOLS",
    "PYTHON",
    "ZOOM",
    "Album",
    "EditKind",
    "ToolError",
    "ToolResult",
    "ToolSettings",
    "Toolbox",
    "Uses",
    "edit_name",
    "tool_schema",
    "uses_of",
]
