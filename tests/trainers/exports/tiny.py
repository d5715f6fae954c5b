"""The task that writes a tiny model, for every trainer's process."""

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.trainers.tiny_vlm import write_model


def write(task: Mapping[str, Any]) -> None:
    """Write a tiny model of a `family` into a `folder`; its tokenizer learns from the file `corpus`."""
    given = {"vocabulary": 2000, "phrases": True, "hidden": 64, "layers": 2, "dtype": "float32"}
    paths = {name: Path(task[name]) for name in ("corpus", "template")}
    write_model(Path(task["folder"]), argparse.Namespace(family=task["family"], **paths, **given))
