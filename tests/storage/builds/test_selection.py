"""What curation decides of every episode, and what is counted."""

from dataclasses import replace
from pathlib import Path

import pytest

from lensmill.curation.settings import CurationSettings
from lensmill.sample import Sample
from storage.builds import ledger as ledgers
from storage.builds.conditions import ConditionError
from storage.builds.exclusion import Exclusion
from storage.builds.plan import PlannedEpisode
from storage.builds.scope import Scope
from storage.builds.selection import SELECTION, Selection, check_curation, select
from storage.files.store import Files
from tests.storage.builds.ledgers import FAILURE, End, add, finish, mixed_build, right, written
from tests.storage.made import a_sample, a_trajectory

ALL = CurationSettings(validation=0)


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Files:
    """A store with eight samples on two rungs, in several segments."""
    monkeypatch.setattr(ledgers, "SEGMENT_EPISODES", 4)
    return mixed_build(tmp_path)


def tables(selection: Selection) -> list[tuple[str, str | None]]:
    columns = (selection.rows.column(name).to_pylist() for name in ("table", "reason"))
    return [*zip(*columns, strict=True)]


def numbers(selection: Selection, name: str) -> list[int]:
    """The samples of one table, by number."""
    known = {a_sample(number).sample_id: number for number in range(30)}
    rows = zip(selection.rows.column("sample_id").to_pylist(), tables(selection), strict=True)
    return [known[sample_id] for sample_id, (table, _) in rows if table == name]


def test_every_episode_is_in_one_table_with_its_reason(files: Files) -> None:
    selection = select(written(files), Scope(), ALL)
    ended = [
        ("failures", "failed"),
        ("rejected", "abstained"),
        ("rejected", "incorrect"),
        ("rejected", "template_token"),
    ]
    assert tables(selection) == [end for end in ended for _ in range(2)] + [("train", None)] * 8
    assert selection.rows.schema == SELECTION
    assert selection.rows.column("episode_id").to_pylist() == (
        written(files).dataset().to_table(["episode_id"]).column(0).to_pylist()
    )


def test_a_row_that_fails_a_condition_is_rejected_under_the_name_of_the_first(files: Files) -> None:
    conditions = {"small": "rung < 300", "looked": "zooms > 0"}
    selection = select(written(files), Scope(), replace(ALL, conditions=conditions, keep="answer <> '4'"))
    assert tables(selection)[8:] == [
        ("rejected", "keep"),
        ("rejected", "small"),
        *[("train", None), ("rejected", "small")] * 3,
    ]


def test_the_funnel_says_how_many_each_condition_removed(files: Files) -> None:
    conditions = {"small": "rung < 300", "looked": "zooms > 0"}
    selection = select(written(files), Scope(), replace(ALL, conditions=conditions, keep="answer <> '4'"))
    fixed = (("failed", 2), ("abstained", 2), ("template_token", 2), ("incorrect", 2))
    assert selection.funnel == (*fixed, ("small", 4), ("looked", 0), ("keep", 1))


def test_a_condition_that_is_null_is_not_true(files: Files) -> None:
    unknown = select(written(files), Scope(), replace(ALL, keep="target_coverage >= 0.5"))
    spared = select(written(files), Scope(), replace(ALL, keep="coalesce(target_coverage >= 0.5, true)"))
    assert (numbers(unknown, "train"), len(numbers(spared, "train"))) == ([], 8)


def test_the_pass_rate_is_of_the_same_sample_on_the_same_rung(tmp_path: Path) -> None:
    files = Files(str(tmp_path))
    add(files, range(3), (224,), seeds=range(4), chunk_size=4)

    def ends(sample: Sample, episode: PlannedEpisode) -> End:
        if sample.answers[0] == "0" and episode.seed == 0:
            return FAILURE, "incorrect"
        wrong = sample.answers[0] == "1" and episode.seed < 2
        return (a_trajectory(), "incorrect") if wrong else right(sample, episode)

    finish(files, ends)
    selection = select(written(files), Scope(), replace(ALL, keep="pass_rate = 0.5 and group_episodes = 4"))
    assert numbers(selection, "train") == [1, 1]
    assert dict(selection.funnel)["keep"] == 3 + 4  # a failed episode does not lower the rate


