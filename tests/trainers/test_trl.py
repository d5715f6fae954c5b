"""TRL trains on our rows: on exactly the assistant's turns, with exactly the pictures' tokens."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.trainers.conftest import SMALL_CROPS, Row, Trl, turns_of, write_pairs, write_rows

pytestmark = [pytest.mark.trl, pytest.mark.timeout(1200)]

PATCH = {"qwen2_5_vl": 14, "qwen3_vl": 16}
"""Pixels of a patch's side; a token is of 2x2 patches."""

GUESS = "<think>I guess.</think>\n<answer>cannot be determined</answer>"


@pytest.fixture(scope="module")
def rows(build: Callable[..., list[Row]]) -> list[Row]:
    return build("source.charts=11", "source.questions_per_picture=3", "ladder.rungs=[224,448]", SMALL_CROPS)


def shortest(rows: Sequence[Row], count: int) -> list[Row]:
    """The rows with the fewest pixels."""
    return sorted(rows, key=lambda row: sum(frame["width"] * frame["height"] for frame in row["frames"]))[:count]


@pytest.mark.parametrize("family", PATCH)
def test_loss_is_on_the_assistants_turns_alone(trl: Trl, rows: list[Row], tmp_path: Path, family: str) -> None:
    assert len(rows) >= 50
    model = trl.tiny_model(f"labels-{family}", rows, family=family)
    told = trl("labels", model, write_rows(tmp_path / "rows.parquet", rows))["rows"]
    assert [row["learnt"] for row in told] == ["".join(f"{turn}<|im_end|>\n" for turn in turns_of(row)) for row in rows]


@pytest.mark.parametrize("family", PATCH)
def test_a_pictures_tokens_are_its_patches(trl: Trl, rows: list[Row], tmp_path: Path, family: str) -> None:
    few = shortest(rows, 10)
    model = trl.tiny_model(f"grid-{family}", few, family=family)
    told = trl("labels", model, write_rows(tmp_path / "rows.parquet", few))["rows"]
    for row, learnt in zip(few, told, strict=True):
        assert len(learnt["grid"]) == len(row["images"])
        assert learnt["image_tokens"] == sum(high * wide // 4 for _, high, wide in learnt["grid"])
        if family == "qwen2_5_vl":  # whose patches our sizes are multiples of
            side = PATCH[family]
            assert learnt["grid"] == [[1, frame["height"] // side, frame["width"] // side] for frame in row["frames"]]


def test_twenty_steps_of_sft_halve_the_loss_of_memorised_rows(trl: Trl, rows: list[Row], tmp_path: Path) -> None:
    few = shortest(rows, 2)
    losses = _losses(trl, "sft", few, write_rows(tmp_path / "rows.parquet", few))
    assert len(losses) == 20
    assert losses[-1] < losses[0] / 2


def test_twenty_steps_of_dpo_prefer_the_chosen_turn(trl: Trl, rows: list[Row], tmp_path: Path) -> None:
    few = shortest(rows, 2)
    pairs = write_pairs(tmp_path / "pairs.parquet", few, GUESS)
    told = _told(trl, "dpo", few, pairs)
    assert told["compared"] == [f"{turns_of(few[0])[-1]}<|im_end|>\n", f"{GUESS}<|im_end|>\n"]
    assert len(told["losses"]) == 20
    assert told["losses"][-1] < told["losses"][0] / 2


def _told(trl: Trl, command: str, rows: Sequence[Row], file: Path) -> dict[str, Any]:
    return trl(command, trl.tiny_model(command, rows), file, "--steps", 20, "--rate", 1e-2)


def _losses(trl: Trl, command: str, rows: Sequence[Row], file: Path) -> list[float]:
    losses: list[float] = _told(trl, command, rows, file)["losses"]
    return losses
