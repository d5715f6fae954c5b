"""Observations that a model made up, and plans and reports that are none."""

import pytest

from lensmill.curation.made_up import makes_up
from lensmill.trajectory import Message, Part, Step

CALL = '<tool_call>{"name": "image_zoom_in_tool", "arguments": {"bbox_2d": [1, 2, 30, 40]}}</tool_call>'
BLOCK = "ACTION 0:\n```python\ndisplay(image_1)\n```"


def conversation(*turns: str, question: str = "How many?", tools: bool = True) -> list[Message]:
    """Turns with a picture between each two."""
    system = [Message("system", (Part("Tools: ..."),))] if tools else []
    messages = [*system, Message("user", (Part(image=0), Part(f"\nQuestion: {question}\nThink first.")))]
    for number, turn in enumerate(turns):
        if number:
            messages.append(Message("user", (Part(image=number), Part(f"\nPicture {number}."))))
        messages.append(Message("assistant", (Part(turn),)))
    return messages


MADE_UP = (
    "The zoomed picture shows 7.",
    "<think>I zoom in. The zoomed picture shows 7.</think><answer>7</answer>",
    "<think>I will zoom in, and the zoomed-in image shows 7.</think><answer>7</answer>",
    "After zooming in, I can see 7.",
    "I have zoomed in and it says 7.",
    "I zoomed in on the sign: it is red.",
    "The crop clearly shows 7.",
    "From the crop, I can tell that it is 7.",
    "Zooming in on the sign, I can see that it is red.",
    "Picture 1 shows 7.",
    "In the zoomed-in image, the label reads May.",
    "Looking at the cropped area, the sign is red.",
    "The edited image shows that Japan is at 84.",
    "The zoomed picture: 7",
    "The tool returned 7.",
    "Observation: 7",
    "THOUGHT 0: I look.\nOBSERVATION: It is 7.\nFINAL ANSWER: 7",
    "Tool response: 7",
    "<tool_response>7</tool_response>",
    f"<think>I zoom.</think>{CALL}\n<tool_response>\n7\n</tool_response>",
    f"<think>I zoom.</think>{CALL}\nuser\nPicture 1.\nassistant\n<think>It is 7.</think>",
    f"<think>I zoom.</think>{CALL}\nUser: Picture 1\nAssistant: It is 7.",
    f"<think>I zoom.</think>{CALL}<answer>7</answer>",
    f"{CALL}\nObservation: the sign is red.",
    f"<think>I zoom.</think>{CALL}\nThe sign is red.",
    f"THOUGHT 0: I look.\n{BLOCK}\nThe bar reads 7.",
    f"{BLOCK}\nFINAL ANSWER: 7",
    f"THOUGHT 0: I look.\n{BLOCK}\nOBSERVATION: Execution success.\nTHOUGHT 1: It is 7.",
)

BEFORE_ANY = (
    "The function output is 7.",
    "The function returned the result 7.",
    "The function call returned 7.",
    "After cropping the legend, the colour is red.",
    "After cropping, the label is clear: 7.",
    f"<think>I look.</think>\nObservation: the sign is red.\n{CALL}",
)
"""Made up in a first turn; later they may tell of what came."""

SOUND = (
    "I zoom in to see what the zoomed picture shows.",
    "The zoomed picture should show the label.",
    "Let me zoom in so that the cropped area is readable.",
    "If I zoom in, the zoomed picture shows more.",
    "After zooming in, I will read the label.",
    "The highlighted bar shows 7.",
    "The image is a zoomed-in view of a sign. It is red.",
    "The function returned to normal in 2010.",
    "The function returns to zero at 3.",
    "After cropping season is over, the yield is 5.",
    "After cropping season the yield is 5.",
    f"<think>Observation: the 2010 bar is highest, and I zoom in to read it.</think>{CALL}",
    f"<think>\nObservation: the 2010 bar is highest.</think>\n{CALL}",
    "User: 35%\nHuman: 12",
    "Users see 7 adverts a day.",
    "THOUGHT 0: I can read it directly.\nACTION 0: No action needed.\nANSWER: It is 7. FINAL ANSWER: 7",
    f"<think>It is too small, so I zoom in on it.</think>{CALL}",
    f"<think>I zoom.</think>{CALL}\nLet me see what it says.",
    f"<think>First the left one.</think>{CALL}<think>Then the right one.</think>{CALL}",
)


@pytest.mark.parametrize("turn", MADE_UP + BEFORE_ANY)
def test_an_observation_before_there_was_one_is_made_up(turn: str) -> None:
    assert makes_up(conversation(turn), ())


