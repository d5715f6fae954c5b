"""The program agent: one program in the real sandbox, one last question, no second try."""

from collections.abc import Iterator

import pytest

from lensmill.agents.program.agent import ProgramAgent
from lensmill.agents.program.settings import ProgramSettings
from lensmill.agents.spec import AGENTS, build_agent
from lensmill.geometry import Box
from lensmill.models.chat import ChatReply
from lensmill.sandbox.interpreters import open_sandbox
from lensmill.sandbox.protocol import Sandbox
from lensmill.trajectory import Trajectory
from tests.agents.scripted import Line, ScriptedModel, an_environment, images_of, text_of, two_columns

ANSWER = "THOUGHT: I see.\nANSWER: It is 4. FINAL ANSWER: 4. TERMINATE"


def program(code: str) -> str:
    return f"THOUGHT: I look at 2019.\nACTION:\n```python\n{code}\n```"


DRAW = (
    'for label in ["2019"]:\n    edited = focus_on_x_values_with_draw(image_1, [label], x_values_bbox)\ndisplay(edited)'
)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    opened = open_sandbox(programs=1)
    yield opened
    opened.close()


async def run(sandbox: Sandbox, *lines: Line, **more: object) -> tuple[Trajectory, ScriptedModel]:
    model = ScriptedModel(*lines)
    agent = ProgramAgent(model, sandbox, ProgramSettings(**more))  # type: ignore[arg-type]
    return (await agent.run(an_environment(regions=two_columns()))).trajectory, model


async def test_the_answer_comes_from_the_picture_that_the_program_made(sandbox: Sandbox) -> None:
    trajectory, model = await run(sandbox, program(DRAW), ANSWER)
    assert (trajectory.answer, trajectory.stop) == ("4", "answered")
    (step, _) = trajectory.steps
    assert step.action is not None
    assert (step.action.tool, step.action.boxes) == ("python", (("2019", Box(0, 0, 400, 600)),))
    assert [images_of(message) for message in trajectory.messages] == [[], [0], [], [1], []]
    assert trajectory.shown == trajectory.images
    assert len(model.requests) == 2


async def test_the_model_is_told_that_there_is_one_run(sandbox: Sandbox) -> None:
    _, model = await run(sandbox, program(DRAW), ANSWER)
    system = text_of(model.requests[0].messages[0])
    assert "There is no second try" in system
    assert "focus_on_x_values_with_draw(image, labels, x_values_bbox)" in system


async def test_what_a_program_prints_is_told(sandbox: Sandbox) -> None:
    trajectory, _ = await run(sandbox, program("print(len(x_values_bbox) * 21)"), ANSWER)
    assert "Printed:\n42" in text_of(trajectory.messages[3])
    assert trajectory.answer == "4"


@pytest.mark.parametrize("code", ["display(nothing)", "while True:\n    pass", "edited = image_1", "import os"])
async def test_a_program_that_fails_or_shows_nothing_ends_the_episode_without_an_answer(
    code: str, sandbox: Sandbox
) -> None:
    trajectory, model = await run(sandbox, program(code), ANSWER)
    assert (trajectory.answer, trajectory.stop, len(model.requests)) == (None, "turn_limit", 1)
    assert trajectory.steps[0].observation is not None
    assert trajectory.steps[0].observation.error


async def test_a_second_program_is_not_run(sandbox: Sandbox) -> None:
    trajectory, model = await run(sandbox, program(DRAW), program(DRAW))
    assert (trajectory.answer, trajectory.stop, len(model.requests)) == (None, "turn_limit", 2)
    assert len(trajectory.images) == 2


async def test_a_question_that_needs_no_program_is_answered_at_once(sandbox: Sandbox) -> None:
    trajectory, model = await run(sandbox, ANSWER)
    assert (trajectory.answer, len(model.requests)) == ("4", 1)


async def test_an_answer_before_the_program_has_run_is_not_taken(sandbox: Sandbox) -> None:
    early = program(DRAW) + "\nANSWER: It is 9. FINAL ANSWER: 9. TERMINATE"
    trajectory, _ = await run(sandbox, early, ANSWER)
    assert trajectory.answer == "4"


async def test_a_reply_that_was_cut_off_is_no_program(sandbox: Sandbox) -> None:
    trajectory, _ = await run(sandbox, ChatReply("THOUGHT: well", finish_reason="length"))
    assert (trajectory.answer, trajectory.stop) == (None, "turn_limit")


def test_the_agent_is_built_by_its_name(sandbox: Sandbox) -> None:
    settings = AGENTS.get("program").settings()
    assert build_agent(settings, {"agent": ScriptedModel(ANSWER)}, sandbox).name == "program"
