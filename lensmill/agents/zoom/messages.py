"""The messages of the zoom protocol (Chain-of-Focus, section 3): what a model is sent, and what a model writes.

All agents that speak the protocol take their messages from here: `zoom` sends them to a model, while `reader` and
`search` write the conversation that `zoom` would have had. So a model that is trained on their rows meets the same
texts when `zoom` asks the model.
"""

import json
from collections.abc import Sequence

from lensmill.agents.conversation import told
from lensmill.agents.prompts import Prompts
from lensmill.agents.protocol import Task
from lensmill.agents.replies.final import UNKNOWN
from lensmill.agents.wording import convention_words, option_hint, question_text
from lensmill.geometry import Convention
from lensmill.tools import ZOOM, tool_schema
from lensmill.trajectory import Action, Message, Observation, Part, Step

PROMPTS = Prompts("lensmill.agents.zoom")


def zoom_opening(
    task: Task, convention: Convention, last: bool = False, tools: Sequence[str] = ()
) -> tuple[Message, ...]:
    """What the model is sent first.

    Args:
        last: the model has but this turn.
        tools: further tools, by name or as `module:NAME`.
    """
    schemas = "\n".join(json.dumps(tool_schema(name), ensure_ascii=False) for name in (ZOOM, *tools))
    system = PROMPTS.fill("system", tools=schemas, convention=convention_words(convention))
    return (
        Message("system", (Part(system),)),
        Message("user", (Part(image=0), Part(f"\n{question_text(task)}\n{turn_text(task, last)}"))),
    )


def turn_text(task: Task, last: bool = False) -> str:
    """What each user message ends with."""
    return PROMPTS.fill("last" if last else "turn", option_hint=option_hint(task), unknown=UNKNOWN)


def observed(index: int, observation: Observation) -> tuple[Part, ...]:
    """What a call brought, as parts of the next user message; `index` is of its picture, if it has one."""
    if observation.error:
        return (Part(f"{observation.text}\n"),)
    said = f"\nPicture {index}. {observation.text}".rstrip()
    return (Part(image=index), Part(f"{said}\n"))


def calling(thought: str, action: Action) -> str:
    """A turn that thinks and calls a tool, as the protocol has it."""
    call = json.dumps({"name": action.tool, "arguments": action.arguments}, ensure_ascii=False)
    return f"<think>{thought}</think>\n<tool_call>\n{call}\n</tool_call>"


def answering(thought: str, answer: str | None) -> str:
    """A turn that thinks and answers, as the protocol has it; None abstains."""
    return f"<think>{thought}</think>\n<answer>{UNKNOWN if answer is None else answer}</answer>"


def conversation_of(
    task: Task,
    convention: Convention,
    steps: Sequence[Step],
    thought: str,
    answer: str | None,
    tools: Sequence[str] = (),
    max_turns: int | None = None,
) -> tuple[Message, ...]:
    """The conversation that the agent `zoom` would have had, were these steps the calls of its model.

    Args:
        steps: each with a call, and with one picture or an error.
        thought, answer: of the last turn; see `answering`.
        tools: further tools of the agent, as in `zoom_opening`.
        max_turns: of the agent's settings; None never announces a last turn.
    """
    messages, pictures = [*zoom_opening(task, convention, max_turns == 1, tools)], 0
    for turn, step in enumerate(steps, 2):
        assert step.action is not None
        assert step.observation is not None
        pictures += len(step.observation.images)
        messages.append(Message("assistant", (Part(calling(step.thought, step.action)),)))
        messages.append(told(*observed(pictures, step.observation), turn_text(task, turn == max_turns)))
    return (*messages, Message("assistant", (Part(answering(thought, answer)),)))
