"""The files of conf/ that describe plug-ins, and the settings classes that they are written from."""

from dataclasses import dataclass
from typing import Literal

import pytest

from lensmill.agents.settings import ModelAgentSettings
from pipelines import conf
from pipelines.config import CONF, PLUGINS
from pipelines.help import help_for


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnSettings(ModelAgentSettings):
    """An agent of one's own, which needs no file in conf/."""

    name: Literal["own"] = "own"
    words: tuple[str, ...] = ("a", "b")
    """what to say"""
    place: str
    samples: int = 2


@pytest.mark.parametrize(("path", "text"), [(path, text) for path, text in conf.files_of_plugins().items()])
def test_a_plugins_file_is_what_its_settings_class_says(path: str, text: str) -> None:
    assert (CONF / path).read_text() == text, "run python -m pipelines.conf"


@pytest.mark.parametrize("group", PLUGINS)
def test_a_group_has_a_file_for_each_plugin_and_no_other(group: str) -> None:
    assert {path.stem for path in (CONF / group).glob("*.yaml")} == set(PLUGINS[group].own)


@pytest.mark.parametrize("group", PLUGINS)
def test_every_setting_of_a_plugin_is_explained(group: str) -> None:
    for spec in PLUGINS[group].own.values():
        explained = conf.comments_of(spec.settings)
        assert {name for name in spec.settings.__dataclass_fields__ if name not in ("name", "_spec_")} == set(explained)


def test_own_settings_come_before_inherited_ones_with_the_nearest_default_and_comment() -> None:
    lines = conf.yaml_of(OwnSettings).splitlines()
    assert lines[:5] == [
        "# An agent of one's own, which needs no file in conf/.",
        "name: own",
        "words: [a, b]              # what to say",
        "place: ???",
        "samples: 2                 # episodes for each sample and rung, with seeds 0, 1, ...; more than one needs a "
        "temperature",
    ]
    assert lines[5].startswith("temperature: 0.0")


def test_help_writes_a_key_of_a_mapping_as_the_command_line_takes_the_key() -> None:
    assert "    curation.conditions.grounded=targets = 0 or" in help_for("build", "")
