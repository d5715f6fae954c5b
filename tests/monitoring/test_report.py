"""The closing table, as text and as JSON values."""

import json
from collections import Counter
from dataclasses import fields

from monitoring.report import BuildTally, RungTally, table_lines


def a_tally() -> BuildTally:
    """Two rungs; an episode of the second failed."""
    rungs = {
        448: RungTally(episodes=4, accepted=2, abstained=1, wrong=1, steps=10, zooms=4, edits=2, zoomed=2, seconds=8.0),
        224: RungTally(episodes=2, accepted=1, failed=1, steps=4, zooms=3, zoomed=1, edited=1, seconds=2.0),
    }
    return BuildTally(rungs, {"timeout": (1, "took too long")})


def test_every_rung_has_a_line_and_the_last_sums_them() -> None:
    lines = list(table_lines(a_tally()))
    first, second, total = (lines[number].split() for number in (3, 4, 6))
    assert first == ["224", "2", "1", "0", "0", "0", "1", "4.0", "2.00"]
    assert second == ["448", "4", "2", "1", "1", "0", "0", "2.5", "2.00"]
    assert total == ["all", "6", "3", "1", "1", "0", "1", "2.8", "2.00"]
    assert lines[-2:] == ["7 zooms and 2 edits in 5 finished episodes", "of 3 accepted, 3 zoomed and 1 edited"]


def test_a_rung_of_which_all_failed_has_no_means() -> None:
    lines = list(table_lines(BuildTally({224: RungTally(episodes=2, failed=2)}, {})))
    assert lines[3].split() == ["224", "2", "0", "0", "0", "0", "2", "-", "-"]


def test_judge_errors_have_their_own_line() -> None:
    lines = table_lines(BuildTally({224: RungTally(episodes=4, undecided=1, judge_errors=3)}, {}))
    assert any("3 more could not be judged (judge_error)" in line for line in lines)


def test_conditions_of_curation_have_a_line_with_what_each_removed() -> None:
    rungs = {224: RungTally(episodes=9, accepted=1, filtered=Counter(keep=5, small=2), unfit=Counter(runaway=1))}
    lines = [*table_lines(BuildTally(rungs, {}))]
    assert "7 more were removed by the conditions of curation (keep 5, small 2)" in lines
    assert "1 more hold what must not be trained on (runaway 1)" in lines


def test_unfit_episodes_have_a_line_with_their_reasons() -> None:
    rungs = {
        224: RungTally(episodes=4, accepted=1, unfit=Counter(runaway=2, template_token=1)),
        448: RungTally(episodes=1, unfit=Counter(runaway=1)),
    }
    tally = BuildTally(rungs, {})
    assert "4 more hold what must not be trained on (runaway 3, template_token 1)" in list(table_lines(tally))
    assert json.loads(json.dumps(tally.fields()))["all"]["unfit"] == {"runaway": 3, "template_token": 1}


def test_the_table_fits_a_narrow_terminal() -> None:
    counted = RungTally()
    for count in fields(RungTally):
        if count.name not in ("unfit", "filtered"):
            setattr(counted, count.name, 10_000_000)
    counted.seconds = 1e9
    lines = table_lines(BuildTally({3840: counted}, {}))
    assert max(map(len, lines)) <= 100


def test_the_table_as_json_has_every_rung_and_their_sum() -> None:
    fields = json.loads(json.dumps(a_tally().fields()))
    assert [rung["rung"] for rung in fields["rungs"]] == [224, 448]
    assert fields["all"]["episodes"] == sum(rung["episodes"] for rung in fields["rungs"]) == 6
    assert fields["all"]["seconds"] == 10.0
