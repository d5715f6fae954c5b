"""What replies to the direct and search protocols, and to requests for boxes, mean."""

import pytest

from lensmill.agents.direct.replies import read_direct_reply
from lensmill.agents.replies.final import abstains
from lensmill.agents.replies.loose_json import Unreadable
from lensmill.agents.search.replies import read_located, read_search_reply
from lensmill.geometry import Box, Convention, Frame

VIEW = Frame(Box(0, 0, 800, 400), 200, 100)
BOX = (10, 20, 60, 80)


@pytest.mark.parametrize(
    ("reply", "answer"),
    [
        ("<think>So.</think><answer>4</answer>", "4"),
        ("<answer>4</answer>", "4"),
        ("4", "4"),
        ("**4**", "4"),
        ("The United States.", "The United States"),
        ("I add both bars.\nAnswer: 4", "4"),
        ("<think>1 + 3 is 4</think>\nAnswer: 4", "4"),
        ("<answer>4</answer><answer>5</answer>", None),
        ("", None),
        ("A long text.\nIt goes on and on without saying anything.", None),
    ],
)
def test_a_direct_reply(reply: str, answer: str | None) -> None:
    read = read_direct_reply(reply)
    assert read.answer == answer
    assert bool(read.problem) == (answer is None)


def test_a_direct_reply_that_was_cut_off_is_no_answer() -> None:
    assert read_direct_reply("<answer>the man with", cut=True).answer is None
    assert read_direct_reply("The man with", cut=True).answer is None


@pytest.mark.parametrize(
    ("reply", "name", "text", "box"),
    [
        ('{"name": "locate", "arguments": {"object": "the sign"}}', "locate", "the sign", None),
        ('{"name": "locate", "arguments": "the sign"}', "locate", "the sign", None),
        ("locate(object='the sign')", "locate", "the sign", None),
        ('locate("the sign")', "locate", "the sign", None),
        ('{"name": "vlm", "arguments": {"bbox_2d": "10,20,60,80", "question": "Which?"}}', "vlm", "Which?", BOX),
        ('{"name": "vlm", "arguments": {"box": [60, 80, 10, 20], "question": "Which?"}}', "vlm", "Which?", BOX),
        ('vlm([10, 20, 60, 80], "Which?")', "vlm", "Which?", BOX),
        ('{"name": "adjust\\_box", "args": {"bbox": [10,20,60,80], "instruction": "up"}}', "adjust_box", "up", BOX),
    ],
)
def test_a_call_of_an_instrument(reply: str, name: str, text: str, box: object) -> None:
    read = read_search_reply(f"<think>hm</think><tool_call>{reply}</tool_call>", Convention.PIXELS, VIEW)
    assert [(call.name, call.text, call.box) for call in read.calls] == [(name, text, box)]


@pytest.mark.parametrize(
    ("reply", "problem"),
    [
        ('{"name": "zoom", "arguments": {}}', "the tools are locate, vlm, adjust_box"),
        ('{"name": "locate", "arguments": {}}', 'locate needs "object"'),
        ('{"name": "vlm", "arguments": {"question": "Which?"}}', 'vlm needs "bbox_2d"'),
        ('{"name": "vlm", "arguments": {"bbox_2d": [[1,2,3,4],[5,6,7,8]], "question": "a"}}', "one box, not 2"),
    ],
)
def test_a_call_that_cannot_be_run_says_what_to_fix(reply: str, problem: str) -> None:
    read = read_search_reply(f"<tool_call>{reply}</tool_call>", Convention.PIXELS, VIEW)
    assert not read.calls
    assert problem in read.problem


@pytest.mark.parametrize(
    ("reply", "boxes"),
    [
        ('[{"bbox_2d": [10, 20, 60, 80], "label": "sign"}]', [BOX]),
        ('```json\n[{"bbox_2d": [10, 20, 60, 80]}, {"bbox_2d": [1, 2, 3, 4]}]\n```', [BOX, (1, 2, 3, 4)]),
        ('{"bbox_2d": [10, 20, 60, 80]}', [BOX]),
        ("[10, 20, 60, 80]", [BOX]),
        ("[10, 20, 60, 80]\n[1, 2, 3, 4]", [BOX, (1, 2, 3, 4)]),
        ("[[10, 20, 60, 80], [1, 2, 3, 4]]", [BOX, (1, 2, 3, 4)]),
        ("<think>It [the sign] is left</think>[{'bbox_2d': [10, 20, 60, 80]}]", [BOX]),
        ("(10,20),(60,80)", [BOX]),
        ("[]", []),
        ("There is none.", []),
    ],
)
def test_boxes_that_were_asked_for(reply: str, boxes: list[object]) -> None:
    assert list(read_located(reply, Convention.PIXELS, VIEW, 10)) == boxes


def test_a_text_about_numbers_is_no_box() -> None:
    with pytest.raises(Unreadable):
        read_located("I see 3 of them, at about 10 and 20.", Convention.PIXELS, VIEW, 10)


def test_only_the_protocols_own_words_abstain() -> None:
    assert abstains("Cannot be determined.")
    assert not abstains("unclear")
    assert not abstains("Cannot be determined", ["Yes", "No", "Cannot be determined"])
