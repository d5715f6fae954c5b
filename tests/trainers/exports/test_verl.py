"""verl reads our exports: its own datasets with the configuration of each README's command, tools and rewards."""

import json
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from lensmill.picture import pixel_hash
from lensmill.tools import EDIT_TOOLS, TOOLS, ZOOM
from lensmill.training import open_episode
from lensmill.training.verl_config import kept_by_verl, verl_tools
from tests.trainers.conftest import SMALL_CROPS
from tests.trainers.exports.environments import (
    Exported,
    Exports,
    Row,
    Trainer,
    as_learnt,
    boxes_in,
    calls_in,
    grid_of,
    in_thousandths,
    matched,
    tokens_of,
    turns_of,
)
from tests.training.test_pictures import NOISE

pytestmark = [pytest.mark.trainers, pytest.mark.timeout(1800)]

SFT: Mapping[str, tuple[str, ...]] = {
    "user": ("format=verl_sft",),
    "user, files": ("format=verl_sft", "format.pictures=files"),
    "tool": ("format=verl_sft", "format.observations=tool"),
    "tool, files": ("format=verl_sft", "format.observations=tool", "format.pictures=files"),
}

RL: Mapping[str, tuple[str, ...]] = {
    "embedded": ("format=verl_rl",),
    "files": ("format=verl_rl", "format.pictures=files"),
}

LARGE = ("format=verl_sft", "format.target=qwen3_vl")

HERE = ("data.filter_overlong_prompts_workers=null",)
"""A worker process would hang here, since torch has run before."""

Read = Mapping[str, Sequence[Mapping[str, Any]]]


def overrides(one: Exported, module: str) -> list[str]:
    """The values of the command of an export's README that runs a module."""
    for line in one.command("bash").replace("\\\n", " ").splitlines():
        words = shlex.split(line, comments=True)
        if module in words:
            return words[words.index(module) + 1 :]
    raise AssertionError(f"no command runs {module}")


def task(do: str, one: Exported, model: Path, **more: Any) -> dict[str, Any]:
    module = "verl.trainer.sft_trainer" if do == "sft" else "verl.trainer.main_ppo"
    said = overrides(one, module) + ([] if do == "sft" else [*HERE])
    return {"do": do, "overrides": said, "folder": str(one.folder.parent), "model": str(model), **more}


@pytest.fixture(scope="module")
def read(exports: Exports, verl: Trainer) -> Read:
    """What verl makes of each layout for SFT."""
    model = verl.model("qwen2_5_vl")
    tasks = [task("sft", exports(*words), model) for words in SFT.values()]
    return dict(zip(SFT, verl.do(*tasks), strict=True))


@pytest.mark.parametrize("layout", SFT)
def test_loss_is_on_the_assistants_turns_alone_and_pictures_are_their_patches(
    layout: str, read: Read, rows: Sequence[Row]
) -> None:
    for told, row in matched(read[layout], rows):
        assert told["grid"] == grid_of(row)
        assert told["image_tokens"] == tokens_of(told["grid"])


def test_observations_have_the_chosen_role(read: Read, rows: Sequence[Row]) -> None:
    for layout, role in (("user", "user"), ("tool", "tool")):
        for told, row in matched(read[layout], rows):
            assert told["text"].count(f"<|im_start|>{role}\n") == len(turns_of(row)) - (role == "tool")


def test_a_qwen3_vl_learns_boxes_in_thousandths(exports: Exports, verl: Trainer, rows: Sequence[Row]) -> None:
    one = exports(*LARGE)
    (found,) = verl.do(task("sft", one, verl.model("qwen3_vl")))
    assert "error" not in found, found
    wanted = {
        as_learnt(turn["content"] for turn in row["messages"] if turn["role"] == "assistant"): source
        for row, source in zip(one.rows, rows, strict=True)
    }
    assert sorted(told["learnt"] for told in found) == sorted(wanted)
    for told in found:
        row = wanted[told["learnt"]]
        assert told["image_tokens"] == tokens_of(told["grid"])
        assert boxes_in(told["learnt"]) == [in_thousandths(row, call) for call in calls_in("".join(turns_of(row)))]


def solution(row: Row) -> dict[str, Any]:
    """A row's replies and observations as verl decodes a rollout, and verl's number of turns."""
    said = row["messages"][2:]
    texts = ["".join(part["text"] or "" for part in message["content"]) for message in said]
    names = ["" if number == 0 else "\nassistant\n" for number in range(len(said))]
    pieces = [
        f"\ntool\n{text}" if message["role"] == "user" else f"{name}{text}"
        for message, text, name in zip(said, texts, names, strict=True)
    ]
    return {"text": "".join(pieces), "turns": len(said) + 1}


