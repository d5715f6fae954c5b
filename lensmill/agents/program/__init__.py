"""Program: one reply with a program over our tools, run once; the answer comes from the picture that it made."""

from typing import Any

from lensmill.agents.program.opening import PROMPTS, planned_opening
from lensmill.agents.program.settings import ProgramSettings
from lensmill.agents.refocus.opening import PROMPTS as REFOCUS_PROMPTS
from lensmill.agents.spec import AGENT, Agent, AgentSpec, Resources
from lensmill.tools import EDIT_TOOLS


def _build(settings: Any, resources: Resources) -> Agent:
    from lensmill.agents.program.agent import ProgramAgent  # it reads charts, which takes a while to import

    assert resources.sandbox is not None
    return ProgramAgent(resources.model(), resources.sandbox, settings)


SPEC = AgentSpec(
    settings=ProgramSettings,
    build=_build,
    version=1,
    roles=(AGENT,),
    opening=planned_opening,
    prompts={**PROMPTS.named(), "refocus_question": REFOCUS_PROMPTS["question"]},
    tools=tuple(EDIT_TOOLS),
    needs=frozenset({"sandbox", "ocr"}),
)
