"""Progress: plain lines without a terminal."""

import io
import json
from collections import Counter
from collections.abc import Callable

import pytest

from monitoring.logs import Logging
from monitoring.metrics import Metric
from monitoring.progress import ProgressDisplay, clock_text, size_text
from pipelines.publishing import tell_gates


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


def test_a_message_is_printed_unchanged() -> None:
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


def said_of(
    shows: Callable[[ProgressDisplay], None], seconds: int, stream: io.StringIO, kind: Logging = "text"
) -> None:
    """Show the display the same progress about twice a second."""
    clock = Clock()
    with ProgressDisplay(stream, clock, kind) as display:
        display.begin("episodes", 72, "a reply of qwen")
        for half in range(2 * seconds):
            clock.now = half / 2
            shows(display)


def test_a_line_without_a_change_names_the_wait_after_10_30_and_70_seconds() -> None:
    stream = io.StringIO()
    said_of(lambda display: display.episodes(Counter()), 300, stream)
    assert stream.getvalue().splitlines() == [
        "episodes: 0/72 (accepted 0, rejected 0, failed 0, 0.0 episodes/s)",
        *(
            f"episodes: still 0/72: waiting for a reply of qwen, {after} without a change"
            for after in ("10 s", "30 s", "1:10 min", "2:10 min", "3:10 min", "4:10 min")
        ),
    ]


def test_a_falling_rate_does_not_count_as_a_change() -> None:
    stream = io.StringIO()
    said_of(lambda display: display.episodes(Counter(accepted=10)), 60, stream)
    assert len(stream.getvalue().splitlines()) == 3


def test_progress_that_resumes_is_reported_at_the_usual_pace() -> None:
    clock, stream = Clock(), io.StringIO()
    with ProgressDisplay(stream, clock) as display:
        display.begin("episodes", 72)
        for second in range(200):
            clock.now = float(second)
            display.episodes(Counter(accepted=max(0, second - 100)))
    lines = stream.getvalue().splitlines()
    after = [line for line in lines if "accepted 0" not in line and "still" not in line]
    assert len(after) >= 18


def test_a_minute_without_a_change_is_a_warning() -> None:
    stream = io.StringIO()
    said_of(lambda display: display.episodes(Counter()), 80, stream, "json")
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [line["level"] for line in lines] == [*["info"] * 3, "warning"]
    assert lines[-1]["unchanged_seconds"] == 70
    assert (lines[-1]["waiting_for"], lines[-1]["done"], lines[-1]["total"]) == ("a reply of qwen", 0, 72)


def test_an_outage_of_the_workers_is_the_reason_of_the_wait() -> None:
    stream = io.StringIO()
    away = Counter({"lensmill_outages|model": 3})
    said_of(lambda display: display.episodes(away), 12, stream)
    assert "waiting for the model to be reachable again, 10 s" in stream.getvalue()


def test_an_outage_becomes_a_warning_sooner() -> None:
    stream = io.StringIO()
    said_of(lambda display: display.episodes(Counter({"lensmill_outages|model": 1})), 40, stream, "json")
    assert [json.loads(line)["level"] for line in stream.getvalue().splitlines()] == ["info", "info", "warning"]


def test_a_lack_of_workers_is_the_reason_of_the_wait() -> None:
    stream = io.StringIO()
    said_of(lambda display: display.episodes(Counter({"lensmill_outages|worker": 1})), 12, stream)
    assert "waiting for a worker to start, 10 s" in stream.getvalue()


def test_reading_tells_pictures_their_rate_and_the_last_row() -> None:
    clock, stream = Clock(), io.StringIO()
    with ProgressDisplay(stream, clock) as display:
        display.begin("reading the source", 0, "the next row of source chartqa")
        display.planned(0, 0)
        clock.now = 10.0
        display.planned(0, 0)
        clock.now = 20.0
        display.planned(120, 1, 40, "test/test_human.json row 119")
    assert stream.getvalue().splitlines() == [
        "reading the source: nothing read yet",
        "reading the source: still nothing read yet: waiting for the next row of source chartqa, 10 s without a change",
        "reading the source: 120 samples of 40 pictures, 2.0 pictures/s; 1 unreadable row; the last: "
        "test/test_human.json row 119",
    ]