def key(row: Row) -> str:
    return f"{row['sample_id']} {row['rung']}"


def calls(row: Row) -> list[dict[str, Any]]:
    return [
        {"name": step["tool"], "arguments": json.loads(step["arguments"])}
        for step in row["steps"]
        if step["tool"] is not None
    ]


def an_edit(row: Row) -> dict[str, Any]:
    """A call that outlines a named region of the view."""
    region = next(region for region in row["regions"] if region["kind"] in ("x_values", "y_values"))
    return {"name": f"focus_on_{region['kind']}_with_draw", "arguments": {"labels": [region["label"]]}}


@pytest.fixture(scope="module")
def tools(verl: Trainer) -> Path:
    """verl's configuration of the tools that the reader has, which drew as the build's settings say."""
    floor = int(SMALL_CROPS.rpartition("=")[2])
    file = verl.folder / "tools.yaml"
    file.write_text(json.dumps(verl_tools([ZOOM, *EDIT_TOOLS], settings={"zoom_floor": floor})))
    return file


@pytest.fixture(scope="module")
def rolled(exports: Exports, verl: Trainer, rows: Sequence[Row], tools: Path) -> Mapping[str, Any]:
    """What verl makes of the rows for RL."""
    model = verl.model("qwen2_5_vl")
    told: dict[str, Any] = {}
    for name, words in RL.items():
        one = exports(*words)
        (one.folder.parent / "tools.yaml").write_bytes(tools.read_bytes())
        given = {"calls": {key(row): calls(row) for row in rows}, "tools": str(tools)}
        said = {key(row): solution(row) for row in rows}
        wrong = {
            place: {**right, "text": right["text"].rpartition("<answer>")[0] + "<answer>no</answer>"}
            for place, right in said.items()
        }
        asked = [
            task("rl", one, model),
            task("scores", one, model, solutions=said),
            task("scores", one, model, solutions=wrong),
            task("tools", one, model, **given),
            task("tools", one, model, calls={key(row): [an_edit(row)] for row in rows}, tools=str(tools)),
        ]
        told[name] = dict(zip(("rl", "right", "wrong", "tools", "edits"), verl.do(*asked), strict=True))
    return told


@pytest.mark.parametrize("pictures", RL)
def test_every_question_is_a_prompt_with_its_view(
    pictures: str, rolled: Mapping[str, Any], exports: Exports, rows: Sequence[Row]
) -> None:
    found = rolled[pictures]["rl"]
    assert "error" not in found, found
    assert len(found) == len(rows)
    views = sorted((row["sample_id"], row["view"]["width"], row["view"]["height"]) for row in rows)
    assert sorted((told["sample"], *told["sizes"][0]) for told in found) == views
    for told in found:
        assert told["roles"] == ["system", "user"]
        assert told["agent"] == "tool_agent"
        assert told["tokens"] <= told["limit"]  # with the schemas of the tools, which verl adds
        assert len(told["sizes"]) == 1
        assert told["prompt"].count("<|image_pad|>") == 1
        assert told["image_tokens"] == told["sizes"][0][0] * told["sizes"][0][1] // 28**2
    questions = {row["extra_info"]["sample_id"]: row["extra_info"]["question"] for row in exports(*RL[pictures]).rows}
    assert all(questions[told["sample"]] in told["prompt"] for told in found)


@pytest.mark.parametrize("pictures", RL)
def test_the_reward_function_of_the_command_reads_the_rows(pictures: str, rolled: Mapping[str, Any]) -> None:
    right, wrong = rolled[pictures]["right"], rolled[pictures]["wrong"]
    assert "error" not in right, right
    assert {(told["accuracy"], told["format"], told["score"]) for told in right} == {(1.0, 1.0, 1.0)}
    assert {(told["accuracy"], told["format"], round(told["score"], 9)) for told in wrong} == {(0.0, 1.0, 0.1)}


@pytest.mark.parametrize("pictures", RL)
def test_the_tools_bring_the_pictures_of_the_trajectories_to_the_pixel(
    pictures: str, rolled: Mapping[str, Any], rows: Sequence[Row]
) -> None:
    found = rolled[pictures]["tools"]
    assert "error" not in found, found
    for row in rows:
        drawn = [picture for told in found[key(row)] for picture in told["pictures"]]
        assert drawn == row["pixel_hashes"][1:]


