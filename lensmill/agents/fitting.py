"""What is known before an episode starts: whether its first call fits into the model."""

from lensmill.agents.conversation import budget, check_view, prompt_tokens
from lensmill.agents.direct import direct_opening
from lensmill.agents.protocol import Task
from lensmill.agents.refocus.agent import refocus_opening
from lensmill.agents.search.agent import search_opening
from lensmill.agents.settings import DirectSettings, ModelAgentSettings, RefocusSettings
from lensmill.agents.zoom import zoom_opening
from lensmill.geometry import Box, Frame
from lensmill.models.families import ModelFamily
from lensmill.sample import RegionKind


def check_fit(settings: ModelAgentSettings, family: ModelFamily, task: Task, view: Frame) -> int:
    """Tokens that an episode has left after its first call, for planning; nothing is asked or drawn.

    Later turns may still run out: what they cost depends on what the agent looks at.

    Raises:
        TooLong: the first call does not fit; the message names the rung and the tokens.
        PictureSize: the model's server would resize the view.
    """
    size = (view.width, view.height)
    if isinstance(settings, DirectSettings):
        messages = direct_opening(task, settings.think)
    elif isinstance(settings, RefocusSettings):
        parts: dict[RegionKind, dict[str, Box]] = {}
        for region in task.regions:
            parts.setdefault(region.kind, {})[region.label] = region.box
        messages = refocus_opening(task, parts, size)
    else:
        check_view(family, size, task.rung)
        opening = zoom_opening if settings.name == "zoom" else search_opening
        messages = opening(task, family.convention)
    prompt = prompt_tokens(family, messages, [size])
    return budget(family, prompt, [size], settings.max_tokens, task.rung)
