"""ReFocus: the model edits the picture by writing Python, and looks at what it made."""

from typing import Any

from lensmill.agents.refocus.opening import PROMPTS, planned_opening
from lensmill.agents.refocus.settings import RefocusSettings
from lensmill.agents.spec import AGENT, Agent, AgentSpec, Resources
from lensmill.tools import EDIT_TOOLS


def _build(settings: Any, resources: Resources) -> Agent:
    from lensmill.agents.refocus.agent import RefocusAgent  # it reads charts, which takes a while to import

    assert resources.sandbox is not None
    return RefocusAgent(resources.model(), resources.sandbox, settings)


SPEC = AgentSpec(
    settings=RefocusSettings,
    build=_build,
    version=4,
    roles=(AGENT,),
    opening=planned_opening,
    prompts=PROMPTS.named(),
    tools=tuple(EDIT_TOOLS),
    needs=frozenset({"sandbox", "ocr"}),
)
