"""The direct agent: one turn, no tools, with or without a chain of thought (the papers' baseline)."""

from lensmill.agents.asking import option_hint, question_text
from lensmill.agents.conversation import Conversation
from lensmill.agents.protocol import Desk, Rollout, Task
from lensmill.agents.replies.direct import read_direct_reply
from lensmill.agents.replies.final import UNKNOWN, abstains
from lensmill.agents.structure import direct_structure
from lensmill.models.chat import ChatModel, Sampling
from lensmill.prompts import fill
from lensmill.trajectory import Message, Observation, Part, Step


def direct_opening(task: Task, think: bool) -> tuple[Message, ...]:
    """What the model is sent."""
    name = "direct_think" if think else "direct_plain"
    text = fill(name, question=question_text(task), option_hint=option_hint(task), unknown=UNKNOWN)
    return (Message("user", (Part(image=0), Part(f"\n{text}"))),)


class DirectAgent:
    """Asks once. A reply without an answer ends the episode as out of turns, with what was wrong in its steps."""

    name = "direct"

    def __init__(self, model: ChatModel, sampling: Sampling, *, think: bool = True, structured: bool = False) -> None:
        self._model, self._sampling = model, sampling
        self._think, self._structured = think, structured

    async def run(self, desk: Desk) -> Rollout:
        task = desk.task
        talk = Conversation.of(desk, self._model, self._sampling)
        talk.messages += direct_opening(task, self._think)
        reply = await talk.reply(desk.images, direct_structure(self._think) if self._structured else None)
        read = read_direct_reply(reply.text, reply.finish_reason == "length")
        if read.answer is None:
            desk.record(Step(read.thought, None, Observation(read.problem, error=True)))
            return desk.hand_in("", None, tuple(talk.messages), "turn_limit")
        answer = None if abstains(read.answer, task.choices) else read.answer
        return desk.hand_in(read.thought, answer, tuple(talk.messages))
