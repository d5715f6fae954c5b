"""Progress: plain lines where nobody watches a terminal."""

import io
from collections import Counter

import pytest

from monitoring.progress import ProgressDisplay, clock_text, size_text


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_plain_line_counts_outcomes_rate_and_time_left() -> None:
    clock, stream = Clock(), io.StringIO()
    with ProgressDisplay(stream, clock) as display:
        display.begin("episodes", 100)
        clock.now = 10.0
        display.episodes(Counter(accepted=15, rejected=4, failed=1), earlier=40)
    assert stream.getvalue() == (
        "episodes: 60/100 (now accepted 15, rejected 4, failed 1, 2.0 episodes/s, 20 s left)\n"
    )


def test_judging_counts_chunks_and_verdicts_by_outcome() -> None:
    clock, stream = Clock(), io.StringIO()
    with ProgressDisplay(stream, clock) as display:
        display.begin("judging", 5)
        clock.now = 10.0
        display.verdicts(Counter(correct=15, undecided=4, judge_error=1, chunks=2))
    assert stream.getvalue() == (
        "judging: 2/5 (chunks: correct 15, incorrect 0, undecided 4, judge errors 1, 2.0 verdicts/s)\n"
    )


def test_plain_lines_come_every_few_seconds_only() -> None:
    clock, stream = Clock(), io.StringIO()
    with ProgressDisplay(stream, clock) as display:
        display.begin("episodes", 100)
        for tenth in range(100):
            clock.now = tenth / 10
            display.episodes(Counter(accepted=tenth))
    assert len(stream.getvalue().splitlines()) == 2


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_gets_a_live_line_with_the_same_words() -> None:
    stream = Terminal()
    with ProgressDisplay(stream, Clock()) as display:
        display.begin("reading the source", 0)
        display.planned(3, 1)
        display.begin("episodes", 8)
        display.episodes(Counter(accepted=2, rejected=1))
        display.say("see [/tmp] for more")
    assert "see [/tmp] for more" in stream.getvalue()


def test_a_line_that_stays_is_printed_as_it_is() -> None:
    stream = io.StringIO()
    with ProgressDisplay(stream, Clock()) as display:
        display.say("see [/tmp] for more")
    assert stream.getvalue() == "see [/tmp] for more\n"


@pytest.mark.parametrize(("seconds", "text"), [(0.4, "0 s"), (59, "59 s"), (187, "3:07 min"), (8100, "2:15 h")])
def test_seconds_as_people_read_them(seconds: float, text: str) -> None:
    assert clock_text(seconds) == text


@pytest.mark.parametrize(("size", "text"), [(12, "12 B"), (1500, "1.5 kB"), (2.5e9, "2.5 GB"), (3e13, "30.0 TB")])
def test_bytes_as_people_read_them(size: float, text: str) -> None:
    assert size_text(size) == text
