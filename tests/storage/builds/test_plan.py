import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from storage.builds.plan import Plan, PlannedSample, episode_id_of
from storage.builds.plan_counts import PlanCounts
from storage.files.store import Files, StoreError
from storage.sources.protocol import SourceFailure
from tests.storage.made import FINGERPRINT, a_sample, planned

BAD = SourceFailure("rows.json row 3", "missing_field", "no query: add one")


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(str(tmp_path))


@pytest.fixture
def plan(files: Files) -> Plan:
    return Plan(files, FINGERPRINT)


def _questions(plan: Plan) -> list[str]:
    chunks = map(plan.read_chunk, plan.chunk_ids())
    return [chunk.samples[episode.sample_id].question for chunk in chunks for episode in chunk.episodes]


def test_every_episode_is_in_one_chunk_in_the_sources_order(plan: Plan) -> None:
    plan.append(planned(range(10)), chunk_size=6)
    chunks = [plan.read_chunk(chunk_id) for chunk_id in plan.chunk_ids()]
    assert [len(chunk.episodes) for chunk in chunks] == [6, 6, 6, 2]
    episodes = [episode for chunk in chunks for episode in chunk.episodes]
    assert episodes == [episode for entry in planned(range(10)) for episode in entry.episodes]


def test_a_chunk_brings_its_samples(plan: Plan) -> None:
    plan.append(planned([1, 2, 3]), chunk_size=4)
    chunk = plan.read_chunk(plan.chunk_ids()[0])
    assert list(chunk.samples.values()) == [a_sample(1), a_sample(2)]


def test_episodes_of_one_sample_stay_together(plan: Plan) -> None:
    plan.append(planned([1, 2], rungs=(224, 448, 672)), chunk_size=4)
    assert [len(plan.read_chunk(chunk_id).episodes) for chunk_id in plan.chunk_ids()] == [3, 3]


def test_counts(plan: Plan) -> None:
    added = plan.append([*planned(range(5)), BAD, *planned([5], rungs=(224,))], chunk_size=4)
    assert added == plan.counts()
    assert (added.samples, dict(added.episodes), added.failures, added.chunks) == (6, {224: 6, 448: 5}, 1, 3)
    assert sum(added.episodes.values()) == 11


def test_planning_the_same_source_again_appends_nothing(plan: Plan, files: Files) -> None:
    plan.append([*planned(range(5)), BAD])
    before = files.list("builds")
    again = Plan(files, FINGERPRINT)
    assert again.append([*planned(range(5)), BAD]) == PlanCounts()
    assert files.list("builds") == before


def test_a_grown_source_appends_only_new_samples(plan: Plan) -> None:
    plan.append(planned(range(4)), chunk_size=2)
    before = plan.chunk_ids()
    added = plan.append([BAD, *planned([9, *range(6)])], chunk_size=2)
    assert (added.samples, added.failures) == (3, 1)
    assert plan.chunk_ids()[:4] == before
    assert _questions(plan)[8::2] == [a_sample(number).question for number in (9, 4, 5)]


def test_a_limit_takes_the_first_samples_and_a_larger_one_the_rest(plan: Plan) -> None:
    assert plan.append(planned(range(100)), limit=3).samples == 3
    assert plan.append(planned(range(100)), limit=3).samples == 0
    assert plan.append(planned(range(100)), limit=5).samples == 2
    assert _questions(plan)[::2] == [a_sample(number).question for number in range(5)]


def test_a_limit_reads_no_further(plan: Plan) -> None:
    def source() -> Iterator[PlannedSample]:
        yield from planned(range(2))
        raise AssertionError("read too far")

    assert plan.append(source(), limit=2).samples == 2


def ids(*numbers: int) -> set[str]:
    return {a_sample(number).sample_id for number in numbers}


def test_the_chunks_of_some_samples_are_those_that_hold_one(plan: Plan) -> None:
    plan.append(planned(range(6)), chunk_size=4)  # two samples each
    first, second, third = plan.chunk_ids()
    assert plan.part(ids(0)).chunk_ids == (first,)
    assert plan.part(ids(5, 3)).chunk_ids == (second, third)
    assert plan.part(ids(*range(6))).chunk_ids == (first, second, third)
    assert plan.part(set()).chunk_ids == ()


def test_as_many_other_samples_hold_no_chunk(plan: Plan) -> None:
    plan.append(planned(range(4)), chunk_size=4)
    assert plan.part(ids(10, 11, 12, 13, 14)).chunk_ids == ()
    mixed = plan.part(ids(1, 10, 11, 12, 13))
    assert (mixed.chunk_ids, mixed.samples) == (plan.chunk_ids()[:1], 1)


