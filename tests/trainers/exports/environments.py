"""LLaMA-Factory, ms-swift and verl in environments of their own, and exports of a real build for them.

`make setup-trainers` installs both environments; LENSMILL_TRAINERS names another folder that holds them.
"""

import json
import os
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from lensmill.formats.boxes import CALL
from pipelines.export import main as export
from tests.chat_templates import template_file
from tests.engine.conftest import ROOT, SHIM

HOME = Path(os.environ.get("LENSMILL_TRAINERS") or ROOT)
SHIMS = (SHIM, Path(__file__).parents[1] / "shim")

ENVIRONMENT = {
    "PYTHONPATH": os.pathsep.join(map(str, (*SHIMS, ROOT))),
    "HF_HUB_OFFLINE": "1",
    "HF_DATASETS_OFFLINE": "1",
    "TOKENIZERS_PARALLELISM": "false",
    "CUDA_VISIBLE_DEVICES": "",
    "OMP_NUM_THREADS": "2",
    "OMP_WAIT_POLICY": "PASSIVE",  # threads that spin while they wait burn a busy machine five times as long
}

SIDE = {"qwen2_5_vl": 28, "qwen3_vl": 32}
"""Pixels of a side of a picture's token."""

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Exported:
    """An export of the build.

    Attributes:
        folder: of the export.
        rows: those of its split train, as the files hold them.
    """

    folder: Path
    rows: Sequence[dict[str, Any]]

    @property
    def files(self) -> list[str]:
        """The files of the split train."""
        return sorted(map(str, (self.folder / "train").iterdir()))

    def command(self, language: str) -> str:
        """The training command of its README."""
        text = (self.folder / "README.md").read_text()
        return text.split(f"```{language}\n")[1].split("```")[0]


@dataclass(frozen=True)
class Exports:
    """Exports of one version, made when they are first asked for."""

    version: Path
    folder: Path
    _made: dict[tuple[str, ...], Exported] = field(default_factory=dict)

    def __call__(self, *arguments: str) -> Exported:
        """The export with these arguments of `python -m pipelines.export`."""
        if arguments not in self._made:
            name = "-".join("".join(sign if sign.isalnum() else "-" for sign in word) for word in arguments)
            self._made[arguments] = exported(self.version, self.folder / name, *arguments)
        return self._made[arguments]


def exported(version: Path, to: Path, *arguments: str) -> Exported:
    """Export a version into a folder."""
    status = export([f"dataset={version}", f"to={to}", "cluster.workers=1", *arguments])
    assert status == 0, f"pipelines.export {' '.join(arguments)} ended with {status}"
    return Exported(to, rows_in(sorted((to / "train").iterdir())))


def rows_in(files: Iterable[Path]) -> list[dict[str, Any]]:
    """The rows of Parquet files and JSON lines."""
    found: list[dict[str, Any]] = []
    for file in files:
        if file.suffix == ".parquet":
            found += pq.read_table(file).to_pylist()
        else:
            found += map(json.loads, file.read_text().splitlines())
    return found


@dataclass
class Trainer:
    """A trainer's environment: each list of tasks is done by one process.

    Attributes:
        python: of the environment.
        module: does the tasks.
        folder: for models and tasks.
        corpus: a file with the texts of the rows.
    """

    python: Path
    module: str
    folder: Path
    corpus: Path
    _models: dict[str, Path] = field(default_factory=dict)

    def run(self, *arguments: object, folder: Path | None = None, **environment: str) -> str:
        """Run the environment's Python in a folder; what it printed."""
        ended = subprocess.run(
            [self.python, *map(str, arguments)],
            cwd=folder or self.folder,
            env={**os.environ, **ENVIRONMENT, "HF_HOME": str(self.folder / "hub"), **environment},
            capture_output=True,
            text=True,
            check=False,
            timeout=1200,
        )
        assert ended.returncode == 0, ended.stdout[-3000:] + ended.stderr[-6000:]
        return ended.stdout

    def do(self, *tasks: Mapping[str, Any]) -> list[Any]:
        """Do tasks in one process; the answer to each."""
        number = len(list(self.folder.glob("tasks-*.json")))
        asked, answers = self.folder / f"tasks-{number}.json", self.folder / f"answers-{number}.json"
        asked.write_text(json.dumps(tasks))
        self.run("-m", f"tests.trainers.exports.{self.module}", asked, answers)
        found: list[Any] = json.loads(answers.read_text())
        return found

    def model(self, family: str) -> Path:
        """A tiny model of a family. One process writes those of every family."""
        if not self._models:
            given = {"do": "model", "corpus": str(self.corpus)}
            self._models.update({name: self.folder / name for name in SIDE})
            told = self.do(
                *(
                    {**given, "family": name, "folder": str(folder), "template": str(template_file(name))}
                    for name, folder in self._models.items()
                )
            )
            assert told == [None] * len(told), told
        return self._models[family]

    def like(self, module: str) -> "Trainer":
        """Another trainer in this environment, with the same models."""
        return replace(self, module=module)


def trainer(name: str, module: str, folder: Path, corpus: Path) -> Trainer:
    """An environment; the test is skipped where it is not installed."""
    python = HOME / f".venv-{name}" / "bin" / "python"
    if not python.exists():
        pytest.skip(f"there is no trainer at {python}: `make setup-trainers` installs it")
    return Trainer(python, module, folder, corpus)


def turns_of(row: Row) -> list[str]:
    """What the assistant says in a row of a version, turn by turn."""
    said = [message["content"] for message in row["messages"] if message["role"] == "assistant"]
    return ["".join(part["text"] for part in content) for content in said]


def as_learnt(turns: Iterable[str]) -> str:
    """Turns as the tokens that carry loss must decode: each is followed by the end of its turn."""
    return "".join(f"{turn}<|im_end|>\n" for turn in turns)


def matched(found: Any, rows: Iterable[Row]) -> list[tuple[dict[str, Any], Row]]:
    """What a trainer learns of each row of a version, with that row: trainers read files in an order of their own.

    Fails where a row is missing, or where a trainer learns anything but the assistant's turns.
    """
    assert "error" not in found, found["error"]
    wanted = {as_learnt(turns_of(row)): row for row in rows}
    assert sorted(told["learnt"] for told in found) == sorted(wanted)
    return [(told, wanted[told["learnt"]]) for told in found]


def grid_of(row: Row, family: str = "qwen2_5_vl") -> list[list[int]]:
    """The patches of a version's pictures, where sizes are multiples of a token's side."""
    patch = SIDE[family] // 2
    return [[1, frame["height"] // patch, frame["width"] // patch] for frame in row["frames"]]


def tokens_of(grid: Iterable[Sequence[int]]) -> int:
    """The tokens of a grid of patches."""
    return sum(high * wide // 4 for _, high, wide in grid)


def calls_in(text: str) -> list[dict[str, Any]]:
    """The arguments of the calls in a text that name a box."""
    calls = [json.loads(call) for call in CALL.findall(text)]
    return [call["arguments"] for call in calls if "bbox_2d" in call["arguments"]]


def boxes_in(text: str) -> list[list[int]]:
    """The boxes of the calls in a text."""
    return [call["bbox_2d"] for call in calls_in(text)]


def in_thousandths(row: Row, call: Mapping[str, Any]) -> list[int]:
    """The box of a call of a version's row, which is in pixels of the named picture, in thousandths of the picture."""
    frame = row["frames"][call.get("image", 0)]
    sides = (frame["width"], frame["height"]) * 2
    return [round(1000 * number / side) for number, side in zip(call["bbox_2d"], sides, strict=True)]
