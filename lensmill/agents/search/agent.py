"""The search agent: how Chain-of-Focus builds its data (section 3), from search to summary.

An agent searches with instruments; a verifier who knows the answer sends it back while it is wrong; a summariser
retells the search as zooms, whose calls are then run for the record. Ground truth stays with the verifier.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from lensmill.agents.asking import convention_words, option_hint, question_text
from lensmill.agents.conversation import Conversation, check_view
from lensmill.agents.errors import BadSummary
from lensmill.agents.protocol import Desk, Rollout, Task
from lensmill.agents.replies.search import SearchReply, read_search_reply
from lensmill.agents.search.instruments import INSTRUMENT_SCHEMAS, Instruments
from lensmill.agents.search.summary import Summary, Unfit, read_summary
from lensmill.agents.structure import search_structure, summary_structure
from lensmill.agents.zoom import look, turn_text, zoom_opening
from lensmill.geometry import Convention
from lensmill.models.chat import ChatModel, Sampling
from lensmill.prompts import fill
from lensmill.tools import ZOOM
from lensmill.trajectory import Action, Message, Observation, Part, Step

ROLES = ("locate", "vlm", "adjust_box", "summariser")
"""What may be done by another model than the agent's; so may the verifier, who comes with the desk."""

EARLY = "Your answer came before you saw what you asked for, so it was not taken."


def search_opening(task: Task, convention: Convention) -> tuple[Message, ...]:
    """What the agent's model is sent first."""
    system = fill(
        "search_system",
        tools="\n".join(json.dumps(schema, ensure_ascii=False) for schema in INSTRUMENT_SCHEMAS.values()),
        convention=convention_words(convention),
        option_hint=option_hint(task),
    )
    asked = f"\n{question_text(task)}\n{fill('search_turn')}"
    return (Message("system", (Part(system),)), Message("user", (Part(image=0), Part(asked))))


@dataclass
class _Search:
    """A search under way.

    Attributes:
        answer: the one that was accepted.
        notes: what was thought, done and found, for the summariser.
        steps: the same for the record, should the search lead nowhere.
    """

    talk: Conversation
    instruments: Instruments
    answer: str | None = None
    rounds: int = 0
    notes: list[str] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)


