"""The zoom agent: Chain-of-Focus's inference protocol (section 3): look closer with calls until the answer is seen."""

import asyncio

from lensmill.agents.conversation import Conversation, check_view
from lensmill.agents.environment import Environment
from lensmill.agents.protocol import Rollout, Task
from lensmill.agents.replies.final import abstains
from lensmill.agents.zoom.messages import observed, turn_text, zoom_opening
from lensmill.agents.zoom.replies import ToolCall, ZoomReply, read_zoom_reply
from lensmill.agents.zoom.settings import ZoomSettings
from lensmill.agents.zoom.structure import zoom_structure
from lensmill.models.chat import ChatModel, ChatReply
from lensmill.models.families import ModelFamily
from lensmill.tools import TOOLS
from lensmill.trajectory import Message, Observation, Part, Step

EARLY = "Your answer came before you saw what you asked for, so it was not taken."
NO_ROOM = "No more pictures can be shown: answer with those that you have."


def checked_zoom_opening(
    settings: ZoomSettings, task: Task, size: tuple[int, int], family: ModelFamily
) -> tuple[Message, ...]:
    """The opening, once the view's size is checked.

    Raises:
        PictureSize: boxes about the view would shift.
    """
    check_view(family, size, task.rung)
    return zoom_opening(task, family.convention, settings.max_turns == 1, settings.tools)


class ZoomAgent:
    """Zooms, or calls other tools, for at most `max_turns` replies; what is wrong with a call comes back as an
    observation."""

    name = "zoom"

    def __init__(self, model: ChatModel, settings: ZoomSettings | None = None) -> None:
        self._model, self._settings = model, settings or ZoomSettings()
        self._tools = frozenset(TOOLS.get(reference).name for reference in self._settings.tools)

    async def run(self, environment: Environment) -> Rollout:
        """See `Agent`. Runs turns until the model answers or no turns are left."""
        settings, task, convention = self._settings, environment.task, environment.settings.convention
        size = (environment.view.frame.width, environment.view.frame.height)
        check_view(self._model.family, size, task.rung)
        talk = Conversation.of(environment, self._model, settings.sampling)
        talk.messages += zoom_opening(task, convention, settings.max_turns == 1, settings.tools)
        for turn in range(1, settings.max_turns + 1):
            last = turn == settings.max_turns
            frames = environment.pictures.frames
            structure = zoom_structure(convention, frames, last) if settings.structured else None
            reply = await talk.reply(environment.images, structure)
            cut = reply.finish_reason == "length"
            read = read_zoom_reply(reply.text, convention, frames, cut, self._tools)
            if read.answer is not None and (last or not (read.calls or read.problem)):
                answer = None if abstains(read.answer, task.choices) else read.answer
                return environment.hand_in(_thought(read, reply), answer, tuple(talk.messages))
            if last:
                break
            parts = await self._look(environment, _thought(read, reply), read)
            talk.tell(*parts, turn_text(task, turn + 1 == settings.max_turns))
        if read.problem:
            environment.record(Step(_thought(read, reply), None, Observation(read.problem, error=True)))
        thought = "" if read.problem else _thought(read, reply)
        return environment.hand_in(thought, None, tuple(talk.messages), "turn_limit")

    async def _look(self, environment: Environment, thought: str, read: ZoomReply) -> tuple[Part, ...]:
        """Run a reply's calls; the parts that tell what came of them."""
        room = self._settings.max_pictures - len(environment.images)
        notes = [read.problem] if read.problem else []
        if read.answer is not None:
            notes.append(EARLY)
        if len(read.calls) > room:
            notes.append(NO_ROOM)
        parts: list[Part] = []
        for number, call in enumerate(read.calls[:room]):
            parts += await look(environment, thought if number == 0 else "", call)
        if not parts:
            environment.record(Step(thought, None, Observation(" ".join(notes), error=True)))
        return (*parts, *(Part(f"{note}\n") for note in notes))


async def look(environment: Environment, thought: str, call: ToolCall) -> tuple[Part, ...]:
    """One call as a step, and what the model is told of it. Drawing and encoding run in a thread."""
    observation = await asyncio.to_thread(environment.act, thought, call.tool, call.arguments)
    return observed(len(environment.images) - 1, observation)


def _thought(read: ZoomReply, reply: ChatReply) -> str:
    return read.thought or reply.reasoning
