"""What the program agent's model is sent first."""

from typing import Any

from lensmill.agents.prompts import Prompts
from lensmill.agents.protocol import Task
from lensmill.agents.refocus.opening import Parts, example_text, parts_of_task, question_with_parts, tools_text
from lensmill.agents.replies.final import UNKNOWN
from lensmill.models.families import ModelFamily
from lensmill.trajectory import Message, Part

PROMPTS = Prompts("lensmill.agents.program")


def program_opening(task: Task, parts: Parts, size: tuple[int, int]) -> tuple[Message, ...]:
    """What the model is sent first; `size` is the view's, in pixels."""
    system = PROMPTS.fill("system", tools=tools_text(parts, size), example=example_text(parts), unknown=UNKNOWN)
    question = question_with_parts(task, parts)
    return (Message("system", (Part(system),)), Message("user", (Part(image=0), Part(f"\n{question}"))))


def planned_opening(_settings: Any, task: Task, size: tuple[int, int], _family: ModelFamily) -> tuple[Message, ...]:
    """The opening as it is known before the picture is read: with the parts that came with the sample."""
    return program_opening(task, parts_of_task(task), size)
