"""Zoom: Chain-of-Focus's inference protocol."""

from lensmill.agents.spec import AGENT, AgentSpec
from lensmill.agents.zoom.agent import ZoomAgent, checked_zoom_opening
from lensmill.agents.zoom.messages import PROMPTS
from lensmill.agents.zoom.settings import ZoomSettings
from lensmill.tools import ZOOM

SPEC = AgentSpec(
    settings=ZoomSettings,
    build=lambda settings, resources: ZoomAgent(resources.model(), settings),
    version=2,
    roles=(AGENT,),
    opening=checked_zoom_opening,
    prompts=PROMPTS.named(),
    tools=(ZOOM,),
)
