"""What a job says at its end where nothing can be trained on."""

import io
from collections import Counter

import pytest

from actors.publishing.publishing import Progress
from monitoring.progress import ProgressDisplay
from monitoring.report import BuildTally, RungTally
from pipelines.publishing import _tell_published, nothing_accepted, tell_scope
from storage.builds.scope import Scope, SourceCounts
from storage.datasets.version import PublishedDataset


def line(rung: RungTally, failures: dict[str, tuple[int, str]] | None = None) -> str:
    return "".join(nothing_accepted(BuildTally({224: rung}, failures or {})))


@pytest.mark.parametrize(
    ("rung", "expected"),
    [
        (RungTally(episodes=4, failed=4), "all 4 episodes failed, most of them of timeout"),
        (RungTally(episodes=4, abstained=4, turn_limits=3), "none of 4 episodes gave an answer (3 within their turns"),
        (RungTally(episodes=4, abstained=1, failed=3), "none of 4 episodes gave an answer"),
        (RungTally(episodes=4, wrong=3, undecided=1), "none of 4 episodes was accepted (3 wrong, 1 undecided"),
        (RungTally(episodes=4, unfit=Counter(runaway=3, template_token=1)), "0 failed, 3 runaway, 1 template_token)"),
        (
            RungTally(episodes=4, filtered=Counter(keep=4)),
            "4 removed by the condition keep): look at the rejected table",
        ),
        (RungTally(), "the version holds no episode"),
        (RungTally(episodes=400, accepted=1, failed=399), ""),
    ],
)
def test_a_version_without_an_accepted_trajectory_is_no_success(rung: RungTally, expected: str) -> None:
    told = line(rung, {"timeout": (3, "took too long"), "engine_error": (1, "gone")})
    assert expected in told
    assert bool(told) == bool(expected)


def test_a_list_that_takes_down_all_that_was_accepted_is_named() -> None:
    tally = BuildTally({224: RungTally(episodes=2, wrong=2)}, {}, taken_down=1)
    (told,) = nothing_accepted(tally)
    assert told.startswith("no success: exclude= took 1 accepted episode down, and none is left")


def test_a_version_of_which_every_row_is_taken_down_is_published_not_there_already() -> None:
    version, told = PublishedDataset("v1", "out/v1", 0, 0, 0, 0, (), {}), io.StringIO()
    with ProgressDisplay(told) as display:
        _tell_published(version, Progress(2, left_out=2), 1.0, display)
        _tell_published(version, Progress(2), 1.0, display)
    first, second = told.getvalue().splitlines()
    assert first.startswith("published v1: 0 rows")
    assert second.startswith("v1 is published already")


def test_withdrawn_samples_are_told_in_one_line_with_number_and_first() -> None:
    told = io.StringIO()
    with ProgressDisplay(told) as display:
        tell_scope(display, Scope(source=SourceCounts(6, 0, 7, ("a", "b"))), {"a": "row 1", "b": "row 2"}, ())
    assert told.getvalue() == (
        "withdrawn: 7 samples not in the source any more leave the version: a (row 1), b (row 2), ...\n"
    )


def test_nothing_is_told_where_nothing_was_withdrawn() -> None:
    told = io.StringIO()
    with ProgressDisplay(told) as display:
        tell_scope(display, Scope(source=SourceCounts(6, 3)), {}, ())
    assert told.getvalue() == ""
