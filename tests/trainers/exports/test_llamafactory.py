"""LLaMA-Factory reads our exports: its own loader and collator, and its own command with the README's YAML."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

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

pytestmark = [pytest.mark.trainers, pytest.mark.timeout(1800)]

LAYOUTS: Mapping[str, tuple[str, ...]] = {
    "plain": ("format=llamafactory",),
    "plain, files": ("format=llamafactory", "format.pictures=files"),
    "tools": ("format=llamafactory", "format.layout=tools"),
    "tools, files": ("format=llamafactory", "format.layout=tools", "format.pictures=files"),
    "cof": ("format=cof",),
}

LARGE = ("format=llamafactory", "format.target=qwen3_vl")

Read = Mapping[str, Sequence[Mapping[str, Any]]]


def written(one: Exported) -> dict[str, Any]:
    """The YAML of an export's README."""
    settings: dict[str, Any] = yaml.safe_load(one.command("yaml"))
    return settings


def options(one: Exported, model: Path) -> dict[str, Any]:
    """What the YAML says of rows, with a tiny model, from any folder."""
    said = written(one)
    names = ("dataset", "template", "image_max_pixels", "image_min_pixels", "cutoff_len")
    here = {name: str(one.folder.parent / said[name]) for name in ("dataset_dir", "media_dir")}
    return {**{name: said[name] for name in names}, **here, "model_name_or_path": str(model)}


@pytest.fixture(scope="module")
def read(exports: Exports, llamafactory: Trainer) -> Read:
    """What LLaMA-Factory makes of each layout, with the settings of the export's README."""
    model = llamafactory.model("qwen2_5_vl")
    tasks = [{"do": "read", "options": options(exports(*words), model)} for words in LAYOUTS.values()]
    return dict(zip(LAYOUTS, llamafactory.do(*tasks), strict=True))


@pytest.mark.parametrize("layout", LAYOUTS)
def test_loss_is_on_the_assistants_turns_alone_and_pictures_are_their_patches(
    layout: str, read: Read, rows: Sequence[Row]
) -> None:
    for told, row in matched(read[layout], rows):
        assert told["grid"] == grid_of(row)
        assert told["image_tokens"] == tokens_of(told["grid"])


def test_the_layouts_without_a_column_of_tools_give_the_same_tokens(read: Read) -> None:
    plain = sorted(told["text"] for told in read["plain"])
    assert sorted(told["text"] for told in read["plain, files"]) == plain
    assert sorted(told["text"] for told in read["cof"]) == plain


def test_the_layout_with_tools_is_another_prompt_with_the_same_schemas(read: Read, rows: Sequence[Row]) -> None:
    for told, row in matched(read["tools"], rows):
        system = row["messages"][0]["content"][0]["text"]
        schemas = system.split("<tools>\n")[1].split("\n</tools>")[0].splitlines()
        shown = told["text"].split("<tools>\n")[1].split("\n</tools>")[0].splitlines()
        assert [json.loads(line) for line in shown] == [json.loads(line) for line in schemas]
        assert told["text"].count("<tool_response>") == sum(step["tool"] is not None for step in row["steps"])


def test_a_qwen3_vl_learns_boxes_in_thousandths(exports: Exports, llamafactory: Trainer, rows: Sequence[Row]) -> None:
    one = exports(*LARGE)
    (found,) = llamafactory.do({"do": "read", "options": options(one, llamafactory.model("qwen3_vl"))})
    assert "error" not in found, found
    wanted = {
        as_learnt(turn["value"] for turn in row["conversations"] if turn["from"] == "gpt"): source
        for row, source in zip(one.rows, rows, strict=True)
    }
    assert sorted(told["learnt"] for told in found) == sorted(wanted)
    for told in found:
        row = wanted[told["learnt"]]
        assert told["image_tokens"] == tokens_of(told["grid"])
        assert boxes_in(told["learnt"]) == [in_thousandths(row, call) for call in calls_in("".join(turns_of(row)))]


def test_the_yaml_of_the_readme_trains(exports: Exports, llamafactory: Trainer, tmp_path: Path) -> None:
    one = exports("format=llamafactory")
    tiny = {"model_name_or_path": str(llamafactory.model("qwen2_5_vl")), "use_cpu": True, "max_steps": 5}
    told = {"learning_rate": 1e-2, "logging_steps": 1, "report_to": "none", "output_dir": str(tmp_path / "trained")}
    file = tmp_path / "train.yaml"
    file.write_text(yaml.safe_dump({**written(one), **tiny, **told}))
    llamafactory.run("-m", "llamafactory.cli", "train", file, folder=one.folder.parent)
    log = [json.loads(line) for line in (tmp_path / "trained" / "trainer_log.jsonl").read_text().splitlines()]
    losses = [entry["loss"] for entry in log if "loss" in entry]
    assert len(losses) == 5
    assert losses[-1] < losses[0] - 0.5, losses
    assert (tmp_path / "trained" / "model.safetensors").exists()
