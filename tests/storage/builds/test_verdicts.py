from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pyarrow as pa
import pytest

from lensmill.verdict import Verdict
from storage.builds.commits import CommitLog
from storage.builds.verdicts import VERDICT, VerdictRow, VerdictStore, verdict_row
from storage.files.store import Files

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
    assert store.committed() == {"c1": 0}


def test_verdicts_are_committed_once(store: VerdictStore) -> None:
    store.commit("c1", ROWS)
    assert not store.commit("c1", ROWS[:1])
    assert store.rows("c1") == ROWS


def test_another_judges_verdicts_lie_apart(store: VerdictStore, tmp_path: Path) -> None:
    store.commit("c1", ROWS)
    assert VerdictStore(Files(str(tmp_path)), "f" * 32, "k" * 32).committed() == {}


def test_an_episode_has_one_verdict(store: VerdictStore) -> None:
    with pytest.raises(ValueError, match="two verdicts of one episode"):
        store.commit("c1", (ROWS[0], ROWS[0]))


def test_a_reason_in_any_script_is_kept(store: VerdictStore) -> None:
    store.commit("c1", (VerdictRow("a", Verdict("incorrect", "text", None, "不正解 \ud83d")),))
    assert store.rows("c1")[0].verdict.reason == "不正解 \ufffd"


FAILED = (
    VerdictRow("a" * 32, Verdict("correct", "number", 1.0, "12 is 12")),
    VerdictRow("b" * 32, Verdict("judge_error", "engine_error", None, "no route")),
    VerdictRow("c" * 32, Verdict("judge_error", "no_verdict", None, "")),
)
RIGHT = Verdict("correct", "model", None, "")


def test_a_second_opinion_is_kept_beside(store: VerdictStore) -> None:
    row = VerdictRow("a", Verdict("correct", "text", None, "", Verdict("incorrect", "model")))
    store.commit("c1", (row,))
    assert store.rows("c1") == (row,)


def test_later_verdicts_are_laid_over_a_judges_errors(store: VerdictStore) -> None:
    store.commit("c1", FAILED)
    assert store.retry("c1", [VerdictRow("b" * 32, RIGHT), FAILED[2]])
    assert store.rows("c1") == (FAILED[0], VerdictRow("b" * 32, RIGHT), FAILED[2])
    assert store.retry("c1", [VerdictRow("c" * 32, RIGHT)])
    assert [row.failed for row in store.rows("c1")] == [False, False, False]
    assert store.committed() == {"c1": 2}


def test_readers_can_keep_to_the_layers_they_know(store: VerdictStore) -> None:
    store.commit("c1", FAILED)
    store.retry("c1", [VerdictRow("b" * 32, RIGHT)])
    assert store.rows("c1", 0) == FAILED
    assert store.rows("c1", 1) == store.rows("c1")


def test_a_verdict_that_was_given_never_changes(store: VerdictStore) -> None:
    store.commit("c1", FAILED)
    wrong = Verdict("incorrect", "model")
    assert not store.retry("c1", [VerdictRow("a" * 32, wrong)])
    assert store.retry("c1", [VerdictRow("a" * 32, wrong), VerdictRow("b" * 32, RIGHT)])
    assert not store.retry("c1", [VerdictRow("b" * 32, wrong)])
    assert store.rows("c1") == (FAILED[0], VerdictRow("b" * 32, RIGHT), FAILED[2])


def test_asking_again_in_vain_leaves_nothing(store: VerdictStore) -> None:
    store.commit("c1", FAILED)
    assert not store.retry("c1", FAILED)
    assert store.committed() == {"c1": 0}


def test_one_of_two_runs_that_judge_again_at_once_is_kept(store: VerdictStore) -> None:
    store.commit("c1", FAILED)
    said = [Verdict("correct", "model", None, str(number)) for number in range(8)]
    with ThreadPoolExecutor(8) as threads:
        kept = list(threads.map(lambda verdict: store.retry("c1", [VerdictRow("b" * 32, verdict)]), said))
    assert kept.count(True) == 1
    assert store.rows("c1")[1].verdict == said[kept.index(True)]
    assert store.committed() == {"c1": 1}


def test_verdicts_from_before_second_opinions_are_read(store: VerdictStore, tmp_path: Path) -> None:
    old = pa.schema([("episode_id", pa.string()), ("verdict", VERDICT)])
    log = CommitLog(Files(str(tmp_path)), f"builds/{'f' * 32}/verdicts/{'j' * 32}", old)
    rows = [{"episode_id": row.episode_id, "verdict": verdict_row(row.verdict)} for row in ROWS]
    log.commit("c1", rows, episode_layers=0)
    assert store.rows("c1") == ROWS


def test_first_verdicts_of_episodes_that_are_done_by_now_are_laid_over(store: VerdictStore) -> None:
    store.commit("c1", FAILED[:1])
    assert store.judged_layers("c1", 0) == 0
    assert store.retry("c1", FAILED, episode_layers=1)
    assert store.rows("c1") == FAILED
    assert store.judged_layers("c1", 1) == 1
    assert dict(store.failed({"c1": 1})) == {"c1": {"engine_error": 1, "no_verdict": 1}}
    assert store.retry("c1", [VerdictRow("b" * 32, RIGHT)])
    assert dict(store.failed({"c1": 2})) == {"c1": {"engine_error": 0, "no_verdict": 1}}
    assert store.judged_layers("c1", 2) == 1


def test_that_nothing_came_of_trying_again_is_noted_once(store: VerdictStore) -> None:
    store.commit("c1", ROWS)
    assert store.retry("c1", (), episode_layers=2)
    assert not store.retry("c1", (), episode_layers=2)
    assert not store.retry("c1", (), episode_layers=1)
    assert store.rows("c1") == ROWS
    assert store.judged_layers("c1", store.layers("c1")) == 2
