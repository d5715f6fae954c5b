"""The refocus agent: THOUGHT, ACTION in Python, OBSERVATION, until FINAL ANSWER (ReFocus, section 3)."""

import asyncio
from typing import Any, get_args

from lensmill.agents.asking import question_text
from lensmill.agents.conversation import Conversation
from lensmill.agents.protocol import Desk, Rollout, Task
from lensmill.agents.refocus.parts import Parts, parts_of, recorded
from lensmill.agents.refocus.showing import showable
from lensmill.agents.replies.final import UNKNOWN, abstains
from lensmill.agents.replies.refocus import RefocusReply, read_refocus_reply
from lensmill.agents.structure import refocus_structure
from lensmill.models.chat import ChatModel, ChatReply, Sampling
from lensmill.perception.text import Reader
from lensmill.picture import Picture
from lensmill.prompts import fill
from lensmill.sandbox.protocol import Execution, Sandbox, Session
from lensmill.tools import PYTHON, EditKind, edit_name, tool_schema
from lensmill.tools.toolbox import PART_WORDS
from lensmill.trajectory import Action, ImageRef, Message, Observation, Part, Step

NOTHING = "Nothing was displayed. Call display(image) with what you want to see."
EARLY = "Your answer came before you saw this, so it was not taken."
NO_ROOM = "No more pictures can be shown: answer with those that you have."
LOST = "What earlier blocks assigned is lost; start again from image_1."

_PRINTED = 4000
"""Characters of what code printed that the model is shown."""

_ERROR = 1000


def refocus_opening(task: Task, parts: Parts, size: tuple[int, int], last: bool = False) -> tuple[Message, ...]:
    """What the model is sent first; `size` is the view's, in pixels. `last`: it has but this turn."""
    system = fill("refocus_system", tools=_tools(parts, size), example=_example(parts), unknown=UNKNOWN)
    listed = [f"{kind}_bbox has the {PART_WORDS[kind]}: {list(boxes)!r}" for kind, boxes in parts.items()]
    question = fill("refocus_question", question=question_text(task), parts="\n".join(listed)).rstrip()
    ending = f"\n{fill('refocus_last')}" if last else ""
    return (Message("system", (Part(system),)), Message("user", (Part(image=0), Part(f"\n{question}{ending}"))))


def _tools(parts: Parts, size: tuple[int, int]) -> str:
    if not parts:
        width, height = size
        return (
            "No parts of this picture are labelled. You may crop it: `image_1.crop((left, top, right, bottom))`, in "
            f"pixels; image_1 is {width} wide and {height} high."
        )
    lines = ["Each of these functions gives you a new picture. `labels` is a list of names, the last argument a dict:"]
    for kind in parts:
        for edit in get_args(EditKind):
            name = edit_name(edit, kind)
            lines.append(f"- `{name}(image, labels, {kind}_bbox)` {tool_schema(name)['function']['description']}")
    return "\n".join(lines)


def _example(parts: Parts) -> str:
    if not parts:
        return "display(image_1.crop((0, 0, 200, 200)))"
    kind = next(iter(parts))
    label = next(iter(parts[kind]))
    return f"focused = {edit_name('draw', kind)}(image_1, [{label!r}], {kind}_bbox)\ndisplay(focused)"


class RefocusAgent:
    """Runs the model's code in a sandbox session of the episode, for at most `max_turns` replies.

    Args:
        max_pictures: of one conversation, the view included.
        reader: the OCR that finds a chart's parts; by default this process's own.
    """

    name = "refocus"

    def __init__(
        self,
        model: ChatModel,
        sandbox: Sandbox,
        sampling: Sampling,
        *,
        max_turns: int = 6,
        max_pictures: int = 16,
        structured: bool = False,
        reader: Reader | None = None,
    ) -> None:
        self._model, self._sandbox, self._sampling = model, sandbox, sampling
        self._max_turns, self._max_pictures, self._structured = max_turns, max_pictures, structured
        self._reader = reader

    async def run(self, desk: Desk) -> Rollout:
        parts = await asyncio.to_thread(parts_of, desk.view, desk.task.regions, self._reader)
        session = await asyncio.to_thread(self._sandbox.session, [desk.view], parts)
        try:
            return await self._turns(desk, parts, session)
        finally:
            session.close()  # a moment's work, for which no thread may be free where code hangs in others

    async def _turns(self, desk: Desk, parts: Parts, session: Session) -> Rollout:
        task = desk.task
        talk = Conversation.of(desk, self._model, self._sampling)
        size = (desk.view.frame.width, desk.view.frame.height)
        talk.messages += refocus_opening(task, parts, size, self._max_turns == 1)
        labels: dict[str, list[str]] = {kind: list(boxes) for kind, boxes in parts.items()}
        for turn in range(1, self._max_turns + 1):
            last = turn == self._max_turns
            reply = await talk.reply(desk.images, refocus_structure(labels, last) if self._structured else None)
            read = read_refocus_reply(reply.text, reply.finish_reason == "length")
            if read.answer is not None and (last or read.code is None):
                answer = None if abstains(read.answer, task.choices) else read.answer
                return desk.hand_in(_thought(read, reply), answer, tuple(talk.messages))
            if last:
                break
            told = await self._act(desk, parts, session, _thought(read, reply), read)
            ending = (fill("refocus_last"),) if turn + 1 == self._max_turns else ()
            talk.tell(*told, *ending)
        if read.problem:
            desk.record(Step(_thought(read, reply), None, Observation(read.problem, error=True)))
        thought = "" if read.problem else _thought(read, reply)
        return desk.hand_in(thought, None, tuple(talk.messages), "turn_limit")

    async def _act(
        self, desk: Desk, parts: Parts, session: Session, thought: str, read: RefocusReply
    ) -> tuple[Part, ...]:
        """Run a reply's code, or tell what was wrong with the reply; the parts of the next user message."""
        if read.code is None:
            desk.record(Step(thought, None, Observation(read.problem, error=True)))
            return (Part(f"OBSERVATION: {read.problem}\n"),)
        execution = await _finished(session, read.code)
        first = len(desk.images)
        shown, left_out = await asyncio.to_thread(self._showable, desk, execution.pictures)
        refs = [await asyncio.to_thread(desk.show, picture) for picture in shown]
        text = _observation_text(execution, refs, left_out)
        error = execution.error is not None or text == NOTHING
        arguments: dict[str, Any] = {"code": read.code}
        if parts and not desk.task.regions and not any(step.action for step in desk.steps):
            arguments["boxes"] = recorded(parts)  # found here, so a replay could not know them otherwise
        action = Action(PYTHON, arguments, execution.boxes)
        desk.record(Step(thought, action, Observation(text, tuple(refs), error)))
        note = f"{EARLY}\n" if read.answer is not None else ""
        pictures = [Part(image=first + number) for number in range(len(refs))]
        return (Part("OBSERVATION: "), *pictures, Part(f"\n{text}\n{note}"))

    def _showable(self, desk: Desk, pictures: tuple[Picture, ...]) -> tuple[list[Picture], str]:
        """Those that fit into the conversation and into the rung's budget, and why others do not."""
        fitted, why = showable(pictures, desk.settings.most_pixels(desk.task.rung), self._model.family)
        room = max(0, self._max_pictures - len(desk.images))
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


def _thought(read: RefocusReply, reply: ChatReply) -> str:
    return read.thought or reply.reasoning
