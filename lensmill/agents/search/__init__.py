"""Search: how Chain-of-Focus builds its data. A search with instruments, a verifier, and a summary in its protocol."""

from typing import Any

from lensmill.agents.protocol import Verifier
from lensmill.agents.search.agent import ROLES, SearchAgent, checked_search_opening
from lensmill.agents.search.instruments import INSTRUMENT_SCHEMAS
from lensmill.agents.search.prompting import PROMPTS
from lensmill.agents.search.settings import SearchSettings
from lensmill.agents.search.verifier import ModelVerifier
from lensmill.agents.spec import AGENT, AgentSpec, Resources, Reviewing
from lensmill.agents.zoom.messages import PROMPTS as ZOOM_PROMPTS
from lensmill.tools import ZOOM

VERIFIER = "verifier"


def _verifier(settings: Any, resources: Resources, reviewing: Reviewing) -> Verifier:
    return ModelVerifier(
        resources.model(VERIFIER),
        reviewing.task,
        reviewing.answers,
        reviewing.judge,
        settings.sampling,
        view=reviewing.view,
        episode=reviewing.episode,
        structured=settings.structured,
        record=reviewing.calls,
    )


SPEC = AgentSpec(
    settings=SearchSettings,
    build=lambda settings, resources: SearchAgent(resources.model(), resources.models, settings),
    version=2,
    roles=(AGENT, *ROLES, VERIFIER),
    opening=checked_search_opening,
    prompts={**PROMPTS.named(), **ZOOM_PROMPTS.named()},
    tools=(ZOOM,),
    own_tools=INSTRUMENT_SCHEMAS,
    verifier=_verifier,
)
