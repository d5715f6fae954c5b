"""ms-swift reads our exports: its own loader and templates, with the settings of each README's command."""

import json
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from lensmill.formats.target import target_of
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
    "plain": ("format=swift",),
    "plain, files": ("format=swift", "format.pictures=files"),
    "agent": ("format=swift", "format.layout=agent"),
    "agent, files": ("format=swift", "format.layout=agent", "format.pictures=files"),
    "objects": ("format=swift", "format.layout=objects"),
    "objects, files": ("format=swift", "format.layout=objects", "format.pictures=files"),
}

LAST: Mapping[str, tuple[str, ...]] = {
    "plain": ("format=swift", "format.loss=last"),
    "agent": ("format=swift", "format.layout=agent", "format.loss=last"),
    "plain, files": ("format=swift", "format.loss=last", "format.pictures=files"),
}

LARGE: Mapping[str, tuple[str, ...]] = {
    "plain": ("format=swift", "format.target=qwen3_vl"),
    "objects": ("format=swift", "format.target=qwen3_vl", "format.layout=objects"),
}

LIMIT = 150_000
"""Pixels of a picture; the views of rung 448 have more, and those of rung 224 have fewer."""

SMALL: Mapping[str, tuple[str, ...]] = {
    "plain": ("format=swift", f"format.max_pixels={LIMIT}"),
    "objects": ("format=swift", f"format.max_pixels={LIMIT}", "format.layout=objects"),
}

Read = Mapping[str, Any]
"""An answer to each layout: a list of rows, or an error."""


def said(one: Exported) -> tuple[dict[str, str], list[str]]:
    """The environment and the words of the command of an export's README."""
    words = shlex.split(one.command("bash").replace("\\\n", " "), comments=True)
    start = words.index("swift")
    return dict(word.split("=", 1) for word in words[:start]), words[start + 1 :]


def option(words: Sequence[str], name: str) -> str | None:
    return words[words.index(name) + 1] if name in words else None


def task(do: str, one: Exported, model: Path, family: str = "qwen2_5_vl") -> dict[str, Any]:
    """Read an export as its command does."""
    environment, words = said(one)
    pattern = option(words, "--dataset")
    assert pattern is not None
    files = sorted(map(str, one.folder.parent.glob(pattern)))
    assert files == one.files
    agent, length = option(words, "--agent_template"), option(words, "--max_length")
    options = {"max_length": int(length or 0), **({} if agent is None else {"agent_template": agent})}
    strict = option(words, "--strict") == "true"
    given = {"model": str(model), "family": family, "environment": environment}
    return {"do": do, "files": files, "options": options, "strict": strict, **given}


def all_of(swift: Trainer, exports: Exports, layouts: Mapping[str, tuple[str, ...]], family: str = "qwen2_5_vl") -> Any:
    """What ms-swift makes of each of these exports, in one process."""
    model = swift.model(family)
    tasks = [task("read", exports(*words), model, family) for words in layouts.values()]
    return dict(zip(layouts, swift.do(*tasks), strict=True))


@pytest.fixture(scope="module")
def read(exports: Exports, swift: Trainer) -> Read:
    told: Read = all_of(swift, exports, {**LAYOUTS, **{f"last: {name}": words for name, words in LAST.items()}})
    return told


@pytest.fixture(scope="module")
def large(exports: Exports, swift: Trainer) -> Read:
    told: Read = all_of(swift, exports, LARGE, "qwen3_vl")
    return told


@pytest.fixture(scope="module")
def small(exports: Exports, swift: Trainer) -> Read:
    told: Read = all_of(swift, exports, SMALL)
    return told


@pytest.mark.parametrize("layout", LAYOUTS)
def test_loss_is_on_the_assistants_turns_alone_and_pictures_are_their_patches(
    layout: str, read: Read, rows: Sequence[Row]
) -> None:
    for told, row in matched(read[layout], rows):
        assert told["image_tokens"] == tokens_of(grid_of(row))


def test_the_layouts_without_a_column_of_tools_give_the_same_tokens(read: Read) -> None:
    plain = sorted(told["text"] for told in read["plain"])
    for layout in ("plain, files", "objects", "objects, files"):
        assert sorted(told["text"] for told in read[layout]) == plain


def test_the_layout_of_agents_shows_the_same_schemas(read: Read, rows: Sequence[Row]) -> None:
    for told, row in matched(read["agent"], rows):
        system = row["messages"][0]["content"][0]["text"]
        schemas = system.split("<tools>\n")[1].split("\n</tools>")[0].splitlines()
        shown = told["text"].split("<tools>\n")[1].split("\n</tools>")[0].splitlines()
        assert [json.loads(line) for line in shown] == [json.loads(line) for line in schemas]


