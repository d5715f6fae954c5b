"""Ray's own messages: short, logged once, and not on standard output."""

import logging

import pytest
import ray._private.worker

from actors.cluster.ray_lines import MOST_CHARS, take_over_ray_lines
from monitoring.logs import LOGGER

DUMP = "\n".join(["\x1b[33m", "2 workers (of node 1a2b3c4d5e6f) were killed for memory", *["PID  MEM  COMMAND"] * 40])


@pytest.fixture(autouse=True)
def ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ray._private.worker, "print_to_stdstream", None)
    monkeypatch.setattr(logging.getLogger("ray"), "handlers", [])
    monkeypatch.setattr(LOGGER, "propagate", True)
    take_over_ray_lines()


def say(text: str) -> None:
    """As Ray's listener for errors does."""
    ray._private.worker.print_to_stdstream({"lines": [text], "pid": "raylet", "is_err": False}, ignore_prefix=False)


def test_only_the_first_line_of_a_dump_is_logged(
    caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    say(DUMP.removeprefix("\x1b[33m"))
    (record,) = caplog.records
    assert record.getMessage() == "Ray's raylet: 2 workers (of node 1a2b3c4d5e6f) were killed for memory"
    assert record.levelno == logging.WARNING
    assert capsys.readouterr().out == ""


def test_messages_that_differ_only_in_numbers_are_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    for number in range(5):
        say(f"Warning: {number} tasks cannot be scheduled; pending for {number * 30} s")
    assert len(caplog.records) == 1


def test_a_long_line_is_cut(caplog: pytest.LogCaptureFixture) -> None:
    say("x" * 100_000)
    assert len(caplog.records[0].getMessage()) == MOST_CHARS + len("Ray's raylet: ")


@pytest.mark.parametrize("text", ["", "\n\n", "   "])
def test_an_empty_line_is_no_line(text: str, caplog: pytest.LogCaptureFixture) -> None:
    say(text)
    assert not caplog.records
