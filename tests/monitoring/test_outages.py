"""Outages and their duration."""

from collections import Counter

import pytest

from monitoring import metrics
from monitoring.outages import Outages
from tests.monitoring.test_progress import Clock

DOWN, SECONDS = "lensmill_outages|{}", "lensmill_outage_seconds_total|{}"


def test_an_outage_counts_while_it_lasts_and_stays_counted() -> None:
    clock = Clock()
    outages = Outages(clock)
    assert outages.series() == {}
    outages.note("model", True)
    clock.now = 5.0
    outages.note("model", True)
    assert outages.series() == {DOWN.format("model"): 1, SECONDS.format("model"): 5}
    outages.note("model", False)
    clock.now = 9.0
    outages.note("model", True)
    clock.now = 10.0
    assert outages.series() == {DOWN.format("model"): 1, SECONDS.format("model"): 6}


def test_a_block_is_an_outage_however_it_ends() -> None:
    clock = Clock()
    outages = Outages(clock)

    def wait() -> None:
        with outages.waiting("store"):
            clock.now = 2.5
            raise OSError("gone")

    with pytest.raises(OSError, match="gone"):
        wait()
    assert outages.series() == {DOWN.format("store"): 0, SECONDS.format("store"): 2.5}


def test_no_outage_is_left_at_the_end() -> None:
    outages = Outages(Clock())
    outages.note("engine", True)
    outages.end()
    assert outages.series()[DOWN.format("engine")] == 0


def test_outages_of_several_processes_add_up() -> None:
    total = Counter[str]()
    for _ in range(2):
        outages = Outages(Clock())
        outages.note("model", True)
        total.update(outages.series())
    assert total[DOWN.format("model")] == 2


def test_unknown_outages_count_as_other() -> None:
    outages = Outages(Clock())
    outages.note("the moon", True)
    assert outages.series()[DOWN.format(metrics.OTHER)] == 1
