"""Runaway texts, and texts that repeat themselves with reason."""

from time import perf_counter

import pytest

from lensmill.curation.runaway import runs_away

RUNAWAY = {
    "a sign": "!" * 3000,
    "a sign at the end": "It is red" + "!" * 60,
    "a digit": "0" * 400,
    "blank lines": "a" + "\n" * 500 + "b",
    "invisible characters": "a" + "\u200b" * 100,
    "a short sentence": "I look again. " * 400,
    "a sentence of some words": "I look at the chart again now. " * 6,
    "a word": "no " * 400,
    "a syllable": "ha" * 200,
    "a phrase of three words": "zoom in now " * 30,
    "a phrase without end": "The chart shows sales. " + "the value is 5 and then " * 30,
    "a sentence in Chinese": "图片显示的是什么呢" * 40,
    "numbers": "0, " * 400,
    "lines": "\n".join(["The bar is blue."] * 60),
    "two sentences in turn": "The bar is red. The bar is blue. " * 20,
    "lines that are counted": "\n".join(f"Step {i}: I look at the label again." for i in range(40)),
    "sentences that are counted": " ".join(f"{i}. The bar is blue and long." for i in range(40)),
    "a paragraph": "This is about the chart, and it goes on for a while, about nothing. It has two sentences.\n\n" * 5
    + "So the chart says nothing of the sort that was asked for, and I go through it again, line by line, as before.\n"
    * 4,
    "a long passage": (" ".join(f"word{i}" for i in range(100)) + ". ") * 6,
    "more than anybody reads": " ".join(f"{i * 7919 % 10007}" for i in range(20000)),
}

SOUND = {
    "a thought": "I need the value for Japan. The bar for Japan is the third one. It reads 84.",
    "a row of zeros": "| " + " | ".join(["0"] * 40) + " |",
    "a table of zeros": "\n".join("| 0 | 0 | 0 | 0 | 0 | 0 | 0 | 0 | 0 | 0 |" for _ in range(12)),
    "years without values": "\n".join(f"| {1980 + i} | 0 | 0 | 0 | 0 | 0 |" for i in range(40)),
    "a list of similar items": "\n".join(
        f"In {1980 + i} the blue line was at {i * 3 % 17}.{i % 10} million." for i in range(40)
    ),
    "a list of bars": "\n".join(
        f"{i}. The bar of country {chr(65 + i % 26)}{i // 26} is at {i * 7 % 100}" for i in range(45)
    ),
    "lines across": f"a\n{'-' * 120}\nb\n|{'---|' * 20}",
    "dotted leaders": "Chapter 1 " + "." * 120 + " 5",
    "a column of yes": ", ".join(["Yes"] * 15 + ["No"]),
    "the same winner": "The winners: " + ", ".join(["United States"] * 18) + ".",
    "a sum": " + ".join(["5"] * 30) + " = 150",
    "emphasis": "Hmm" + "m" * 20 + ", no!!!!!!",
    "said twice": "The bar is blue. The bar is blue. So it is blue.",
    "calls alike": '{"bbox_2d": [1, 2, 3, 4], "label": "bar", "image": 0}\n' * 4,
    "code": "\n".join(f'image_{i} = focus_on_x_values_with_draw(image_1, ["{2000 + i}"], boxes)' for i in range(12)),
}


@pytest.mark.parametrize("name", RUNAWAY)
def test_a_runaway_is_seen(name: str) -> None:
    assert runs_away(RUNAWAY[name])


@pytest.mark.parametrize("name", SOUND)
def test_repetition_with_reason_is_no_runaway(name: str) -> None:
    assert not runs_away(SOUND[name])


def test_a_long_text_takes_no_time() -> None:
    text = " ".join(f"{i * 7919 % 10007} bars{i % 97}" for i in range(4500))
    begin = perf_counter()
    runs_away(text)
    assert perf_counter() - begin < 5


def test_stops_in_no_order_are_read_to_their_end() -> None:
    stops = "".join(".!?"[i * i * 7919 % 10007 % 3] for i in range(50_000))
    runs_away(f"a{stops}x")
