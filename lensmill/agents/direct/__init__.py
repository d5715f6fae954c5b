"""Direct: one question, one answer, no tools."""

from lensmill.agents.direct.agent import PROMPTS, DirectAgent, direct_opening, shown_pictures
from lensmill.agents.direct.settings import DirectSettings
from lensmill.agents.spec import AGENT, AgentSpec

SPEC = AgentSpec(
    settings=DirectSettings,
    build=lambda settings, resources: DirectAgent(resources.model(), settings),
    version=2,
    roles=(AGENT,),
    # pictures of given trajectories are not known at planning: the view stands for them
    opening=lambda settings, task, _size, _family: direct_opening(task, settings.think, shown_pictures(settings, 1)),
    prompts=PROMPTS.named(),
)
