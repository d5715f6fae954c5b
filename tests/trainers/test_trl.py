"""TRL trains on our exports: on exactly the assistant's turns, with exactly the pictures' tokens."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from tests.engine.conftest import ROOT
from tests.read_version import ACCEPTED, read_rows
from tests.trainers.conftest import Row, Trl, as_pairs, exported, job, some_of, turns_of

pytestmark = [pytest.mark.trl, pytest.mark.timeout(1200)]

PATCH = {"qwen2_5_vl": 14, "qwen3_vl": 16}
"""Pixels of a patch's side; a token is of 2x2 patches."""

DEMO = ROOT / "demo" / "datasets" / "demo"
"""What `make demo` publishes."""

RUNGS = (224, 448, 672, 896)

GUESS = "<think>I guess.</think>\n<answer>cannot be determined</answer>"


@dataclass(frozen=True)
class Published:
    """A version's rows by episode, and its export."""

    rows: dict[str, Row]
    files: Path

    def shortest(self, count: int) -> list[Row]:
        """The rows with the fewest pixels."""
        pixels = {name: sum(f["width"] * f["height"] for f in row["frames"]) for name, row in self.rows.items()}
        return [self.rows[name] for name in sorted(pixels, key=lambda name: (pixels[name], name))[:count]]


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory, trl: Trl) -> Published:  # noqa: ARG001
    """The demo, which is built where it is not there; and its lower rungs as TRL takes them."""
    if not DEMO.exists():
        job("build", "source.charts=5", "source.posters=0", f"out={DEMO.parents[1]}", "version=demo")
    read = read_rows(DEMO, *ACCEPTED)
    rows: dict[str, Row] = {row["episode_id"]: row for row in read if row["rung"] in RUNGS}
    to = tmp_path_factory.mktemp("published") / "trl"
    return Published(rows, exported(DEMO, to, f"rungs={list(RUNGS)}"))


@pytest.mark.parametrize("family", PATCH)
def test_loss_is_on_the_assistants_turns_alone_and_pictures_are_their_patches(
    trl: Trl, published: Published, family: str
) -> None:
    assert len(published.rows) >= 50
    model = trl.tiny_model(f"labels-{family}", list(published.rows.values()), family=family)
    told = trl("labels", model, published.files)["rows"]
    assert {learnt["episode_id"] for learnt in told} == set(published.rows)
    for learnt in told:
        row = published.rows[learnt["episode_id"]]
        assert learnt["learnt"] == "".join(f"{turn}<|im_end|>\n" for turn in turns_of(row))
        assert learnt["image_tokens"] == sum(high * wide // 4 for _, high, wide in learnt["grid"])
        assert len(learnt["grid"]) == len(row["images"])
        if family == "qwen2_5_vl":  # whose patches our sizes are multiples of
            side = PATCH[family]
            assert learnt["grid"] == [[1, frame["height"] // side, frame["width"] // side] for frame in row["frames"]]


def test_twenty_steps_of_sft_halve_the_loss_of_memorised_rows(trl: Trl, published: Published, tmp_path: Path) -> None:
    few = published.shortest(2)
    told = _trained(trl, "sft", few, _file(published, few, tmp_path))
    assert len(told["losses"]) == 20
    assert told["losses"][-1] < told["losses"][0] / 2


def test_twenty_steps_of_dpo_prefer_the_chosen_turn(trl: Trl, published: Published, tmp_path: Path) -> None:
    few = published.shortest(2)
    pairs = as_pairs(_file(published, few, tmp_path), GUESS, tmp_path / "pairs.parquet")
    told = _trained(trl, "dpo", few, pairs)
    assert told["compared"] == [f"{turns_of(few[0])[-1]}<|im_end|>\n", f"{GUESS}<|im_end|>\n"]
    assert len(told["losses"]) == 20
    assert told["losses"][-1] < told["losses"][0] / 2


def test_an_export_has_the_columns_that_trl_reads(published: Published) -> None:
    for file in published.files.parent.glob(published.files.name):
        assert pq.read_schema(file).names == ["messages", "images", "episode_id"]


def _file(published: Published, rows: Sequence[Row], folder: Path) -> Path:
    return some_of(published.files, [row["episode_id"] for row in rows], folder / "rows.parquet")


def _trained(trl: Trl, command: str, rows: Sequence[Row], file: Path) -> dict[str, Any]:
    return trl(command, trl.tiny_model(command, rows), file, "--steps", 20, "--rate", 1e-2)
