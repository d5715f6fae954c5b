"""The configuration of tools that verl loads. tests/trainers/exports/test_verl.py loads one with verl."""

import pytest
import yaml

from lensmill.tools import EDIT_TOOLS, TOOLS, ZOOM
from lensmill.training.verl_config import kept_by_verl, main, verl_tools

EDIT = "focus_on_x_values_with_draw"


def test_the_printed_configuration_is_yaml_with_our_schemas(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([ZOOM, EDIT, "--rung", "448", "--convention", "thousand"]) == 0
    printed = yaml.safe_load(capsys.readouterr().out)
    assert printed == verl_tools([ZOOM, EDIT], 448, {"convention": "thousand"})
    assert [tool["tool_schema"] for tool in printed["tools"]] == [TOOLS.get(ZOOM).schema, TOOLS.get(EDIT).schema]


def test_an_unknown_tool_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["zoooom"]) == 2
    assert "there is no tool 'zoooom'" in capsys.readouterr().err


def test_every_edit_has_a_schema_for_verl() -> None:
    kept = kept_by_verl(TOOLS.get(next(iter(EDIT_TOOLS))).schema)
    assert kept["function"]["parameters"]["properties"]["labels"] == {
        "type": "array",
        "description": "the labels to focus on",
    }
