"""Two judges of one build compared, as the command does it."""

import io
import json
from dataclasses import replace
from pathlib import Path

import pytest

from lensmill.verdict import Verdict
from pipelines.agreement import compare, main
from pipelines.config import SettingsError
from pipelines.settings import AgreementSettings
from storage.builds.plan import Plan
from storage.builds.verdicts import VerdictRow, VerdictStore
from storage.files.settings import StoreSettings
from storage.files.store import Files
from tests.judged_build import CORRECT, INCORRECT, build_of
from tests.storage.made import FINGERPRINT

ERROR, UNSURE = Verdict("judge_error", "engine_error"), Verdict("undecided", "anls")


def judged(files: Files, plan: Plan, judge: str, verdicts: list[Verdict]) -> None:
    given = iter(verdicts)
    for chunk_id in plan.chunk_ids():
        rows = [VerdictRow(episode.episode_id, next(given)) for episode in plan.read_chunk(chunk_id).episodes]
        VerdictStore(files, FINGERPRINT, judge).commit(chunk_id, rows)


def compared(out: Path, **settings: object) -> tuple[str, list[dict[str, object]]]:
    """What is printed, and the rows of the JSON Lines that it names."""
    stream = io.StringIO()
    compare(AgreementSettings(StoreSettings(), str(out), **settings), stream)  # type: ignore[arg-type]
    path = next(word for word in stream.getvalue().split() if word.endswith(".jsonl"))
    assert Path(path).with_suffix(".parquet").is_file()
    return stream.getvalue(), [json.loads(line) for line in Path(path).read_text().splitlines()]


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(str(tmp_path))


@pytest.fixture
def plan(files: Files) -> Plan:
    return build_of(files, ["0", "1", "2 or so", "3", "4"])


def test_counts_kappa_and_every_disagreement(files: Files, plan: Plan, tmp_path: Path) -> None:
    judged(files, plan, "aaaa", [CORRECT, CORRECT, CORRECT, UNSURE, ERROR])
    judged(files, plan, "bbbb", [CORRECT, INCORRECT, INCORRECT, CORRECT, CORRECT])
    printed, rows = compared(tmp_path)
    assert "both decide 3 answers and agree on 1 (33.3 %); Cohen's kappa: 0.0000" in printed
    assert "2 answers are not part of this" in printed
    assert [row["answer"] for row in rows] == ["1", "2 or so", "3"]
    assert rows[1]["question"] == "What is bar 2?"
    assert rows[1]["first"]["outcome"] == "correct"  # type: ignore[index]
    assert rows[1]["second"]["outcome"] == "incorrect"  # type: ignore[index]
    assert "2 or so" in printed


def test_printed_disagreements_are_bounded_and_the_files_have_all(files: Files, plan: Plan, tmp_path: Path) -> None:
    judged(files, plan, "aaaa", [CORRECT] * 5)
    judged(files, plan, "bbbb", [INCORRECT] * 5)
    printed, rows = compared(tmp_path, show=2)
    assert "... and 3 more" in printed
    assert "What is bar 1?" in printed
    assert "What is bar 2?" not in printed
    assert len(rows) == 5


def test_one_judge_is_compared_with_its_second_opinions(files: Files, plan: Plan, tmp_path: Path) -> None:
    audited = replace(CORRECT, second=INCORRECT), replace(CORRECT, second=CORRECT)
    judged(files, plan, "aaaa", [*audited, CORRECT, CORRECT, UNSURE])
    printed, rows = compared(tmp_path)
    assert "both decide 2 answers and agree on 1" in printed
    assert "its second opinions" in printed
    assert [row["answer"] for row in rows] == ["0"]


def test_a_judge_that_gave_no_second_opinions_is_told(files: Files, plan: Plan, tmp_path: Path) -> None:
    judged(files, plan, "aaaa", [CORRECT] * 5)
    assert "no second opinions: run pipelines.judge with another one" in compared(tmp_path)[0]


def test_judges_are_named_by_the_beginnings_of_their_fingerprints(files: Files, plan: Plan, tmp_path: Path) -> None:
    for judge in ("aaaa", "abbb", "cccc"):
        judged(files, plan, judge, [CORRECT] * 5)
    printed, _ = compared(tmp_path, judges=("c", "aa"))
    assert printed.index("first:  cccc") < printed.index("second: aaaa")
    with pytest.raises(SettingsError, match=r"more than one judge begins with a .*aaaa.*abbb"):
        compared(tmp_path, judges=("a", "c"))
    with pytest.raises(SettingsError, match=r"no judge begins with x"):
        compared(tmp_path, judges=("x",))
    with pytest.raises(SettingsError, match=r"choose two with judges="):
        compared(tmp_path)


def test_chunks_that_one_of_them_has_not_judged_are_left_out(files: Files, plan: Plan, tmp_path: Path) -> None:
    judged(files, plan, "aaaa", [CORRECT] * 5)
    chunk_id = plan.chunk_ids()[0]
    rows = [VerdictRow(episode.episode_id, CORRECT) for episode in plan.read_chunk(chunk_id).episodes]
    VerdictStore(files, FINGERPRINT, "bbbb").commit(chunk_id, rows)
    assert "both decide 2 answers" in compared(tmp_path)[0]


def test_a_build_is_found_by_itself_or_chosen(files: Files, plan: Plan, tmp_path: Path) -> None:
    judged(files, plan, "aaaa", [CORRECT] * 5)
    build_of(files, ["0"], fingerprint="e" * 16)
    with pytest.raises(SettingsError, match=rf"more than one build.* .*{'e' * 16} \(made, reader\)"):
        compared(tmp_path)
    assert "first:  aaaa" in compared(tmp_path, build="ff")[0]
    with pytest.raises(SettingsError, match="no build whose fingerprint begins with 00"):
        compared(tmp_path, build="00")


def test_a_fingerprint_of_digits_is_one(
    files: Files, plan: Plan, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    judged(files, plan, "12345", [CORRECT] * 5)
    assert main([f"out={tmp_path}", "judges=[123]"]) == 0
    assert "first:  12345" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("overrides", "expected"),
    [
        (["judges=[a,b,c]"], "two"),
        (["judges=[12e5,a]"], "quotes"),
        (["build=12e5"], "quotes"),
        (["show=-1"], "show"),
        (["judge=[a]"], "judges"),
        ([], "no build"),
    ],
)
def test_settings_that_cannot_work_end_with_one_line(
    overrides: list[str], expected: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([f"out={tmp_path}", *overrides]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("error: ")
    assert expected in line


def test_help_explains_every_setting(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    shown = capsys.readouterr().out
    for key in ("out=", "build=", "judges=", "show="):
        assert key in shown
    assert "source=chartqa" not in shown
