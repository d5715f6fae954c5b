from pathlib import Path

import pytest

from lensmill.verdict import Verdict
from storage.files import Files
from storage.verdicts import VerdictRow, VerdictStore

ROWS = (
    VerdictRow("a" * 32, Verdict("correct", "number", 1.0, "12 is 12")),
    VerdictRow("b" * 32, Verdict("undecided", "free_text", None, "")),
)


@pytest.fixture
def store(tmp_path: Path) -> VerdictStore:
    return VerdictStore(Files(str(tmp_path)), "f" * 32, "j" * 32)


def test_verdicts_come_back_as_committed(store: VerdictStore) -> None:
    assert store.commit("c1", ROWS)
    assert store.rows("c1") == ROWS
    assert store.committed() == {"c1"}


def test_verdicts_are_committed_once(store: VerdictStore) -> None:
    store.commit("c1", ROWS)
    assert not store.commit("c1", ROWS[:1])
    assert store.rows("c1") == ROWS


def test_another_judges_verdicts_lie_apart(store: VerdictStore, tmp_path: Path) -> None:
    store.commit("c1", ROWS)
    assert VerdictStore(Files(str(tmp_path)), "f" * 32, "k" * 32).committed() == frozenset()


def test_an_episode_has_one_verdict(store: VerdictStore) -> None:
    with pytest.raises(ValueError, match="two verdicts of one episode"):
        store.commit("c1", (ROWS[0], ROWS[0]))


def test_a_reason_in_any_script_is_kept(store: VerdictStore) -> None:
    store.commit("c1", (VerdictRow("a", Verdict("incorrect", "text", None, "不正解 \ud83d")),))
    assert store.rows("c1")[0].verdict.reason == "不正解 \ufffd"
