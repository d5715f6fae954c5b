"""The closing table."""

import io
from collections import Counter

from monitoring.report import RungTally, print_tallies


def test_every_rung_has_a_line_and_the_last_sums_them() -> None:
    stream = io.StringIO()
    tallies = {
        448: RungTally(episodes=4, accepted=2, abstained=1, wrong=1, tool_calls=6, zooms=4, edits=2, seconds=8.0),
        224: RungTally(episodes=2, accepted=1, failed=1, tool_calls=3, zooms=3, seconds=2.0),
    }
    print_tallies(tallies, stream)
    lines = stream.getvalue().splitlines()
    first, second, total = (lines[number].split() for number in (3, 4, 6))
    assert first == ["224", "2", "1", "0", "0", "0", "1", "4.0", "2.00"]
    assert second == ["448", "4", "2", "1", "1", "0", "0", "2.5", "2.00"]
    assert total == ["all", "6", "3", "1", "1", "0", "1", "2.8", "2.00"]
    assert lines[-1] == "7 zooms and 2 edits in 6 episodes"


def test_what_could_not_be_judged_has_a_line_of_its_own() -> None:
    stream = io.StringIO()
    print_tallies({224: RungTally(episodes=4, undecided=1, judge_errors=3)}, stream)
    assert "3 more could not be judged (judge_error)" in stream.getvalue()


def test_what_must_not_be_trained_on_has_a_line_with_its_reasons() -> None:
    stream = io.StringIO()
    tallies = {
        224: RungTally(episodes=4, accepted=1, unfit=Counter(runaway=2, template_token=1)),
        448: RungTally(episodes=1, unfit=Counter(runaway=1)),
    }
    print_tallies(tallies, stream)
    assert "4 more hold what must not be trained on (runaway 3, template_token 1)" in stream.getvalue()


def test_the_table_fits_a_narrow_terminal() -> None:
    stream = io.StringIO()
    print_tallies({3840: RungTally(*[10_000_000] * 9, 1e9)}, stream)
    assert max(map(len, stream.getvalue().splitlines())) <= 100