def test_the_others_of_a_chunk_are_left_out_by_id(plan: Plan) -> None:
    plan.append(planned(range(6)), chunk_size=4)
    part = plan.part(ids(0, 1, 2), shown=2)
    assert (part.samples, set(part.left_out), part.others) == (3, ids(3), 3)
    assert part.first == {a_sample(3).sample_id: plan.chunk_ids()[1], a_sample(4).sample_id: plan.chunk_ids()[2]}


def test_the_others_are_taken_in_where_that_is_asked_for(plan: Plan) -> None:
    plan.append(planned(range(6)), chunk_size=4)
    part = plan.part(ids(0), others_too=True)
    assert (part.chunk_ids, part.samples, part.left_out, part.others) == (plan.chunk_ids(), 6, frozenset(), 5)


def test_a_selection_of_all_samples_reads_no_file_again(plan: Plan, files: Files) -> None:
    plan.append(planned(range(6)), chunk_size=4)
    known = plan.known()
    for path in files.list("builds"):
        if "/samples-" in path:
            files.remove(path)
    assert plan.part(set(known)).samples == 6


def test_a_plan_says_with_which_chunk_sizes_it_was_planned(plan: Plan) -> None:
    plan.append(planned(range(2)), chunk_size=4)
    plan.append(planned(range(4)), chunk_size=8)
    assert plan.chunk_sizes() == {4, 8}


def test_chunks_grow_with_the_plan_before_them(plan: Plan) -> None:
    plan.append(planned(range(2100)))
    sizes = [plan.episodes_in([chunk_id]) for chunk_id in plan.chunk_ids()]
    assert (sizes[0], sizes[-2], sum(sizes)) == (16, 64, 4200)
    assert sizes[:-1] == sorted(sizes[:-1])
    plan.append(planned(range(2100, 2140)))
    assert [plan.episodes_in([chunk_id]) for chunk_id in plan.chunk_ids()][len(sizes) :] == [64, 16]


def test_a_grown_plan_is_cut_into_the_same_runs_and_more(plan: Plan) -> None:
    plan.append(planned(range(50)), chunk_size=4)
    before = [*plan.runs(32)]
    assert [len(run) for run in before] == [8, 8, 8, 1]
    plan.append(planned(range(70)), chunk_size=8)
    runs = [*plan.runs(32)]
    assert runs[:4] == before
    assert [len(run) for run in runs[4:]] == [4, 1]
    assert [chunk_id for run in runs for chunk_id in run] == [*plan.chunk_ids()]


def test_episodes_of_a_known_sample_that_are_not_planned_are_added(plan: Plan) -> None:
    plan.append(planned([1, 2]))
    added = plan.append(planned([1, 2, 3], rungs=(224, 448, 672)))
    assert dict(added.episodes) == {224: 1, 448: 1, 672: 3}
    attempts = plan.planned().attempts(a_sample(1).sample_id)
    assert attempts == {(224, 0), (448, 0), (672, 0)}
    assert plan.append(planned([1, 2, 3], rungs=(672, 224))) == PlanCounts()


def test_episodes_are_counted_from_the_index(plan: Plan) -> None:
    plan.append(planned(range(3)), chunk_size=4)
    assert [plan.episodes_in([chunk_id]) for chunk_id in plan.chunk_ids()] == [4, 2]


def test_samples_that_are_known_need_no_episodes(plan: Plan) -> None:
    plan.append(planned(range(4)), chunk_size=4)
    ids = [a_sample(number).sample_id for number in range(4)]
    assert plan.known() == {*ids}
    assert plan.append([*ids[:2], *planned([4]), *ids[2:]]).samples == 1
    assert plan.append([*ids, *planned([5, 6])], limit=5).samples == 1
    assert plan.known() == {a_sample(number).sample_id for number in range(6)}


def test_the_counts_of_some_chunks_come_from_the_index(plan: Plan, files: Files) -> None:
    plan.append(planned(range(3)), chunk_size=4)
    plan.append(planned([9], rungs=(896,)), chunk_size=4)
    for path in files.list("builds"):
        if "/samples-" in path:
            files.remove(path)
    first, second, third = Plan(files, FINGERPRINT).chunk_ids()
    counts = plan.counts_in([third, first, "unknown"])
    assert (counts.samples, counts.episodes, counts.chunks) == (3, {224: 2, 448: 2, 896: 1}, 2)
    assert plan.counts_in([second]).episodes == {224: 1, 448: 1}
    assert plan.counts_in([]) == PlanCounts()


def test_a_duplicate_row_is_a_failure_not_a_second_episode(plan: Plan) -> None:
    added = plan.append(planned([1, 2, 1]))
    assert added.samples == 2
    assert [(failure.origin, failure.error_class) for failure in plan.failures()] == [("row 1", "duplicate")]
    assert plan.append(planned([1, 2, 1])).failures == 0


