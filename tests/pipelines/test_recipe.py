"""What a build says of its recipe when the store has others."""

import json
from pathlib import Path
from typing import Any

import pytest

from pipelines.config import load_build
from pipelines.models import agent_models
from pipelines.recipe import Recipe, recipe_of, record, what_changed
from storage.files.store import Files

CONTENT: dict[str, Any] = {
    "source": {"name": "chartqa", "splits": None},
    "agent": {"name": "zoom", "max_steps": 6},
    "ladder": {"rungs": [224, 448]},
    "models": {"agent": {"name": "qwen", "extra_body": {"key": "sk-123"}}},
}


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(str(tmp_path))


def changed(**changes: Any) -> Recipe:
    """CONTENT with some dotted keys set ("__" for the dots)."""
    content = json.loads(json.dumps(CONTENT))
    for place, value in changes.items():
        *folders, key = place.split("__")
        inner = content
        for folder in folders:
            inner = inner[folder]
        inner[key] = value
    return Recipe(content)


def keep(files: Files, recipe: Recipe) -> str:
    record(files, recipe, load_build(["source.charts=1"]))
    return recipe.fingerprint


def test_first_and_known_recipes_report_no_difference(files: Files) -> None:
    assert what_changed(files, changed()) == ""
    keep(files, changed())
    assert what_changed(files, changed()) == ""


def test_another_recipe_says_what_changed_since_the_nearest(files: Files) -> None:
    keep(files, changed(agent__max_steps=9, ladder__rungs=[672]))
    nearest = keep(files, changed())
    line = what_changed(files, changed(agent__max_steps=8, models__extra="new"))
    assert line.endswith(f'unlike {nearest}: agent.max_steps 6 -> 8, models.extra not set -> "new"')
    assert "\n" not in line


def test_values_that_may_hold_secrets_are_not_told(files: Files) -> None:
    keep(files, changed())
    line = what_changed(files, changed(models__agent__extra_body={"key": "sk-456"}))
    assert "models.agent.extra_body.key (not shown)" in line
    assert "sk-" not in line


def test_many_changes_are_counted(files: Files) -> None:
    keep(files, changed())
    line = what_changed(files, changed(agent={"name": "search", **{f"setting{i}": i for i in range(9)}}))
    assert 'agent.name "zoom" -> "search"' in line
    assert line.endswith(", and 5 more")


def ladder_of(*overrides: str) -> dict[str, Any]:
    settings = load_build(["source.charts=1", *overrides])
    models = agent_models(settings.agent, settings.model, settings.roles, settings.engine, settings.ladder.factor)
    ladder: dict[str, Any] = recipe_of(settings, models, "").content["ladder"]
    return ladder


@pytest.mark.parametrize(
    ("overrides", "least", "most"),
    [
        (["agent=reader"], 3_136, 12_845_056),
        (["agent=zoom", "model=qwen2_5_vl"], 3_136, 12_845_056),
        (["agent=zoom", "model=qwen3_vl"], 65_536, 16_777_216),
        (["agent=zoom", "model=internvl"], 1, 2_408_448),
        (["agent=search", "model=qwen2_5_vl", "model@roles.vlm=internvl"], 3_136, 2_408_448),
    ],
)
def test_a_recipe_names_the_limits_of_pictures_that_all_its_models_take(
    overrides: list[str], least: int, most: int
) -> None:
    urls = [f"{place}.urls=[http://x/v1]" for place in ("model", "roles.vlm") if any(place in o for o in overrides)]
    ladder = ladder_of(*overrides, *urls)
    assert (ladder["min_pixels"], ladder["max_pixels"]) == (least, most)


def fingerprint_of(*overrides: str) -> str:
    settings = load_build(
        [
            "source=chartqa",
            "source.path=/x",
            "agent=zoom",
            "model=qwen2_5_vl",
            "model.urls=[http://x/v1]",
            "agent.temperature=0.5",
            *overrides,
        ]
    )
    models = agent_models(settings.agent, settings.model, settings.roles, settings.engine, settings.ladder.factor)
    return recipe_of(settings, models, "").fingerprint


@pytest.mark.parametrize(
    "override",
    ["ladder.rungs=[448,224]", "agent.samples=8", "source.splits=[val]", "source.subsets=[human]", "chunk_size=99"],
)
def test_selecting_settings_are_in_no_fingerprint(override: str) -> None:
    assert fingerprint_of(override) == fingerprint_of()


@pytest.mark.parametrize("override", ["agent.temperature=0.7", "agent.max_turns=3", "ladder.upscale=true"])
def test_settings_that_decide_an_episode_are_in_the_fingerprint(override: str) -> None:
    assert fingerprint_of(override) != fingerprint_of()
