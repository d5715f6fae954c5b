"""The direct agent: one turn, no tools, with or without a chain of thought (the papers' baseline)."""

from typing import Any

from lensmill.agents.conversation import Conversation
from lensmill.agents.direct.replies import read_direct_reply
from lensmill.agents.direct.settings import DirectSettings
from lensmill.agents.environment import Environment
from lensmill.agents.prompts import Prompts
from lensmill.agents.protocol import Rollout, Task
from lensmill.agents.replies.final import UNKNOWN, abstains
from lensmill.agents.structure import ANSWER, THINK
from lensmill.agents.wording import option_hint, question_text
from lensmill.models.chat import ChatModel
from lensmill.trajectory import Message, Observation, Part, Step

PROMPTS = Prompts("lensmill.agents.direct")


def direct_opening(task: Task, think: bool) -> tuple[Message, ...]:
    """What the model is sent."""
    name = "think" if think else "plain"
    text = PROMPTS.fill(name, question=question_text(task), option_hint=option_hint(task), unknown=UNKNOWN)
    return (Message("user", (Part(image=0), Part(f"\n{text}"))),)


def direct_structure(think: bool) -> dict[str, Any]:
    """The reply as a regular expression."""
    return {"regex": (THINK if think else "") + ANSWER}


class DirectAgent:
    """Asks once. A reply without an answer ends the episode as out of turns, with what was wrong in its steps."""

    name = "direct"

    def __init__(self, model: ChatModel, settings: DirectSettings | None = None) -> None:
        self._model, self._settings = model, settings or DirectSettings()

    async def run(self, environment: Environment) -> Rollout:
        """See `Agent`. Makes one call."""
        task, settings = environment.task, self._settings
        talk = Conversation.of(environment, self._model, settings.sampling)
        talk.messages += direct_opening(task, settings.think)
        reply = await talk.reply(environment.images, direct_structure(settings.think) if settings.structured else None)
        read = read_direct_reply(reply.text, reply.finish_reason == "length")
        if read.answer is None:
            environment.record(Step(read.thought, None, Observation(read.problem, error=True)))
            return environment.hand_in("", None, tuple(talk.messages), "turn_limit")
        answer = None if abstains(read.answer, task.choices) else read.answer
        return environment.hand_in(read.thought, answer, tuple(talk.messages))