@pytest.mark.parametrize("turn", SOUND)
def test_a_plan_or_a_report_is_none(turn: str) -> None:
    assert not makes_up(conversation(turn), ())


@pytest.mark.parametrize("turn", [turn for turn in MADE_UP[:17] if "OBSERVATION" not in turn])
def test_the_same_words_are_true_once_there_is_a_picture(turn: str) -> None:
    assert not makes_up(conversation(f"<think>I zoom in.</think>{CALL}", turn), ())


@pytest.mark.parametrize("turn", MADE_UP[18:])
def test_results_and_turns_are_never_a_models_to_write(turn: str) -> None:
    assert makes_up(conversation(f"<think>I zoom in.</think>{CALL}", turn), ())


def test_text_after_a_call_describes_a_picture_that_has_not_come() -> None:
    again = f"<think>Closer still.</think>{CALL}\nThe zoomed picture shows 7."
    assert makes_up(conversation(f"<think>I zoom in.</think>{CALL}", again), ())


def test_a_thought_that_the_server_set_apart_counts() -> None:
    assert makes_up(conversation("<answer>7</answer>"), [Step("The zoomed picture shows 7.")])


def test_a_fields_crop_is_no_picture() -> None:
    turn = "<think>The crop shows the highest yield.</think><answer>wheat</answer>"
    assert not makes_up(conversation(turn, question="Which crop has the highest yield?"), ())


def test_a_heading_is_no_observation_without_tools() -> None:
    turn = "<think>Observation: the bar ends at 7.</think><answer>7</answer>"
    assert not makes_up(conversation(turn, tools=False), ())
    assert makes_up(conversation(turn), ())


@pytest.mark.parametrize(
    ("question", "turn"),
    [
        ("Which labels does the annotated image show?", "The annotated image shows labels next to bars."),
        ("Which state is in the enlarged map section?", "The enlarged map section shows Texas."),
        ("What is in the magnified view of the cell?", "The magnified view shows a nucleus."),
        ("What do the highlighted parts stand for?", "The highlighted version shows two parts."),
        ("What does Picture 2 show?", "Picture 2 shows a dog."),
        ("Which crops are sown after the rain?", "From the crop, it is seen that wheat is sown."),
    ],
)
def test_parts_named_by_the_question_belong_to_the_given_picture(question: str, turn: str) -> None:
    assert not makes_up(conversation(turn, question=question), ())
    assert makes_up(conversation(turn), ())


@pytest.mark.parametrize(
    "turn",
    [
        "After cropping the legend, I see red.",
        "Having cropped it, the sign is red.",
        "I cropped the sign: it is red.",
        "The tool returned 7.",
        "The zoomed picture shows 7.",
    ],
)
def test_a_question_about_crops_forgives_no_call_and_no_other_picture(turn: str) -> None:
    assert makes_up(conversation(turn, question="Which crop has the highest yield?"), ())


@pytest.mark.parametrize(
    "turn",
    [
        "The annotated image shows labels next to bars.",
        "The enlarged map section shows Texas.",
        "The function returned to normal in 2010.",
        "After cropping season is over the yield is 5.",
        "The crop shows the highest yield.",
        "Picture 2 shows a dog.",
        "<think>Observation: the 2010 bar is highest.</think><answer>2010</answer>",
    ],
)
def test_a_part_of_the_picture_is_no_other_picture_without_tools(turn: str) -> None:
    assert not makes_up(conversation(turn, tools=False), ())


@pytest.mark.parametrize("turn", ["After zooming in, I see red.", "I zoomed in, and it is 7.", "The tool returned 7."])
def test_claims_of_zooms_and_calls_are_made_up_without_tools(turn: str) -> None:
    assert makes_up(conversation(turn, tools=False), ())


@pytest.mark.parametrize(
    "words",
    [
        "when picture 4 ",
        "to see picture 4 ",
        "to see picture 4 is ",
        "the zoomed a b c ",
        "zooming in a, ",
        "the the ",
        "ACTION\n```",
        "user  ",
        "\n",
        "ACTION: (a",
        "<tool",
        "_" * 50 + "a ",
    ],
)
@pytest.mark.parametrize("tools", [True, False])
def test_a_hostile_turn_of_any_length_is_read_to_its_end(words: str, tools: bool) -> None:
    turn = words * (200_000 // len(words)) + "x"
    makes_up(conversation(turn, tools=tools), [Step(turn)])


def test_phrases_that_differ_are_read_to_the_end_of_the_sentence() -> None:
    turn = " ".join(f"picture {i % 99} x{i}" for i in range(15_000))
    assert not makes_up(conversation(turn), ())
    assert makes_up(conversation(f"{turn} is red"), ())
