"""What zoom replies mean: the labelled table, and what holds for any text."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lensmill.agents.zoom.replies import Zoom, ZoomReply, read_zoom_reply
from lensmill.geometry import Box, Convention, Frame
from tests.agents.replies.zoom_cases import BOX, CASES, GOOD, Case, arguments, call

FRAMES = (Frame(Box(0, 0, 800, 400), 200, 100), Frame(Box(0, 0, 100, 75), 400, 300))


def zooms_in(read: ZoomReply) -> list[Zoom]:
    return [call for call in read.calls if isinstance(call, Zoom)]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.label)
def test_a_reply_is_read_with_its_meaning(case: Case) -> None:
    read = read_zoom_reply(case.reply, case.convention, FRAMES, case.cut)
    assert [zoom.bbox_2d for zoom in zooms_in(read)] == [pytest.approx(box) for box in case.boxes]
    assert all(zoom.image == case.image for zoom in zooms_in(read))
    assert read.answer == case.answer
    assert case.problem in read.problem if case.problem else read.problem == ""


def test_the_table_is_large_enough() -> None:
    assert len(CASES) >= 60
    assert len({case.label for case in CASES}) == len(CASES)


def test_a_label_keeps_its_backslashes_and_quotes() -> None:
    read = read_zoom_reply(arguments(r'"bbox_2d": [1, 2, 3, 4], "label": "C:\\dir \\alpha \q"'), *ABOUT)
    assert zooms_in(read)[0].label == r"C:\dir \alpha \q"


ABOUT = (Convention.PIXELS, FRAMES)

MARKS = ("<think>", "</think>", "<tool_call>", "</tool_call>", "<answer>", "</answer>", "```", "```json\n", "zoom(")
SIGNS = (
    "{",
    "}",
    "[",
    "]",
    '"',
    "'",
    "\\",
    ",",
    ":",
    "bbox_2d",
    "[1, 2, 3, 4]",
    "Answer: 4",
    "<|im_start|>",
    "\n",
    " ",
)
OTHERS = (
    "/*",
    "a",
    "<",
    "( ",
    "# ",
    "//",
    "{{",
    "1",
    "-",
    "<function=",
    "<parameter=a>",
    "\\boxed{",
    "answer: a ",
    "“",
)
PIECES = st.sampled_from((GOOD, *MARKS, *SIGNS))


@given(st.one_of(st.lists(PIECES, max_size=30).map("".join), st.text(max_size=200)), st.booleans())
@settings(max_examples=400, deadline=None)
def test_any_text_is_read_or_explained(reply: str, cut: bool) -> None:
    read = read_zoom_reply(reply, *ABOUT, cut)
    assert zooms_in(read) or read.answer is not None or read.problem
    for zoom in zooms_in(read):
        assert len(zoom.bbox_2d) == 4
        assert 0 <= zoom.image < len(FRAMES)


@pytest.mark.parametrize("piece", [*MARKS, *SIGNS, *OTHERS])
@pytest.mark.timeout(60)
def test_reading_is_bounded_for_replies_without_end(piece: str) -> None:
    """A million characters of one thing: read at once, or (if a pattern backtracks) never."""
    read_zoom_reply(piece * (1_000_000 // len(piece)), *ABOUT)
    read_zoom_reply("<tool_call>" + (piece * 19_000)[:19_000], *ABOUT)
    read_zoom_reply("<tool_call>{" + (piece * 19_000)[:19_000], *ABOUT)


def test_a_call_is_read_after_any_text() -> None:
    read = read_zoom_reply("x" * 20_000 + call(GOOD), *ABOUT)
    assert [zoom.bbox_2d for zoom in zooms_in(read)] == [BOX]
