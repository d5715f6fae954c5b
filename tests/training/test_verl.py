"""The configuration of verl and, where verl is installed, its own loader and tool class."""

import asyncio
import json
from typing import Any

import pytest
import yaml

from lensmill.picture import pixel_hash
from lensmill.tools import EDIT_TOOLS, TOOLS, ZOOM
from lensmill.training import open_episode
from lensmill.training.verl_config import kept_by_verl, main, verl_tools
from tests.training.test_pictures import NOISE

EDIT = "focus_on_x_values_with_draw"


def test_the_printed_configuration_is_yaml_with_our_schemas(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([ZOOM, EDIT, "--rung", "448", "--convention", "thousand"]) == 0
    printed = yaml.safe_load(capsys.readouterr().out)
    assert printed == verl_tools([ZOOM, EDIT], 448, {"convention": "thousand"})
    assert [tool["tool_schema"] for tool in printed["tools"]] == [TOOLS.get(ZOOM).schema, TOOLS.get(EDIT).schema]


def test_an_unknown_tool_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["zoooom"]) == 2
    assert "there is no tool 'zoooom'" in capsys.readouterr().err


class Rollout:
    """What verl gives to a tool of a rollout."""

    def __init__(self, picture: Any = None) -> None:
        self.image_data = [picture] if picture is not None else None


@pytest.fixture
def tools(tmp_path: Any) -> dict[str, Any]:
    """Loaded by verl itself from the printed file."""
    pytest.importorskip("verl", reason="needs verl==0.9.1")
    from verl.tools.tool_registry import load_all_tools

    path = tmp_path / "tools.yaml"
    path.write_text(json.dumps(verl_tools([ZOOM, EDIT], 448)))
    return {tool.name: tool for tool in load_all_tools(tool_config_path=str(path), function_tool_path=None)}


def test_verl_keeps_of_a_schema_what_we_say(tools: dict[str, Any]) -> None:
    for name in (ZOOM, EDIT):
        shown = tools[name].tool_schema.model_dump(exclude_unset=True, exclude_none=True)
        assert shown == kept_by_verl(TOOLS.get(name).schema)
        assert shown != TOOLS.get(name).schema


async def call(tool: Any, parameters: dict[str, Any], rollout: Rollout | None, **opening: Any) -> Any:
    """One call as verl's agent loop makes it."""
    instance, _ = await tool.create(create_kwargs=opening)
    try:
        return await tool.execute(instance, parameters, agent_data=rollout)
    finally:
        await tool.release(instance)


def test_the_tools_of_a_rollout_share_its_pictures(tools: dict[str, Any]) -> None:
    regions = [{"kind": "x_values", "label": "2001", "box": [60, 400, 120, 430]}]
    here = open_episode(NOISE, 448, regions=regions)
    calls: list[tuple[str, dict[str, Any]]] = [
        (ZOOM, {"bbox_2d": [10, 20, 200, 220]}),
        (ZOOM, {"bbox_2d": [1, 1, 1, 1]}),
        (EDIT, {"labels": ["2001"]}),
        (ZOOM, {"bbox_2d": [100, 100, 300, 300], "image": 1}),
    ]

    async def rollout() -> list[Any]:
        data = Rollout(here.view)
        return await asyncio.gather(
            *(call(tools[name], arguments, data, image=NOISE, regions=regions) for name, arguments in calls)
        )

    for (name, arguments), (response, reward, metrics) in zip(calls, asyncio.run(rollout()), strict=True):
        shown = here.call(name, arguments)
        assert (response.text, reward, metrics) == (shown.text, 0.0, {"worked": shown.picture is not None})
        drawn = [pixel_hash(picture) for picture in response.image or []]
        assert drawn == ([pixel_hash(shown.picture)] if shown.picture is not None else [])


def test_rollouts_do_not_share_pictures(tools: dict[str, Any]) -> None:
    for _ in range(2):
        response, *_ = asyncio.run(call(tools[ZOOM], {"bbox_2d": [9, 9, 99, 99]}, Rollout(), image=NOISE))
        assert response.text == "Picture 1."


def test_a_row_without_an_original_zooms_into_its_first_picture(tools: dict[str, Any]) -> None:
    response, *_ = asyncio.run(call(tools[ZOOM], {"bbox_2d": [9, 9, 99, 99]}, Rollout(NOISE)))
    here = open_episode(NOISE).call(ZOOM, {"bbox_2d": [9, 9, 99, 99]})
    assert here.picture is not None
    assert pixel_hash(response.image[0]) == pixel_hash(here.picture)
    with pytest.raises(ValueError, match="create_kwargs needs `image`"):
        asyncio.run(call(tools[ZOOM], {"bbox_2d": [9, 9, 99, 99]}, Rollout()))


def test_a_call_without_agent_data_is_an_episode_of_its_own(tools: dict[str, Any]) -> None:
    response, *_ = asyncio.run(call(tools[ZOOM], {"bbox_2d": [9, 9, 99, 99]}, None, image=NOISE))
    assert response.text == "Picture 1."


def test_every_edit_has_a_schema_for_verl() -> None:
    kept = kept_by_verl(TOOLS.get(next(iter(EDIT_TOOLS))).schema)
    assert kept["function"]["parameters"]["properties"]["labels"] == {
        "type": "array",
        "description": "the labels to focus on",
    }
