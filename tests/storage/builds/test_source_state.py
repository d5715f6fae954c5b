"""What a source held: recorded once for each state, read back, and told apart from damage."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from storage.builds.source_state import SourceState, SourceStates, entry
from storage.files.store import Files, StoreError
from tests.storage.made import FINGERPRINT, a_sample


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(str(tmp_path))


def state(numbers: Sequence[int], keys: Sequence[str] = (), unreadable: int = 0, keep: bool = False) -> SourceState:
    samples = [a_sample(number) for number in numbers]
    entries = b"".join(entry(sample.sample_id, sample.origin) for sample in samples)
    return SourceState({sample.sample_id for sample in samples}, entries, frozenset(keys), unreadable, True, keep)


def test_a_state_reads_back(files: Files) -> None:
    wanted = state(range(50), ["ab" * 16, "00" * 16], 2)
    assert SourceStates(files, FINGERPRINT).record(wanted) == 1
    found = SourceStates(files, FINGERPRINT).last()
    assert found is not None
    assert (found.held, found.failure_keys, found.unreadable) == (wanted.held, wanted.failure_keys, 2)
    assert (found.whole, found.keep, found.number) == (True, False, 1)


def test_the_same_state_in_another_order_writes_nothing(files: Files) -> None:
    SourceStates(files, FINGERPRINT).record(state([1, 2, 3]))
    before = files.list("builds")
    assert SourceStates(files, FINGERPRINT).record(state([3, 1, 2])) == 1
    assert files.list("builds") == before


def test_a_state_that_comes_back_is_the_last_again(files: Files) -> None:
    states = SourceStates(files, FINGERPRINT)
    assert [states.record(state(numbers)) for numbers in ([1, 2], [1], [1, 2])] == [1, 2, 3]
    last = states.last()
    assert last is not None
    assert last.held == state([1, 2]).held
    assert len([path for path in files.list("builds") if path.endswith(".bin")]) == 2


def test_another_setting_is_another_state(files: Files) -> None:
    states = SourceStates(files, FINGERPRINT)
    assert [states.record(state([1], keep=keep)) for keep in (False, True)] == [1, 2]


def test_a_part_of_a_source_takes_no_whole_one_s_place(files: Files) -> None:
    states = SourceStates(files, FINGERPRINT)
    parts = [replace(state(numbers), whole=False) for numbers in ([1], [1, 2])]
    assert [states.record(found) for found in (*parts, state([1, 2, 3]), parts[0])] == [1, 2, 3, 3]
    last = states.last()
    assert last is not None
    assert len(last.held) == 3


def test_samples_are_found_by_their_origins() -> None:
    found = state(range(2000)).samples_at(["row 7", "row 1999", "row 2000"])
    assert found == {f"row {n}": {a_sample(n).sample_id} for n in (7, 1999)}
    assert state([]).samples_at(["row 7"]) == {}
    assert state([7]).samples_at([]) == {}


def test_a_damaged_or_missing_state_is_named(files: Files) -> None:
    states = SourceStates(files, FINGERPRINT)
    states.record(state([1, 2]))
    (path,) = (path for path in files.list("builds") if path.endswith(".bin"))
    Path(files.locate(path)).write_bytes(files.read(path)[:-1])
    with pytest.raises(StoreError, match="missing or damaged: run"):
        states.last()
    files.remove(path)
    with pytest.raises(StoreError, match="missing or damaged"):
        states.last()


def test_only_the_last_state_is_needed(files: Files) -> None:
    states = SourceStates(files, FINGERPRINT)
    for numbers in ([1, 2], [1], [3]):
        states.record(state(numbers))
    for path in states.superseded():
        files.remove(path)
    last = states.last()
    assert last is not None
    assert (last.held, last.number, len(files.list("builds"))) == (state([3]).held, 3, 2)
    assert states.record(state([4])) == 4
