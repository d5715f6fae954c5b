"""Python: the record of a step in which an agent's own code ran. The agent runs it, in the sandbox."""

from lensmill.tools.spec import ToolSpec

PYTHON = "python"

SPEC = ToolSpec(
    name=PYTHON,
    version=1,
    kind="code",
    description="Run Python code.",
    properties={"code": {"type": "string"}},
    required=("code",),
)