class SearchAgent:
    """See the module.

    Args:
        model: searches.
        models: by role (`ROLES`); the agent's own where a role is missing.
        max_turns: replies of the agent in all its rounds.
        max_rounds: times that the verifier is asked.
        max_zooms: of a summary.
        summary_tries: summaries at most; none fit fails the episode (`bad_summary`). A text of our own in its place
            would put our template into data that is meant to be a model's, so nothing is handed in.
    """

    name = "search"

    def __init__(
        self,
        model: ChatModel,
        models: Mapping[str, ChatModel],
        sampling: Sampling,
        *,
        max_turns: int = 12,
        max_rounds: int = 3,
        max_zooms: int = 5,
        summary_tries: int = 3,
        structured: bool = False,
    ) -> None:
        self._model, self._sampling, self._structured = model, sampling, structured
        self._models = {role: models.get(role, model) for role in ROLES}
        self._max_turns, self._max_rounds = max_turns, max_rounds
        self._max_zooms, self._summary_tries = max_zooms, summary_tries

    async def run(self, desk: Desk) -> Rollout:
        task = desk.task
        check_view(self._model.family, (desk.view.frame.width, desk.view.frame.height), task.rung)
        search = await self._search(desk)
        if search.answer is None:
            for step in search.steps:
                desk.record(step)
            messages = tuple(search.talk.messages)
            return desk.hand_in("", None, messages, "turn_limit", search.rounds)
        summary = await self._summarise(desk, search, search.answer)
        messages = await _retold(desk, summary, search.answer)
        return desk.hand_in(summary.thought, search.answer, messages, rounds=search.rounds)

    async def _search(self, desk: Desk) -> _Search:
        """Search until an answer is accepted, or turns or rounds run out (then there is none)."""
        task, convention = desk.task, desk.settings.convention
        talk = Conversation.of(desk, self._model, self._sampling)
        talk.messages += search_opening(task, convention)
        search = _Search(talk, Instruments(desk, self._models, self._sampling.max_tokens, self._structured))
        for turn in range(1, self._max_turns + 1):
            structure = (
                search_structure(convention, desk.view.frame, turn == self._max_turns) if self._structured else None
            )
            reply = await talk.reply(desk.images[:1], structure)
            read = read_search_reply(reply.text, convention, desk.view.frame, reply.finish_reason == "length")
            thought = read.thought or reply.reasoning
            if thought:
                search.notes.append(f"Thought: {thought}")
            if read.answer is not None and (turn == self._max_turns or not (read.calls or read.problem)):
                if await self._accepted(desk, search, thought, read.answer) or search.rounds >= self._max_rounds:
                    return search
            elif turn < self._max_turns:
                await _use(search, thought, read)
        return search

    async def _accepted(self, desk: Desk, search: _Search, thought: str, answer: str) -> bool:
        """Ask the verifier; an answer that is sent back is told so. Without a verifier every answer is accepted."""
        if desk.verifier is None:
            search.answer = answer
            return True
        review = await desk.verifier.review(answer)
        search.rounds += 1
        if review.correct:
            search.answer = answer
            return True
        sent_back = fill("search_sent_back", advice=review.advice)
        search.notes.append(f"Answered {answer!r}, which was wrong.")
        search.steps.append(Step(f"{thought}\nAnswer: {answer}".strip(), None, Observation(sent_back, error=True)))
        search.talk.tell(f"{sent_back}\n{fill('search_turn')}")
        return False

    async def _summarise(self, desk: Desk, search: _Search, answer: str) -> Summary:
        """A summary that is true to the search.

        Raises:
            BadSummary: none of the tries was.
        """
        task, view, convention = desk.task, desk.view.frame, desk.settings.convention
        boxes = search.instruments.usable()
        talk = Conversation.of(desk, self._models["summariser"], self._sampling, "summariser")
        prompt = fill(
            "search_summary",
            question=question_text(task),
            notes="\n".join([*search.notes, f"Answer: {answer}"]),
            tool=ZOOM,
            answer=answer,
            limit=self._max_zooms,
        )
        talk.tell(Part(image=0), f"\n{prompt}")
        structure = summary_structure(list(boxes), answer, self._max_zooms) if self._structured else None
        problem = ""
        for _ in range(self._summary_tries):
            reply = await talk.reply(desk.images[:1], structure)
            try:
                summary = read_summary(reply.text, answer, boxes, convention, view, self._max_zooms)
            except Unfit as error:
                problem = str(error)
                talk.tell(fill("search_summary_again", problem=problem))
            else:
                return summary
        raise BadSummary(f"none of {self._summary_tries} summaries of the search could be used; the last: {problem}")


async def _use(search: _Search, thought: str, read: SearchReply) -> None:
    """Run a reply's calls, and tell what came of them or what was wrong."""
    told: list[str] = []
    for number, call in enumerate(read.calls):
        observation = await search.instruments.run(call)
        named = () if call.box is None else search.instruments.place(call.box)
        search.steps.append(Step("" if number else thought, Action(call.name, call.arguments, named), observation))
        told.append(observation.text)
        search.notes.append(f"{call.name} ({call.text}): {observation.text}")
    if read.problem:
        told.append(read.problem)
        if not read.calls:
            search.steps.append(Step(thought, None, Observation(read.problem, error=True)))
    if read.calls and read.answer is not None:
        told.append(EARLY)
    search.talk.tell("\n".join([*told, fill("search_turn")]))


async def _retold(desk: Desk, summary: Summary, answer: str) -> tuple[Message, ...]:
    """Run the summary's zooms on the desk; the conversation that the zoom protocol would have had."""
    task = desk.task
    messages = [*zoom_opening(task, desk.settings.convention)]
    for one in summary.looks:
        call = json.dumps({"name": ZOOM, "arguments": one.zoom.arguments}, ensure_ascii=False)
        turn = f"<think>{one.thought}</think>\n<tool_call>\n{call}\n</tool_call>"
        parts = await look(desk, one.thought, one.zoom)
        messages.append(Message("assistant", (Part(turn),)))
        messages.append(Message("user", (*parts, Part(turn_text(task)))))
    ending = f"<think>{summary.thought}</think>\n<answer>{answer}</answer>"
    return (*messages, Message("assistant", (Part(ending),)))
