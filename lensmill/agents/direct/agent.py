"""The direct agent: one turn, no tools, with or without a chain of thought (the papers' baseline).

With `pictures`, what the model sees varies: no picture, or pictures of a given trajectory, whose steps the episode then
has, without their thoughts.
"""

from collections.abc import Sequence
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


def direct_opening(task: Task, think: bool, pictures: Sequence[int] = (0,)) -> tuple[Message, ...]:
    """What the model is sent. `pictures`: indices of the episode's pictures that the model sees."""
    text = PROMPTS.fill(
        ("think" if think else "plain") + ("" if pictures else "_blind"),
        question=question_text(task),
        option_hint=option_hint(task),
        unknown=UNKNOWN,
        pictures="picture" if len(pictures) == 1 else "pictures",
        shows="does" if len(pictures) == 1 else "do",
    )
    shown = [Part(image=index) for index in pictures]
    return (Message("user", (*shown, Part(f"\n{text}" if shown else text))),)


def shown_pictures(settings: DirectSettings, count: int) -> Sequence[int]:
    """Indices of the pictures that the model sees, of an episode that begins with `count` pictures, the view first."""
    chosen = {"view": range(1), "none": range(0), "last": range(count - 1, count), "all": range(count)}
    return chosen[settings.pictures]


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
        shown = shown_pictures(settings, len(environment.images))
        talk.messages += direct_opening(task, settings.think, shown)
        reply = await talk.reply(environment.images, direct_structure(settings.think) if settings.structured else None)
        read = read_direct_reply(reply.text, reply.finish_reason == "length")
        if read.answer is None:
            environment.record(Step(read.thought, None, Observation(read.problem, error=True)))
            return environment.hand_in("", None, tuple(talk.messages), "turn_limit")
        answer = None if abstains(read.answer, task.choices) else read.answer
        return environment.hand_in(read.thought, answer, tuple(talk.messages))
