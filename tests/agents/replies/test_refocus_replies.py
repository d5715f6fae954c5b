"""What ReFocus replies mean: the labelled table, and what holds for any text."""

import json
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lensmill.agents.refocus.replies import read_refocus_reply
from tests.agents.replies.refocus_cases import CASES, CODE, Case


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.label)
def test_a_reply_is_read_with_its_meaning(case: Case) -> None:
    read = read_refocus_reply(case.reply, case.cut)
    assert read.code == case.code
    assert read.answer == case.answer
    assert case.problem in read.problem if case.problem else read.problem == ""
    if case.thought is not None:
        assert read.thought == case.thought


PIECES = st.sampled_from(
    [
        "THOUGHT 0: ",
        "ACTION 0:\n",
        "ANSWER: ",
        "FINAL ANSWER: ",
        "TERMINATE",
        "```python\n",
        "```",
        "\n",
        CODE,
        "4",
        "'",
    ]
)


@given(st.one_of(st.lists(PIECES, max_size=20).map("".join), st.text(max_size=200)), st.booleans())
@settings(max_examples=300, deadline=None)
def test_any_text_is_read_or_explained(reply: str, cut: bool) -> None:
    read = read_refocus_reply(reply, cut)
    assert read.code is not None or read.answer is not None or read.problem


@pytest.mark.parametrize("piece", ["THOUGHT 0: ", "```", "```python\n", "ANSWER", "* ", "\n", "ACTION:(", "f(", "a"])
@pytest.mark.timeout(60)
def test_reading_is_bounded_for_replies_without_end(piece: str) -> None:
    read_refocus_reply(piece * (500_000 // len(piece)))
    read_refocus_reply("ACTION:\n```python\n" + piece * (50_000 // len(piece)))


def test_every_published_reply_is_read() -> None:
    """GPT-4o's own, of ReFocus_Data: the code as it stands, and each dialogue's answer."""
    if "LENSMILL_SHARED" not in os.environ:
        pytest.skip("LENSMILL_SHARED does not name the folder with the ReFocus sample")
    rows = Path(os.environ["LENSMILL_SHARED"], "data/refocus/train_sample.jsonl").read_text().splitlines()
    assert len(rows) == 300
    for row in map(json.loads, rows):
        replies = [read_refocus_reply(thought) for thought in row["thoughts"]]
        for reply, thought in zip(replies, row["thoughts"], strict=True):
            wanted = thought.split("```python")[1].split("```")[0].strip() if "```" in thought else None
            assert reply.code == wanted, row["id"]
            assert reply.problem == "", row["id"]
        assert replies[-1].answer is not None or replies[-1].code is not None, row["id"]