def test_an_edit_takes_the_regions_that_stand_with_the_zoom(
    rolled: Mapping[str, Any], exports: Exports, rows: Sequence[Row]
) -> None:
    openings = {
        f"{info['sample_id']} {info['rung']}": info["tools_kwargs"][ZOOM]["create_kwargs"]
        for info in (row["extra_info"] for row in exports(*RL["embedded"]).rows)
    }
    for name in RL:
        found = rolled[name]["edits"]
        assert "error" not in found, found
        for row in rows:
            opening, call = openings[key(row)], an_edit(row)
            episode = open_episode(opening["image"], opening["rung"], regions=opening["regions"])
            drawn = episode.call(call["name"], call["arguments"]).picture
            assert drawn is not None
            assert found[key(row)][0]["pictures"] == [pixel_hash(drawn)]


def test_the_tools_of_the_readmes_command_are_a_configuration_of_verl(
    exports: Exports, verl: Trainer, tmp_path: Path
) -> None:
    command = next(line for line in exports(*RL["embedded"]).command("bash").splitlines() if "verl_config" in line)
    words, _, file = command.partition(" > ")
    printed = verl.run(*shlex.split(words)[1:], folder=tmp_path)
    assert file == "tools.yaml"
    assert json.loads(printed.partition("\n")[2]) == verl_tools([ZOOM], settings={"convention": "pixels"})


EDIT = "focus_on_x_values_with_draw"
REGIONS = [{"kind": "x_values", "label": "2001", "box": [60, 400, 120, 430]}]
CALLS: Sequence[tuple[str, dict[str, Any]]] = [
    (ZOOM, {"bbox_2d": [10, 20, 200, 220]}),
    (ZOOM, {"bbox_2d": [1, 1, 1, 1]}),
    (EDIT, {"labels": ["2001"]}),
    (ZOOM, {"bbox_2d": [100, 100, 300, 300], "image": 1}),
]
ONE = (ZOOM, {"bbox_2d": [9, 9, 99, 99]})


@pytest.fixture(scope="module")
def called(verl: Trainer) -> Mapping[str, Any]:
    """What the tools bring in rollouts by hand."""
    picture, tools = verl.folder / "noise.png", verl.folder / "by-hand.yaml"
    NOISE.save(picture)
    tools.write_text(json.dumps(verl_tools([ZOOM, EDIT], 448)))
    opening = {"image": str(picture), "regions": REGIONS}
    shared = {"calls": [(*call, opening) for call in CALLS]}
    rollouts = {
        "shared": shared,
        "again": {"calls": [(*ONE, {"image": str(picture)})]},
        "picture of the prompt": {"picture": str(picture), "calls": [(*ONE, {})]},
        "no picture": {"calls": [(*ONE, {})]},
        "no data": {"data": False, "calls": [(*ONE, {"image": str(picture)})]},
    }
    (told,) = verl.do({"do": "calls", "tools": str(tools), "rollouts": list(rollouts.values())})
    assert "error" not in told, told
    return {"schemas": told["schemas"], **dict(zip(rollouts, told["rollouts"], strict=True))}


def test_verl_keeps_of_a_schema_what_we_say(called: Mapping[str, Any]) -> None:
    for name in (ZOOM, EDIT):
        assert called["schemas"][name] == kept_by_verl(TOOLS.get(name).schema)
        assert called["schemas"][name] != TOOLS.get(name).schema


def test_parallel_calls_of_a_rollout_share_its_pictures(called: Mapping[str, Any]) -> None:
    here = open_episode(NOISE, 448, regions=REGIONS)
    for (name, arguments), found in zip(CALLS, called["shared"], strict=True):
        shown = here.call(name, arguments)
        drawn = [] if shown.picture is None else [pixel_hash(shown.picture)]
        assert found == {"text": shown.text, "pictures": drawn, "reward": 0.0, "worked": bool(drawn)}


def test_rollouts_do_not_share_pictures(called: Mapping[str, Any]) -> None:
    assert called["again"][0]["text"] == "Picture 1."


def test_a_row_without_an_original_zooms_into_its_first_picture(called: Mapping[str, Any]) -> None:
    drawn = open_episode(NOISE).call(*ONE).picture
    assert drawn is not None
    assert called["picture of the prompt"][0]["pictures"] == [pixel_hash(drawn)]
    assert "create_kwargs needs `image`" in called["no picture"][0]["error"]


def test_a_call_without_agent_data_is_an_episode_of_its_own(called: Mapping[str, Any]) -> None:
    assert called["no data"][0]["text"] == "Picture 1."
