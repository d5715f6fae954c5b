import json

from lensmill.agents.protocol import Task
from lensmill.agents.reader.transcript import write_messages
from lensmill.geometry import Box, Frame
from lensmill.tools import ZOOM
from lensmill.trajectory import Action, ImageRef, Observation, Step

REF = ImageRef("id", "hash", Frame(Box(0, 0, 10, 10), 10, 10))
ARGUMENTS = {"bbox_2d": [1, 2, 3, 4], "label": "ü", "image": 0}
ZOOMED = Step("look", Action(ZOOM, ARGUMENTS), Observation("", (REF,)))
REFUSED = Step("look", Action(ZOOM, ARGUMENTS), Observation("the box is too small", error=True))


def text_of(message: object) -> str:
    return "".join(part.text for part in message.parts)  # type: ignore[attr-defined]


def test_turns_alternate_after_the_system_message() -> None:
    messages = write_messages(Task("What?", 224), [ZOOMED, REFUSED, ZOOMED], "so", "yes", (ZOOM,))
    assert [m.role for m in messages] == ["system", *["user", "assistant"] * 4]


def test_pictures_are_named_in_the_order_they_came_and_errors_have_none() -> None:
    messages = write_messages(Task("What?", 224), [ZOOMED, REFUSED, ZOOMED], "so", "yes", (ZOOM,))
    assert [part.image for m in messages for part in m.parts if part.image is not None] == [0, 1, 2]
    assert "too small" in text_of(messages[5])


def test_the_system_message_carries_the_schemas() -> None:
    system = text_of(write_messages(Task("What?", 224), [], "so", "yes", (ZOOM,))[0])
    schema = system.split("<tools>\n")[1].split("\n</tools>")[0]
    assert json.loads(schema)["function"]["name"] == ZOOM


def test_a_call_is_json_between_its_tags() -> None:
    turn = text_of(write_messages(Task("What?", 224), [ZOOMED], "so", "yes", (ZOOM,))[2])
    assert turn.startswith("<think>look</think>\n<tool_call>\n")
    call = json.loads(turn.split("<tool_call>\n")[1].split("\n</tool_call>")[0])
    assert call == {"name": ZOOM, "arguments": ARGUMENTS}


def test_the_last_turn_answers() -> None:
    assert (
        text_of(write_messages(Task("What?", 224), [], "so", "42", ())[-1]) == "<think>so</think>\n<answer>42</answer>"
    )


def test_abstaining_leaves_the_answer_out() -> None:
    assert "<answer>" not in text_of(write_messages(Task("What?", 224), [], "so", None, ())[-1])


def test_options_are_lettered() -> None:
    user = text_of(write_messages(Task("What?", 224, choices=("red", "blue")), [], "so", "red", ())[1])
    assert "(A) red\n(B) blue" in user


def test_a_placeholder_in_the_question_stays_text() -> None:
    messages = write_messages(Task("What is <image> here? {tools}", 224), [], "so", "x", (ZOOM,))
    assert sum(part.image is not None for m in messages for part in m.parts) == 1
    assert "What is <image> here? {tools}" in text_of(messages[1])
