"""What is known before an episode starts: whether its first call fits into the model."""

from lensmill.agents.conversation import budget, prompt_tokens
from lensmill.agents.protocol import Task
from lensmill.agents.settings import AgentSettings, ModelAgentSettings
from lensmill.agents.spec import AGENTS
from lensmill.geometry import Frame
from lensmill.models.families import ModelFamily


def check_fit(settings: AgentSettings, family: ModelFamily, task: Task, view: Frame) -> int:
    """Tokens that an episode has left after its first call, for planning; nothing is asked or drawn.

    Later turns may still run out: what they cost depends on what the agent looks at. An agent that does not tell its
    opening has the whole context.

    Raises:
        TooLong: the first call does not fit; the message names the rung and the tokens.
        PictureSize: the model's server would resize the view.
    """
    opening = AGENTS.of(settings).opening
    if opening is None or not isinstance(settings, ModelAgentSettings):
        return family.context_length
    size = (view.width, view.height)
    prompt = prompt_tokens(family, opening(settings, task, size, family), [size])
    return budget(family, prompt, [size], settings.max_tokens, task.rung)
