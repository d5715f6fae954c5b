"""Plug-ins of a user's own: from a package outside the tree, by configuration alone, the whole way."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from lensmill.agents.spec import AGENTS
from lensmill.agents.zoom.settings import ZoomSettings
from lensmill.loading import data_files
from pipelines.config import SettingsError, load_build, references_in
from pipelines.models import ModelChoiceError, agent_models
from pipelines.recipe import recipe_of
from tests.e2e.conftest import ROOT


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """A folder outside the tree with the package `my_mill`, of one plug-in of each kind."""
    shutil.copytree(Path(__file__).parent / "outside", tmp_path / "code" / "my_mill")
    return tmp_path / "code"


@pytest.fixture
def importable(outside: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(outside)


OVERRIDES = (
    *("source._spec_=my_mill.my_source:SPEC", "source.most=3"),
    *("agent._spec_=my_mill.my_agent:SPEC", "agent.answer='2'", "agent.tools=[my_mill.my_tool:SPEC]"),
    *("judge._spec_=my_mill.my_judge:SPEC", "judge.off=1"),
    *("curation.measures=[my_mill.my_measure:SPEC]", "curation.keep='answer_length = 1'", "curation.validation=0"),
    *("ladder.rungs=[224,448]", "chunk_size=4", "version=test"),
)


def job(name: str, *arguments: str, path: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run a job to its end, with a folder on PYTHONPATH."""
    environment = {**os.environ, **({"PYTHONPATH": str(path)} if path else {})}
    command = [sys.executable, "-m", f"pipelines.{name}", *arguments]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=240)


def test_plugins_from_outside_go_the_whole_way_by_configuration_alone(outside: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    ended = job("build", *OVERRIDES, f"out={out}", path=outside)
    assert ended.returncode == 0, ended.stderr
    (recipe_file,) = out.glob("builds/*/recipe.json")
    recipe = json.loads(recipe_file.read_text())
    assert (recipe["source"]["name"], recipe["source"]["version"]) == ("digits", 7)
    assert (recipe["agent"]["name"], recipe["agent"]["version"]) == ("guesser", 5)
    assert recipe["agent"]["tools"] == {"my_mill.my_tool:SPEC": {"name": "invert", "version": 3}}
    (judge_file,) = out.glob("builds/*/judges/*.json")
    assert json.loads(judge_file.read_text()) == {"name": "near", "off": 1, "version": 2}

    version = out / "datasets" / "test"
    accepted = [row for file in data_files(str(version))["train"] for row in pq.read_table(file).to_pylist()]
    assert {row["references"][0] for row in accepted} == {"1", "2", "3"}
    assert len(accepted) == 3 * 2 * 2, "digits near 2, rungs, tries"
    assert {row["agent"] for row in accepted} == {"guesser"}
    assert {step["tool"] for row in accepted for step in row["steps"] if step["tool"]} == {"invert"}
    assert all(len(row["images"]) == 2 for row in accepted)

    asked = job(
        "query", f"out={out}", "version=test", "select answer_length, sum(edits), sum(zooms) from ledger group by all",
        path=outside,
    )  # fmt: skip
    assert asked.returncode == 0, asked.stderr
    assert asked.stdout.split()[-5:] == ["1", "16", "0", "1", "row"]

    verified = job("verify", f"out={out}", "replay=all", path=outside)
    assert verified.returncode == 0, verified.stderr + verified.stdout

    export = ("format._spec_=my_mill.my_format:SPEC", "format.shout=true", f"to={tmp_path}/export")
    exported = job("export", f"dataset={version}", *export, path=outside)
    assert exported.returncode == 0, exported.stderr
    rows = pq.read_table(tmp_path / "export" / "train").to_pylist()
    assert [row["answer"] for row in rows] == ["2"] * 12
    assert "quiz export" in (tmp_path / "export" / "README.md").read_text()
    checked = job("validate", f"path={tmp_path}/export/train", "format=my_mill.my_format:SPEC", path=outside)
    assert checked.returncode == 0, checked.stderr + checked.stdout


@pytest.mark.usefixtures("importable")
def test_a_plugins_own_settings_are_checked_as_ours_are() -> None:
    for override, told in (
        ("agent.answer=3", "agent.answer: must be a text"),
        ("agent.tries=many", "agent.tries: "),
        ("agent.tires=3", "there is no setting agent.tires; did you mean tries"),
    ):
        with pytest.raises(SettingsError, match=told):
            load_build(["agent._spec_=my_mill.my_agent:SPEC", "agent.answer='2'", override])
    with pytest.raises(SettingsError, match=r"agent\.answer is not set: add agent.answer="):
        load_build(["agent._spec_=my_mill.my_agent:SPEC"])


@pytest.mark.usefixtures("importable")
def test_settings_that_only_select_are_not_in_the_recipe() -> None:
    def fingerprint(*more: str) -> str:
        return recipe_of(load_build([*OVERRIDES, *more]), {}, "").fingerprint

    assert fingerprint("source.most=9", "agent.tries=1") == fingerprint()
    assert fingerprint("agent.answer='4'") != fingerprint()
    assert fingerprint("agent.tools=[]") != fingerprint()


@pytest.mark.usefixtures("importable")
@pytest.mark.parametrize(
    ("overrides", "told"),
    [
        (
            ["agent._spec_=my_mill.absent:SPEC"],
            "agent: my_mill.absent:SPEC: there is no module my_mill.absent: install",
        ),
        (["agent._spec_=my_mill.my_judge:SPEC"], "is no agent: its type is JudgeSpec"),
        (["agent._spec_=../evil"], "named as module:NAME"),
        (["agent._spec_=__import__('os').system('true'):X"], "agent._spec_: cannot be read as name=value"),
        (["agent=zoom", "agent._spec_=my_mill.my_agent:SPEC"], "agent=zoom and agent._spec_=... each choose a plug-in"),
    ],
)
def test_a_plugin_that_cannot_be_used_is_told_in_one_line(overrides: list[str], told: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load_build(overrides)
    assert told in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_help_explains_a_plugin_that_the_command_names(outside: Path) -> None:
    told = job("build", "agent._spec_=my_mill.my_agent:SPEC", "--help", path=outside).stdout
    assert "agent._spec_=my_mill.my_agent:SPEC" in told
    assert "agent.tries=2                   # episodes for each sample and rung" in told


def test_a_model_of_a_role_that_the_agent_has_not_is_refused() -> None:
    settings = load_build(["agent=search", "model@roles.vlm=qwen2_5_vl", "model@roles.critic=qwen2_5_vl"])
    assert set(settings.roles) == {"vlm", "critic"}
    with pytest.raises(
        ModelChoiceError, match=r"roles\.critic: agent=search has no such role \(its roles: locate, vlm"
    ):
        agent_models(settings.agent, settings.model, settings.roles, None, 28)


def test_no_name_of_a_plugin_is_listed_anywhere() -> None:
    """A registry knows what lies in its package; here it is held against the folders."""
    folders = {path.parent.name for path in (ROOT / "lensmill/agents").glob("*/settings.py")}
    assert set(AGENTS.own) == folders


def test_a_tool_of_ours_beside_the_zoom_is_named_by_its_name_and_needs_no_module_on_the_nodes() -> None:
    edit = "focus_on_x_values_with_draw"
    settings = load_build(["agent=zoom", "model=qwen2_5_vl", "model.urls=[http://a:1/v1]", f"agent.tools=[{edit}]"])
    assert isinstance(settings.agent, ZoomSettings)
    assert settings.agent.tools == (edit,)
    assert references_in(settings) == ()