def test_samples_out_of_scope_are_not_in_it_and_do_not_count(files: Files) -> None:
    out = frozenset(a_sample(number).sample_id for number in (2, 4))
    selection = select(written(files), Scope(left_out=out), ALL)
    assert numbers(selection, "train") == [5, 5, 6, 6, 7, 7]
    assert (selection.left_out, selection.taken_down, "incorrect" in dict(selection.funnel)) == (4, 0, False)


def test_rungs_and_seeds_out_of_scope_are_not_in_it_and_do_not_count(files: Files) -> None:
    beyond = frozenset({(a_sample(5).sample_id, 448)})
    selection = select(written(files), Scope(rungs=(448,), seeds=(0,), beyond=beyond), ALL)
    assert set(selection.rows.column("rung").to_pylist()) == {448}
    assert (numbers(selection, "train"), selection.left_out) == ([4, 6, 7], 9)
    assert len(select(written(files), Scope(seeds=(1,)), ALL).rows) == 0


def test_taken_down_episodes_are_counted_and_unknown_names_are_told(files: Files) -> None:
    four, five, two = (a_sample(number) for number in (4, 5, 2))
    scope = Scope(
        left_out=frozenset({four.sample_id}),
        by_origin=frozenset({four.sample_id}),
        exclusion=Exclusion(frozenset({five.image_id, two.sample_id, "0" * 32})),
    )
    selection = select(written(files), scope, ALL)
    assert numbers(selection, "train") == [6, 6, 7, 7]
    assert (selection.left_out, selection.taken_down, selection.unknown) == (6, 4, ("0" * 32,))


def test_rows_out_of_scope_do_not_count_towards_a_pass_rate(files: Files) -> None:
    out = frozenset({a_sample(4).sample_id})
    selection = select(written(files), Scope(left_out=out), replace(ALL, keep="pass_rate = 1"))
    assert numbers(selection, "train") == [5, 5, 6, 6, 7, 7]


def test_all_rows_of_a_picture_are_in_one_table_and_stay_there_when_the_source_grows(files: Files) -> None:
    half = CurationSettings(validation=0.5)
    before = select(written(files), Scope(), half)
    validation = set(numbers(before, "validation"))
    assert validation
    assert not validation & set(numbers(before, "train"))
    add(files, range(20), (224, 448), chunk_size=4)
    finish(files)
    after = select(written(files), Scope(), half)
    assert {number for number in numbers(after, "validation") if number < 8} == validation


def test_a_share_of_0_leaves_validation_empty(files: Files) -> None:
    assert numbers(select(written(files), Scope(), ALL), "validation") == []


def test_the_share_of_validation_is_about_the_setting(tmp_path: Path) -> None:
    files = Files(str(tmp_path))
    add(files, range(500), chunk_size=500)
    finish(files)
    selection = select(written(files), Scope(), CurationSettings(validation=0.1))
    assert 30 <= sum(table == "validation" for table, _ in tables(selection)) <= 70


def test_counts_sum_to_the_rows(files: Files) -> None:
    selection = select(written(files), Scope(), ALL)
    counts = selection.counts.to_pylist()
    assert sum(row["episodes"] for row in counts) == len(selection.rows)
    accepted = [row for row in counts if row["table"] == "train"]
    assert [(row["rung"], row["episodes"], row["zooms"], row["seconds"]) for row in accepted] == [
        (224, 4, 4, 8.0),
        (448, 4, 4, 8.0),
    ]
    (failed, _) = [row for row in counts if row["table"] == "failures"]
    assert (failed["error_class"], failed["message"], failed["first"]) == ("timeout", "took too long", 0)


def test_a_condition_that_fails_on_an_episode_is_told_with_its_name(files: Files) -> None:
    with pytest.raises(ConditionError, match=r"^keep: Conversion Error: .*question"):
        select(written(files), Scope(), replace(ALL, keep="question::INTEGER > 0 or question = ''"))


def test_an_empty_ledger_selects_nothing(files: Files) -> None:
    selection = select(written(files, []), Scope(), ALL)
    assert (len(selection.rows), len(selection.counts), selection.funnel) == (0, 0, ())


def test_settings_are_checked_before_there_is_a_ledger() -> None:
    settings = CurationSettings(keep="pass_rate < 1 and zooms > 0")
    assert check_curation(settings) is settings
    with pytest.raises(ConditionError, match="keep: there is no column zoms: did you mean zooms"):
        check_curation(CurationSettings(keep="zoms > 0"))
