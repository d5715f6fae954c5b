"""Rows of a real build, tiny models that read them, and TRL in an environment of its own.

`make setup-trl` installs TRL; LENSMILL_TRL names the Python of another one.
"""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lensmill.formats.spec import FORMATS
from storage.exports.types import schema_of
from tests.chat_templates import template_file
from tests.engine.conftest import ROOT, SHIM, TINY_VLM
from tests.read_version import ACCEPTED, read_rows

TRL_PYTHON = Path(os.environ.get("LENSMILL_TRL") or ROOT / ".venv-trl" / "bin" / "python")

ENVIRONMENT = {
    "PYTHONPATH": str(SHIM),
    "HF_HUB_OFFLINE": "1",
    "TOKENIZERS_PARALLELISM": "false",
    "OMP_WAIT_POLICY": "PASSIVE",  # threads that spin while they wait burn a busy machine five times as long
}

Row = Mapping[str, Any]

SMALL_CROPS = "agent.zoom_floor=448"
"""Most tokens of a row are those of its crops."""


@dataclass(frozen=True)
class Trl:
    """TRL: each command is a process of its own."""

    folder: Path

    def python(self, script: Path, *arguments: object) -> str:
        """Run a script with TRL's Python; what it printed."""
        ended = subprocess.run(
            [TRL_PYTHON, script, *map(str, arguments)],
            env={**os.environ, **ENVIRONMENT},
            capture_output=True,
            text=True,
            check=False,
            timeout=2400,
        )
        assert ended.returncode == 0, ended.stderr[-4000:]
        return ended.stdout

    def __call__(self, command: str, model: Path, rows: Path, *options: object) -> dict[str, Any]:
        """Run a command of `run_trl.py`; what it tells."""
        script = Path(__file__).with_name("run_trl.py")
        told: dict[str, Any] = json.loads(self.python(script, command, model, rows, *options).splitlines()[-1])
        return told

    def tiny_model(self, name: str, rows: Sequence[Row], *options: object, family: str = "qwen2_5_vl") -> Path:
        """A model whose tokenizer is trained on the texts of these rows."""
        folder = self.folder / name
        corpus = self.folder / f"{name}.txt"
        corpus.write_text("\n".join(dict.fromkeys(text for row in rows for text in texts_of(row))))
        given = ("--family", family, "--corpus", corpus, "--template", template_file(family), "--phrases")
        self.python(TINY_VLM, folder, *given, "--vocabulary", 2000, *options)
        return folder


@pytest.fixture(scope="session")
def trl(tmp_path_factory: pytest.TempPathFactory) -> Trl:
    if not TRL_PYTHON.exists():
        pytest.skip(f"there is no TRL at {TRL_PYTHON}: `make setup-trl` installs it")
    return Trl(tmp_path_factory.mktemp("trl"))


def job(name: str, *overrides: object) -> None:
    """Run a job to its end."""
    ended = subprocess.run(
        [sys.executable, "-m", f"pipelines.{name}", *map(str, overrides)],
        cwd=ROOT,
        env={**os.environ, **ENVIRONMENT},
        capture_output=True,
        text=True,
        check=False,
        timeout=900,
    )
    assert ended.returncode == 0, ended.stdout[-4000:] + ended.stderr[-4000:]


def build(out: Path, *overrides: str) -> list[dict[str, Any]]:
    """Build a version over synthetic charts into a folder; the rows that it accepted."""
    job("build", "source.posters=0", f"out={out}", "version=test", *overrides)
    return read_rows(out / "datasets" / "test", *ACCEPTED)


def exported(version: Path, to: Path, *overrides: str) -> Path:
    """A version in TRL's format, as a pattern of files; each row has its `episode_id` too."""
    job("export", f"dataset={version}", "format=trl", f"to={to}", "columns=[episode_id]", *overrides)
    return to / "train" / "*.parquet"


def texts_of(row: Row) -> list[str]:
    return [part["text"] for message in row["messages"] for part in message["content"] if part["text"]]


def turns_of(row: Row) -> list[str]:
    """What the assistant says in a row, turn by turn."""
    said = [message["content"] for message in row["messages"] if message["role"] == "assistant"]
    return ["".join(part["text"] for part in content) for content in said]


def some_of(files: Path, episodes: Sequence[str], to: Path) -> Path:
    """A file with the exported rows of these episodes, in this order."""
    table = pa.concat_tables(pq.read_table(file) for file in sorted(files.parent.glob(files.name)))
    places = table["episode_id"].to_pylist()
    pq.write_table(table.take([places.index(episode) for episode in episodes]), to)
    return to


def as_pairs(rows: Path, rejected: str, to: Path) -> Path:
    """Exported rows as the format `trl_dpo` has them: the last turn is chosen, and the text `rejected` is not."""
    spec = FORMATS.get("trl_dpo")
    bad = [{"role": "assistant", "content": [{"type": "text", "text": rejected}]}]
    pairs = [
        {"prompt": row["messages"][:-1], "chosen": row["messages"][-1:], "rejected": bad, "images": row["images"]}
        for row in pq.read_table(rows).to_pylist()
    ]
    pq.write_table(pa.Table.from_pylist(pairs, schema_of(spec.columns(spec.settings()))), to)
    return to