@pytest.mark.parametrize("layout", LAST)
def test_loss_on_the_last_turn_masks_all_others(layout: str, read: Read, rows: Sequence[Row]) -> None:
    found = read[f"last: {layout}"]
    assert "error" not in found, found
    assert sorted(told["learnt"] for told in found) == sorted(as_learnt(turns_of(row)[-1:]) for row in rows)


@pytest.mark.parametrize("layout", LARGE)
def test_a_qwen3_vl_learns_boxes_in_thousandths(layout: str, large: Read, rows: Sequence[Row]) -> None:
    found = large[layout]
    assert "error" not in found, found
    wanted = [[in_thousandths(row, call) for call in calls_in("".join(turns_of(row)))] for row in rows]
    assert sorted(boxes_in(told["learnt"]) for told in found) == sorted(wanted)
    assert not any("<|box_start|>" in told["text"] for told in found)


@pytest.mark.parametrize("layout", SMALL)
def test_boxes_are_about_the_picture_after_a_resize(layout: str, small: Read, rows: Sequence[Row]) -> None:
    found = small[layout]
    assert "error" not in found, found
    target = target_of("qwen2_5_vl", LIMIT)
    wanted = []
    for row in rows:
        boxes = []
        for call in calls_in("".join(turns_of(row))):
            frame = row["frames"][call.get("image", 0)]
            before = (frame["width"], frame["height"]) * 2
            after = target.resized(frame["width"], frame["height"]) * 2
            boxes.append([n * new / old for n, new, old in zip(call["bbox_2d"], after, before, strict=True)])
        sizes = [target.resized(frame["width"], frame["height"]) for frame in row["frames"]]
        wanted.append((boxes, sum(width * height for width, height in sizes) // 28**2))
    learnt = [(boxes_in(told["learnt"]), told["image_tokens"]) for told in found]
    assert any(
        width * height > LIMIT for row in rows for width, height in [(row["view"]["width"], row["view"]["height"])]
    )
    for (boxes, tokens), (expected, count) in zip(sorted(learnt), sorted(wanted), strict=True):
        assert tokens == count
        assert [pytest.approx(box, abs=1) for box in expected] == boxes


def test_pairs_have_the_pictures_of_each_side(made: Exports, swift: Trainer) -> None:
    exported = [made("format=swift_pairs"), made("format=swift_pairs", "format.pictures=files")]
    model = swift.model("qwen2_5_vl")
    for one, found in zip(exported, swift.do(*(task("pairs", one, model) for one in exported)), strict=True):
        assert "error" not in found, found
        assert len(found) == len(one.rows) == 2
        for told, row in zip(found, one.rows, strict=True):
            for side, prefix in (("chosen", ""), ("rejected", "rejected_")):
                turns = [turn["content"] for turn in row[f"{prefix}messages"] if turn["role"] == "assistant"]
                assert told[side]["learnt"] == as_learnt(turns)
                assert len(told[side]["grid"]) == len(row[f"{prefix}images"])
                assert told[side]["image_tokens"] == tokens_of(told[side]["grid"])


def test_the_command_of_the_readme_trains(exports: Exports, made: Exports, swift: Trainer, tmp_path: Path) -> None:
    tasks = []
    for one in (exports("format=swift"), made("format=swift_pairs")):
        environment, (command, *words) = said(one)
        words[words.index("--model") + 1] = str(swift.model("qwen2_5_vl"))
        at = words.index("--dataset") + 1
        words[at : at + 1] = one.files
        words[words.index("--output_dir") + 1] = str(tmp_path / command)
        words[words.index("--torch_dtype") + 1] = "float32"
        tiny = [
            "--model_type",
            "qwen2_5_vl",
            "--template",
            "qwen2_5_vl",
            "--tuner_type",
            "full",
            "--learning_rate",
            "1e-2",
            "--max_steps",
            "4",
        ]
        here = ["--use_cpu", "true", "--gradient_accumulation_steps", "1", "--logging_steps", "1", "--save_steps", "4"]
        given = {"environment": environment, "folder": str(tmp_path), "model": str(swift.model("qwen2_5_vl"))}
        tasks.append({"do": "train", "command": command, "arguments": [*words, *tiny, *here], **given})
    for losses in swift.do(*tasks):
        assert "error" not in losses, losses
        assert len(losses) == 4
        assert losses[-1] < losses[0], losses
