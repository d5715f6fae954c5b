"""The search agent: how Chain-of-Focus builds its data (section 3), from search to summary.

An agent searches with instruments; a verifier who knows the answer sends it back while it is wrong; a summariser
retells the search as zooms, whose calls are then run for the record. Ground truth stays with the verifier.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from lensmill.agents.conversation import Conversation, check_view
from lensmill.agents.environment import Environment
from lensmill.agents.errors import BadSummary
from lensmill.agents.protocol import Rollout, Task
from lensmill.agents.search.instruments import INSTRUMENT_SCHEMAS, Instruments
from lensmill.agents.search.prompting import PROMPTS
from lensmill.agents.search.replies import SearchReply, read_search_reply
from lensmill.agents.search.settings import SearchSettings
from lensmill.agents.search.structure import search_structure, summary_structure
from lensmill.agents.search.summary import Summary, Unfit, read_summary
from lensmill.agents.wording import convention_words, option_hint, question_text
from lensmill.agents.zoom.agent import look
from lensmill.agents.zoom.messages import conversation_of
from lensmill.geometry import Convention
from lensmill.models.chat import ChatModel
from lensmill.models.families import ModelFamily
from lensmill.tools import ZOOM
from lensmill.trajectory import Action, Message, Observation, Part, Step

ROLES = ("locate", "vlm", "adjust_box", "summariser")
"""What may be done by another model than the agent's; so may the verifier, who comes with the environment."""

EARLY = "Your answer came before you saw what you asked for, so it was not taken."


def search_opening(task: Task, convention: Convention) -> tuple[Message, ...]:
    """What the agent's model is sent first."""
    system = PROMPTS.fill(
        "system",
        tools="\n".join(json.dumps(schema, ensure_ascii=False) for schema in INSTRUMENT_SCHEMAS.values()),
        convention=convention_words(convention),
        option_hint=option_hint(task),
    )
    asked = f"\n{question_text(task)}\n{PROMPTS.fill('turn')}"
    return (Message("system", (Part(system),)), Message("user", (Part(image=0), Part(asked))))


def checked_search_opening(
    _settings: object, task: Task, size: tuple[int, int], family: ModelFamily
) -> tuple[Message, ...]:
    """The opening, once the view's size is checked.

    Raises:
        PictureSize: boxes about the view would shift.
    """
    check_view(family, size, task.rung)
    return search_opening(task, family.convention)


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

    No fit summary fails the episode (`bad_summary`). A text of our own in its place would put our template into data
    that is meant to be a model's, so nothing is handed in.
    """

    name = "search"

    def __init__(
        self, model: ChatModel, models: Mapping[str, ChatModel], settings: SearchSettings | None = None
    ) -> None:
        self._model, self._settings = model, settings or SearchSettings()
        self._models = {role: models.get(role, model) for role in ROLES}

    async def run(self, environment: Environment) -> Rollout:
        """See `Agent`. Searches, then records the search as a conversation of zooms."""
        task = environment.task
        check_view(self._model.family, (environment.view.frame.width, environment.view.frame.height), task.rung)
        search = await self._search(environment)
        if search.answer is None:
            for step in search.steps:
                environment.record(step)
            messages = tuple(search.talk.messages)
            return environment.hand_in("", None, messages, "turn_limit", search.rounds)
        summary = await self._summarise(environment, search, search.answer)
        messages = await _retold(environment, summary, search.answer)
        return environment.hand_in(summary.thought, search.answer, messages, rounds=search.rounds)

    async def _search(self, environment: Environment) -> _Search:
        """Search until an answer is accepted, or turns or rounds run out (then there is none)."""
        task, convention, settings = environment.task, environment.settings.convention, self._settings
        talk = Conversation.of(environment, self._model, settings.sampling)
        talk.messages += search_opening(task, convention)
        instruments = Instruments(environment, self._models, settings.max_tokens, settings.structured)
        search = _Search(talk, instruments)
        for turn in range(1, settings.max_turns + 1):
            last = turn == settings.max_turns
            structure = search_structure(convention, environment.view.frame, last) if settings.structured else None
            reply = await talk.reply(environment.images[:1], structure)
            read = read_search_reply(reply.text, convention, environment.view.frame, reply.finish_reason == "length")
            thought = read.thought or reply.reasoning
            if thought:
                search.notes.append(f"Thought: {thought}")
            if read.answer is not None and (last or not (read.calls or read.problem)):
                accepted = await self._accepted(environment, search, thought, read.answer)
                if accepted or search.rounds >= settings.max_rounds:
                    return search
            elif not last:
                await _use(search, thought, read)
        return search

    async def _accepted(self, environment: Environment, search: _Search, thought: str, answer: str) -> bool:
        """Ask the verifier; an answer that is sent back is told so. Without a verifier every answer is accepted."""
        if environment.verifier is None:
            search.answer = answer
            return True
        review = await environment.verifier.review(answer)
        search.rounds += 1
        if review.correct:
            search.answer = answer
            return True
        sent_back = PROMPTS.fill("sent_back", advice=review.advice)
        search.notes.append(f"Answered {answer!r}, which was wrong.")
        search.steps.append(Step(f"{thought}\nAnswer: {answer}".strip(), None, Observation(sent_back, error=True)))
        search.talk.tell(f"{sent_back}\n{PROMPTS.fill('turn')}")
        return False

    async def _summarise(self, environment: Environment, search: _Search, answer: str) -> Summary:
        """A summary that is true to the search.

        Raises:
            BadSummary: none of the tries was.
        """
        task, view, convention = environment.task, environment.view.frame, environment.settings.convention
        boxes, settings = search.instruments.usable(), self._settings
        talk = Conversation.of(environment, self._models["summariser"], settings.sampling, "summariser")
        prompt = PROMPTS.fill(
            "summary",
            question=question_text(task),
            notes="\n".join([*search.notes, f"Answer: {answer}"]),
            tool=ZOOM,
            answer=answer,
            limit=settings.max_zooms,
        )
        talk.tell(Part(image=0), f"\n{prompt}")
        structure = summary_structure(list(boxes), answer, settings.max_zooms) if settings.structured else None
        problem = ""
        for _ in range(settings.summary_tries):
            reply = await talk.reply(environment.images[:1], structure)
            try:
                summary = read_summary(reply.text, answer, boxes, convention, view, settings.max_zooms)
            except Unfit as error:
                problem = str(error)
                talk.tell(PROMPTS.fill("summary_again", problem=problem))
            else:
                return summary
        raise BadSummary(f"none of {settings.summary_tries} summaries of the search could be used; the last: {problem}")


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
    search.talk.tell("\n".join([*told, PROMPTS.fill("turn")]))


async def _retold(environment: Environment, summary: Summary, answer: str) -> tuple[Message, ...]:
    """Run the summary's zooms on the environment; the conversation that the zoom protocol would have had."""
    for one in summary.looks:
        await look(environment, one.thought, one.zoom)
    convention, steps = environment.settings.convention, environment.steps
    return conversation_of(environment.task, convention, steps, summary.thought, answer)
