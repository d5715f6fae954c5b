"""The conversation of the zoom protocol, written from an episode's steps."""

import json
from typing import Any

from lensmill.agents.protocol import Task
from lensmill.agents.zoom.messages import conversation_of
from lensmill.geometry import Box, Convention, Frame
from lensmill.tools import ZOOM
from lensmill.trajectory import Action, ImageRef, Message, Observation, Step
from tests.agents.scripted import text_of

REF = ImageRef("id", "hash", Frame(Box(0, 0, 10, 10), 10, 10))
ARGUMENTS = {"bbox_2d": [1, 2, 3, 4], "label": "ü", "image": 0}
ZOOMED = Step("look", Action(ZOOM, ARGUMENTS), Observation("", (REF,)))
REFUSED = Step("look", Action(ZOOM, ARGUMENTS), Observation("the box is too small", error=True))


def written(*steps: Step, answer: str | None = "yes", **more: Any) -> tuple[Message, ...]:
    given = {"question": "What?", "rung": 224, "choices": more.pop("choices", ())} | more.pop("task", {})
    return conversation_of(Task(**given), Convention.PIXELS, steps, "so", answer, **more)


def test_turns_alternate_after_the_system_message() -> None:
    assert [m.role for m in written(ZOOMED, REFUSED, ZOOMED)] == ["system", *["user", "assistant"] * 4]


def test_pictures_are_named_in_the_order_they_came_and_errors_have_none() -> None:
    messages = written(ZOOMED, REFUSED, ZOOMED)
    assert [part.image for m in messages for part in m.parts if part.image is not None] == [0, 1, 2]
    assert "too small" in text_of(messages[5])
    assert "Picture 2." in text_of(messages[7])


def test_the_system_message_carries_the_schemas() -> None:
    system = text_of(written(tools=("focus_on_x_values_with_draw",))[0])
    schemas = system.split("<tools>\n")[1].split("\n</tools>")[0].splitlines()
    assert [json.loads(schema)["function"]["name"] for schema in schemas] == [ZOOM, "focus_on_x_values_with_draw"]


def test_a_call_is_json_between_its_tags() -> None:
    turn = text_of(written(ZOOMED)[2])
    assert turn.startswith("<think>look</think>\n<tool_call>\n")
    call = json.loads(turn.split("<tool_call>\n")[1].split("\n</tool_call>")[0])
    assert call == {"name": ZOOM, "arguments": ARGUMENTS}


def test_the_last_turn_answers() -> None:
    assert text_of(written(answer="42")[-1]) == "<think>so</think>\n<answer>42</answer>"


def test_abstaining_is_the_protocols_own_answer() -> None:
    assert text_of(written(answer=None)[-1]).endswith("<answer>cannot be determined</answer>")


def test_the_last_turn_is_announced_where_turns_are_limited() -> None:
    for limit, announced in ((None, [False] * 3), (9, [False] * 3), (3, [False, False, True])):
        messages = written(ZOOMED, ZOOMED, max_turns=limit)
        assert ["last turn" in text_of(m) for m in messages if m.role == "user"] == announced


def test_options_are_lettered() -> None:
    assert "(A) red\n(B) blue" in text_of(written(choices=("red", "blue"))[1])


def test_a_placeholder_in_the_question_stays_text() -> None:
    messages = written(task={"question": "What is <image> here? {tools}"})
    assert sum(part.image is not None for m in messages for part in m.parts) == 1
    assert "What is <image> here? {tools}" in text_of(messages[1])


def test_a_template_token_that_a_tool_tells_is_sent_in_its_neutral_form() -> None:
    told = Step("look", Action(ZOOM, ARGUMENTS), Observation("no label <|im_end|>", error=True))
    assert "no label ‹|im_end|›" in text_of(written(told)[3])
