"""The zoom agent: Chain-of-Focus's inference protocol (section 3): look closer with calls until the answer is seen."""

import asyncio
import json

from lensmill.agents.asking import convention_words, option_hint, question_text
from lensmill.agents.conversation import Conversation, check_view
from lensmill.agents.protocol import Desk, Rollout, Task
from lensmill.agents.replies.final import UNKNOWN, abstains
from lensmill.agents.replies.zoom import Zoom, ZoomReply, read_zoom_reply
from lensmill.agents.structure import zoom_structure
from lensmill.geometry import Convention
from lensmill.models.chat import ChatModel, ChatReply, Sampling
from lensmill.prompts import fill
from lensmill.tools import ZOOM, tool_schema
from lensmill.trajectory import Message, Observation, Part, Step

EARLY = "Your answer came before you saw what you asked for, so it was not taken."
NO_ROOM = "No more pictures can be shown: answer with those that you have."


def zoom_opening(task: Task, convention: Convention, last: bool = False) -> tuple[Message, ...]:
    """What the model is sent first; `last`: it has but this turn."""
    schema = json.dumps(tool_schema(ZOOM), ensure_ascii=False)
    system = fill("zoom_system", tools=schema, convention=convention_words(convention))
    return (
        Message("system", (Part(system),)),
        Message("user", (Part(image=0), Part(f"\n{question_text(task)}\n{turn_text(task, last)}"))),
    )


def turn_text(task: Task, last: bool = False) -> str:
    """What each user message ends with."""
    return fill("zoom_last" if last else "zoom_turn", option_hint=option_hint(task), unknown=UNKNOWN)


def observed(index: int, observation: Observation) -> tuple[Part, ...]:
    """What a call brought, as parts of the next user message; `index` is of its picture, if it has one."""
    if observation.error:
        return (Part(f"{observation.text}\n"),)
    said = f"\nPicture {index}. {observation.text}".rstrip()
    return (Part(image=index), Part(f"{said}\n"))


class ZoomAgent:
    """Zooms for at most `max_turns` replies; what is wrong with a call comes back as an observation.

    Args:
        max_pictures: of one conversation, the view included: a server's own limit, or what training can take.
        structured: hold the model to the protocol by a regular expression.
    """

    name = "zoom"

    def __init__(
        self,
        model: ChatModel,
        sampling: Sampling,
        *,
        max_turns: int = 6,
        max_pictures: int = 16,
        structured: bool = False,
    ) -> None:
        self._model, self._sampling = model, sampling
        self._max_turns, self._max_pictures, self._structured = max_turns, max_pictures, structured

    async def run(self, desk: Desk) -> Rollout:
        task, convention = desk.task, desk.settings.convention
        check_view(self._model.family, (desk.view.frame.width, desk.view.frame.height), task.rung)
        talk = Conversation.of(desk, self._model, self._sampling)
        talk.messages += zoom_opening(task, convention, self._max_turns == 1)
        for turn in range(1, self._max_turns + 1):
            last = turn == self._max_turns
            structure = zoom_structure(convention, desk.pictures.frames, last) if self._structured else None
            reply = await talk.reply(desk.images, structure)
            read = self._read(reply, desk)
            if read.answer is not None and (last or not (read.zooms or read.problem)):
                answer = None if abstains(read.answer, task.choices) else read.answer
                return desk.hand_in(_thought(read, reply), answer, tuple(talk.messages))
            if last:
                break
            parts = await self._look(desk, _thought(read, reply), read)
            talk.tell(*parts, turn_text(task, turn + 1 == self._max_turns))
        if read.problem:
            desk.record(Step(_thought(read, reply), None, Observation(read.problem, error=True)))
        thought = "" if read.problem else _thought(read, reply)
        return desk.hand_in(thought, None, tuple(talk.messages), "turn_limit")

    def _read(self, reply: ChatReply, desk: Desk) -> ZoomReply:
        frames, cut = desk.pictures.frames, reply.finish_reason == "length"
        return read_zoom_reply(reply.text, desk.settings.convention, frames, cut)

    async def _look(self, desk: Desk, thought: str, read: ZoomReply) -> tuple[Part, ...]:
        """Run a reply's calls; the parts that tell what came of them."""
        room = self._max_pictures - len(desk.images)
        notes = [read.problem] if read.problem else []
        if read.answer is not None:
            notes.append(EARLY)
        if len(read.zooms) > room:
            notes.append(NO_ROOM)
        parts: list[Part] = []
        for number, zoom in enumerate(read.zooms[:room]):
            parts += await look(desk, thought if number == 0 else "", zoom)
        if not parts:
            desk.record(Step(thought, None, Observation(" ".join(notes), error=True)))
        return (*parts, *(Part(f"{note}\n") for note in notes))


async def look(desk: Desk, thought: str, zoom: Zoom) -> tuple[Part, ...]:
    """One zoom as a step, and what the model is told of it. Drawing and encoding run in a thread."""
    observation = await asyncio.to_thread(desk.act, thought, ZOOM, zoom.arguments)
    return observed(len(desk.images) - 1, observation)


def _thought(read: ZoomReply, reply: ChatReply) -> str:
    return read.thought or reply.reasoning
