"""The refocus agent: THOUGHT, ACTION in Python, OBSERVATION, until FINAL ANSWER (ReFocus, section 3)."""

import asyncio
from typing import Any

from lensmill.agents.conversation import Conversation
from lensmill.agents.environment import Environment
from lensmill.agents.protocol import Rollout
from lensmill.agents.refocus.opening import PROMPTS, Parts, refocus_opening
from lensmill.agents.refocus.parts import parts_of, recorded
from lensmill.agents.refocus.replies import RefocusReply, read_refocus_reply
from lensmill.agents.refocus.settings import RefocusSettings
from lensmill.agents.refocus.showing import showable
from lensmill.agents.refocus.structure import refocus_structure
from lensmill.agents.replies.final import abstains
from lensmill.models.chat import ChatModel, ChatReply
from lensmill.perception.text import Reader
from lensmill.picture import Picture
from lensmill.sandbox.protocol import Execution, Sandbox, Session
from lensmill.tools import PYTHON
from lensmill.trajectory import Action, ImageRef, Observation, Part, Step

NOTHING = "Nothing was displayed. Call display(image) with what you want to see."
EARLY = "Your answer came before you saw this, so it was not taken."
NO_ROOM = "No more pictures can be shown: answer with those that you have."
LOST = "What earlier blocks assigned is lost; start again from image_1."

_PRINTED = 4000
"""Characters of what code printed that the model is shown."""

_ERROR = 1000


class RefocusAgent:
    """Runs the model's code in a sandbox session of the episode, for at most `max_turns` replies.

    Args:
        reader: the OCR that finds a chart's parts; by default this process's own.
    """

    name = "refocus"

    def __init__(
        self, model: ChatModel, sandbox: Sandbox, settings: RefocusSettings | None = None, reader: Reader | None = None
    ) -> None:
        self._model, self._sandbox = model, sandbox
        self._settings = settings or RefocusSettings()
        self._reader = reader

    async def run(self, environment: Environment) -> Rollout:
        """See `Agent`. Runs the model's code in one session of the sandbox."""
        parts = await asyncio.to_thread(parts_of, environment.view, environment.task.regions, self._reader)
        session = await asyncio.to_thread(self._sandbox.session, [environment.view], parts)
        try:
            return await self._turns(environment, parts, session)
        finally:
            session.close()  # a moment's work, for which no thread may be free where code hangs in others

    async def _turns(self, environment: Environment, parts: Parts, session: Session) -> Rollout:
        task, settings = environment.task, self._settings
        talk = Conversation.of(environment, self._model, settings.sampling)
        size = (environment.view.frame.width, environment.view.frame.height)
        talk.messages += refocus_opening(task, parts, size, settings.max_turns == 1)
        labels: dict[str, list[str]] = {kind: list(boxes) for kind, boxes in parts.items()}
        for turn in range(1, settings.max_turns + 1):
            last = turn == settings.max_turns
            structure = refocus_structure(labels, last) if settings.structured else None
            reply = await talk.reply(environment.images, structure)
            read = read_refocus_reply(reply.text, reply.finish_reason == "length")
            if read.answer is not None and (last or read.code is None):
                answer = None if abstains(read.answer, task.choices) else read.answer
                return environment.hand_in(thought_of(read, reply), answer, tuple(talk.messages))
            if last:
                break
            told = await self._act(environment, parts, session, thought_of(read, reply), read)
            ending = (PROMPTS.fill("last"),) if turn + 1 == settings.max_turns else ()
            talk.tell(*told, *ending)
        if read.problem:
            environment.record(Step(thought_of(read, reply), None, Observation(read.problem, error=True)))
        thought = "" if read.problem else thought_of(read, reply)
        return environment.hand_in(thought, None, tuple(talk.messages), "turn_limit")

    async def _act(
        self, environment: Environment, parts: Parts, session: Session, thought: str, read: RefocusReply
    ) -> tuple[Part, ...]:
        """Run a reply's code, or tell what was wrong with the reply; the parts of the next user message."""
        if read.code is None:
            environment.record(Step(thought, None, Observation(read.problem, error=True)))
            return (Part(f"OBSERVATION: {read.problem}\n"),)
        execution = await _finished(session, read.code)
        first = len(environment.images)
        shown, left_out = await asyncio.to_thread(self._showable, environment, execution.pictures)
        refs = [await asyncio.to_thread(environment.show, picture) for picture in shown]
        text = _observation_text(execution, refs, left_out)
        error = execution.error is not None or text == NOTHING
        arguments: dict[str, Any] = {"code": read.code}
        if parts and not environment.task.regions and not any(step.action for step in environment.steps):
            arguments["boxes"] = recorded(parts)  # found here, so a replay could not know them otherwise
        action = Action(PYTHON, arguments, execution.boxes)
        environment.record(Step(thought, action, Observation(text, tuple(refs), error)))
        note = f"{EARLY}\n" if read.answer is not None else ""
        pictures = [Part(image=first + number) for number in range(len(refs))]
        return (Part("OBSERVATION: "), *pictures, Part(f"\n{text}\n{note}"))

    def _showable(self, environment: Environment, pictures: tuple[Picture, ...]) -> tuple[list[Picture], str]:
        """Those that fit into the conversation and into the rung's budget, and why others do not."""
        fitted, why = showable(pictures, environment.settings.most_pixels(environment.task.rung), self._model.family)
        room = max(0, self._settings.max_pictures - len(environment.images))
        return fitted[:room], " ".join([*why, NO_ROOM] if len(fitted) > room else why)


async def _finished(session: Session, code: str) -> Execution:
    """What code did. The thread is waited for even when the episode is cancelled: nobody closes a running session."""
    running = asyncio.ensure_future(asyncio.to_thread(session.run, code))
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        await asyncio.gather(running, return_exceptions=True)  # at most the limit of seconds
        raise


def _observation_text(execution: Execution, refs: list[ImageRef], left_out: str) -> str:
    """What was displayed, printed, left out or wrong."""
    said = []
    if refs:
        said.append("Displayed: 1 picture." if len(refs) == 1 else f"Displayed: {len(refs)} pictures.")
    if printed := execution.printed.strip():
        cut = printed if len(printed) <= _PRINTED else printed[:_PRINTED] + " ... (cut)"
        said.append(f"Printed:\n{cut}")
    if execution.error is not None:
        said.append(f"ERROR: {execution.error[:_ERROR]}")
    if execution.stopped is not None:
        said.append(LOST)
    if left_out:
        said.append(left_out.strip())
    return "\n".join(said) if refs or len(said) else NOTHING


def thought_of(read: RefocusReply, reply: ChatReply) -> str:
    """The thought of a reply, or the reasoning that the server told apart."""
    return read.thought or reply.reasoning