def test_failures_are_kept_in_any_script(plan: Plan) -> None:
    odd = SourceFailure("zeile \udc80.json row 1", "empty_question", "質問が空です \ud83d")
    plan.append([BAD, odd])
    kept = list(plan.failures())
    assert kept[0] == BAD
    assert kept[1].message == "質問が空です \ufffd"
    assert plan.append([odd]).failures == 0


def test_a_planning_that_breaks_off_adds_nothing_and_can_be_done_again(plan: Plan, files: Files) -> None:
    def broken() -> Iterator[PlannedSample]:
        yield from planned(range(7))
        raise RuntimeError("pulled the plug")

    with pytest.raises(RuntimeError, match="pulled the plug"):
        plan.append(broken(), chunk_size=4)
    assert plan.chunk_ids() == ()
    plan.append(planned(range(7)), chunk_size=4)
    undisturbed = Plan(files, FINGERPRINT)
    assert undisturbed.chunk_ids() == plan.chunk_ids()
    assert len(_questions(undisturbed)) == 14


def test_chunk_ids_follow_from_content(tmp_path: Path) -> None:
    plans = [Plan(Files(str(tmp_path / name)), FINGERPRINT) for name in ("one", "two")]
    for plan in plans:
        plan.append(planned(range(9)), chunk_size=4)
    assert plans[0].chunk_ids() == plans[1].chunk_ids()


def test_racing_planners_plan_everything_once(files: Files) -> None:
    start = threading.Barrier(4)

    def race(number: int) -> None:
        def source() -> Iterator[PlannedSample]:
            yield from planned(range(number, number + 20))
            start.wait()

        Plan(files, FINGERPRINT).append(source(), chunk_size=8)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(race, range(0, 20, 5)))
    questions = _questions(Plan(files, FINGERPRINT))
    assert len(questions) == len(set(questions)) * 2 == 70


def test_a_reader_sees_segments_of_other_writers(plan: Plan, files: Files) -> None:
    assert plan.chunk_ids() == ()
    Plan(files, FINGERPRINT).append(planned([1]))
    assert len(plan.chunk_ids()) == 1


def test_another_recipe_has_another_plan(plan: Plan, files: Files) -> None:
    plan.append(planned([1]))
    assert Plan(files, "e" * 32).counts().samples == 0


def test_an_unknown_chunk_is_named(plan: Plan) -> None:
    with pytest.raises(StoreError, match="no chunk abc"):
        plan.read_chunk("abc")


def test_many_chunks_span_several_files(plan: Plan, files: Files) -> None:
    plan.append(planned(range(600), rungs=(224,)), chunk_size=1)
    assert len([path for path in files.list("builds") if "/samples-" in path]) == 3
    last = plan.read_chunk(plan.chunk_ids()[-1])
    assert list(last.samples.values()) == [a_sample(599)]


def test_rows_that_failed_and_whose_file_is_missing_are_told_in_one_line(plan: Plan, files: Files) -> None:
    plan.append([*planned(range(2)), BAD])
    (path,) = (path for path in files.list("builds") if "/failures-" in path)
    files.remove(path)
    with pytest.raises(StoreError, match="is missing or damaged: restore it"):
        list(plan.failures())


def test_a_damaged_plan_is_noticed(plan: Plan, files: Files) -> None:
    plan.append(planned(range(3)))
    (path,) = (path for path in files.list("builds") if "/samples-" in path)
    data = bytearray(files.read(path))
    data[300:500] = bytes(200)
    Path(files.locate(path)).write_bytes(data)
    with pytest.raises(StoreError, match="damaged"):
        plan.read_chunk(plan.chunk_ids()[0])


def test_an_episode_id_depends_on_everything_that_determines_it() -> None:
    ids = {
        episode_id_of(*arguments)
        for arguments in (
            ("a", "s", 224, "reader", 0),
            ("b", "s", 224, "reader", 0),
            ("a", "t", 224, "reader", 0),
            ("a", "s", 448, "reader", 0),
            ("a", "s", 224, "zoom", 0),
            ("a", "s", 224, "reader", 1),
        )
    }
    assert len(ids) == 6


def test_a_sample_without_episodes_cannot_be_planned() -> None:
    with pytest.raises(ValueError, match="its ladder is empty"):
        PlannedSample(a_sample(1), ())


def test_a_plan_of_another_version_is_refused_in_one_line(plan: Plan, files: Files) -> None:
    plan.append(planned(range(2)))
    (path,) = files.list(f"builds/{FINGERPRINT}/plan/segments")
    record = json.loads(files.read(path))
    del record["keys"]
    files.remove(path)
    files.put(path, json.dumps(record).encode())
    with pytest.raises(StoreError, match="another version of lensmill: build into a new out="):
        Plan(files, FINGERPRINT).chunk_ids()