def test_publishing_tells_share_rate_and_time_left() -> None:
    clock, stream = Clock(), io.StringIO()
    with ProgressDisplay(stream, clock) as display:
        display.begin("publishing", 300)
        clock.now = 10.0
        display.published(120, 480)
    assert stream.getvalue() == "publishing: 120/300 (rows: 40 %, 480 pictures, 12.0 rows/s, 15 s left)\n"


def test_publishing_ends_at_its_total_where_rows_are_left_out() -> None:
    told, clock, stream = Told(), Clock(), io.StringIO()
    with ProgressDisplay(stream, clock) as display:
        display.export_to(told)
        display.begin("publishing", 8)
        clock.now = 0.001
        display.published(6, 20, left_out=2)
    assert stream.getvalue() == "publishing: 8/8 (rows: 100 %, 20 pictures, 6.0 rows/s)\n"
    assert told == {"lensmill_publish_rows_planned": 6, "lensmill_publish_rows": 6}


def test_numbers_stand_beside_the_message_in_json() -> None:
    clock, stream = Clock(), io.StringIO()
    with ProgressDisplay(stream, clock, "json") as display:
        display.begin("episodes", 100)
        clock.now = 10.0
        display.episodes(Counter(accepted=15, rejected=4, failed=1))
    line = json.loads(stream.getvalue())
    wanted = {"stage": "episodes", "done": 20, "total": 100, "accepted": 15, "rejected": 4, "failed": 1, "rate": 2.0}
    assert {name: line[name] for name in wanted} == wanted


def test_a_terminal_names_the_wait() -> None:
    clock, stream = Clock(), Terminal()
    with ProgressDisplay(stream, clock) as display:
        display.begin("episodes", 8, "a reply of qwen")
        display.episodes(Counter())
        clock.now = 75.0
        display.episodes(Counter())
        (task,) = display._bar.tasks
        assert task.fields["detail"].endswith("; waiting for a reply of qwen, 1:15 min without a change")


def test_a_result_goes_to_its_own_stream_as_text_or_json() -> None:
    for kind, read in (("text", str), ("json", lambda text: json.loads(text)["message"])):
        stream, results = io.StringIO(), io.StringIO()
        ProgressDisplay(stream, Clock(), kind, results).result("3 rows", rows=3)  # type: ignore[arg-type]
        assert read(results.getvalue().rstrip()) == "3 rows"
        assert not stream.getvalue()


class Told(dict[str, float]):
    def tell(self, metric: Metric, value: float, *labels: object) -> None:
        self["|".join((metric.name, *map(str, labels)))] = value


def test_metrics_get_the_numbers_of_the_display() -> None:
    told = Told()
    with ProgressDisplay(io.StringIO(), Clock()) as display:
        display.export_to(told)
        display.begin("episodes", 10)
        display.episodes(Counter(accepted=4), earlier=3)
        display.begin("publishing", 10)
        display.published(6, 20)
    assert told == {
        "lensmill_episodes_planned": 10,
        "lensmill_episodes_remaining": 3,
        "lensmill_publish_rows_planned": 10,
        "lensmill_publish_rows": 6,
    }


def test_gates_are_told_by_name() -> None:
    told = Told()
    with ProgressDisplay(io.StringIO(), Clock()) as display:
        display.export_to(told)
        reasons = ["yield 0.1 (gates.min_yield=0.5)", "9 rows after 20 (gates.shrinks=0.1)", "new (gates.unread=2)"]
        assert tell_gates(display, reasons) == ["min_yield", "shrinks", "unread"]
    assert {name.partition("|")[2] for name, value in told.items() if not value} == {"min_yield", "shrinks", "unread"}
    assert told["lensmill_gate_passed|max_failures"] == 1
