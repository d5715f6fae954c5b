"""`pipelines.evaluate` as a person uses it."""

import csv
import json
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from pipelines.config import SettingsError, load
from pipelines.evaluate import label_of, main, rows_of
from pipelines.settings import EvaluateSettings
from tests.e2e.conftest import ROOT, run
from tests.e2e.test_models import ANSWER, EDIT, TOLD, charts, stub

__all__ = ["charts"]

SMALL = ("source.charts=2", "source.posters=0", "source.questions_per_picture=1", "ladder.rungs=[3840,5376]")


def figures(folder: Path, name: str = "evaluation") -> list[dict[str, str]]:
    return [*csv.DictReader((folder / f"{name}.csv").read_text().splitlines())]


def episodes(out: Path) -> list[Path]:
    return sorted(out.glob("builds/*/episodes/**/*"))


def failing(ended: CompletedProcess[str]) -> str:
    return f"{ended.stderr}\n{ended.stdout}"


def test_a_second_evaluation_gives_the_same_table_and_makes_no_episode(tmp_path: Path) -> None:
    out, first, second = tmp_path / "out", tmp_path / "first", tmp_path / "second"
    ended = run("evaluate", *SMALL, f"out={out}", f"to={first}")
    assert ended.returncode == 0, failing(ended)
    assert "| reader" in ended.stdout
    assert not (out / "datasets").exists()
    made = episodes(out)
    again = run("evaluate", *SMALL, f"out={out}", f"to={second}", "compare=[zz]")
    assert again.returncode == 2
    assert "compare=zz: no build fits" in again.stderr
    (build,) = out.glob("builds/*")
    again = run("evaluate", *SMALL, f"out={out}", f"to={second}", f"compare=[{build.name}]")
    assert again.returncode == 0, failing(again)
    assert "nothing is missing" in again.stderr
    assert episodes(out) == made
    for name in ("evaluation.csv", "evaluation.png", "evaluation.svg"):
        assert (first / name).read_bytes() == (second / name).read_bytes(), name
    rows = [row for row in figures(first) if not row["subset"]]
    assert [(row["rung"], row["answers"]) for row in rows] == [("3840", "2"), ("5376", "2")]
    assert [row["same_view"] for row in rows] == ["0", "2"], "rung 3840 shows as many pixels as a picture may have"
    assert {row["difference"] for row in figures(second, "differences")} == {"0.0"}


def test_pictures_of_given_trajectories_are_rows_of_one_table(charts: Path, tmp_path: Path) -> None:
    out, to = tmp_path / "out", tmp_path / "table"
    shared = [f"source.path={charts}", "source=chartqa", "ladder.rungs=[224]", "model=qwen2_5_vl", f"out={out}"]
    with stub(tmp_path, EDIT, TOLD) as engine:
        ended = run("evaluate", *shared, f"model.urls=[{engine.url}]", "agent=refocus", "limit=4")
        assert ended.returncode == 0, failing(ended)
    with stub(tmp_path, ANSWER) as engine:
        last = ["agent=direct", "agent.pictures=last", "agent.trajectories=refocus"]
        rows = ["--", "agent=refocus", "limit=4", "--", "agent=direct", "agent.pictures=none", "--", *last]
        ended = run("evaluate", *shared, f"model.urls=[{engine.url}]", f"to={to}", *rows)
        assert ended.returncode == 0, failing(ended)
    found = {row["run"]: row for row in figures(to) if not row["subset"]}
    edited, blind, given = (
        found["refocus limit=4"],
        found["direct pictures=none"],
        found["direct pictures=last trajectories=refocus"],
    )
    assert (edited["answers"], blind["answers"], given["answers"]) == ("4", "6", "6")
    assert (blind["image_tokens"], blind["correct"]) == ("0.0", "6")
    assert 0 < float(given["image_tokens"]) < float(edited["image_tokens"])
    assert (given["correct"], given["failed"]) == ("4", "2")
    assert "2 failed of no_trajectory" in (to / "evaluation.md").read_text()
    assert {(row["run"], row["less"]) for row in figures(to, "differences")} == {
        ("direct pictures=none", "refocus limit=4"),
        ("direct pictures=last trajectories=refocus", "refocus limit=4"),
    }
    ended = run("verify", str(out), "replay=all")
    assert ended.returncode == 0, failing(ended)
    recipes = [json.loads(path.read_text()) for path in out.glob("builds/*/recipe.json")]
    assert sorted(recipe["given"]["agent"]["name"] for recipe in recipes if "given" in recipe) == ["refocus"]


def test_rows_are_parted_by_two_dashes() -> None:
    shared, rows = rows_of(["out=x", "--", "agent=direct", "--", "agent=program", "agent.samples=1"])
    assert (shared, rows) == (["out=x"], [["agent=direct"], ["agent=program", "agent.samples=1"]])
    settings = load("evaluate", EvaluateSettings, ["agent=direct", "model=qwen2_5_vl"])
    assert [label_of(settings, row) for row in rows] == ["direct", "program samples=1"]
    assert label_of(settings, []) == "direct Qwen/Qwen2.5-VL-7B-Instruct"


def test_a_row_without_settings_is_refused() -> None:
    with pytest.raises(SettingsError, match="what is special about the row"):
        rows_of(["out=x", "--"])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["version=v1"], "an evaluation publishes nothing"),
        (["agent=direct"], "needs a model"),
        (["agent=direct", "model=no_such"], "there is no such model"),
        (["agent=direct", "agent.pictures=last"], "needs trajectories="),
        (
            ["agent=direct", "agent.pictures=last", "agent.trajectories=refocus", "model=qwen2_5_vl"],
            "no build of this source",
        ),
        (["--", "agent=reader", "--"], "what is special"),
    ],
)
def test_a_mistake_is_one_line(
    arguments: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([f"out={tmp_path / 'out'}", *arguments]) == 2
    (line,) = [line for line in capsys.readouterr().err.splitlines() if line.startswith("error: ")]
    assert said in line


def test_the_help_and_the_configuration_are_shown_with_rows_too(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--", "agent=direct", "--help"]) == 0
    assert "compare=[]" in capsys.readouterr().out
    assert main(["limit=3", "--", "agent=direct", "--cfg"]) == 0
    assert "limit: 3" in capsys.readouterr().out


def test_the_documented_commands_have_settings_that_exist() -> None:
    """Each command of docs/evaluate.md loads, but for the place of the data."""
    text = (ROOT / "docs" / "evaluate.md").read_text().replace("\\\n", " ")
    commands = [
        line.split("python -m pipelines.evaluate", 1)[1]
        for line in text.splitlines()
        if line.startswith("python -m pipelines.evaluate")
    ]
    assert len(commands) >= 3
    for command in commands:
        shared, rows = rows_of(command.split())
        for row in rows or [[]]:
            load("evaluate", EvaluateSettings, [*shared, *row])
