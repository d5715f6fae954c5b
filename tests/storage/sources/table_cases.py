"""A dataset to be written to a folder, with the settings that read the dataset and the samples."""

import base64
import io
import json
import tarfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import datasets
import pyarrow as pa
import pyarrow.parquet as pq

from tests.storage.sources.written import picture

COLOURS = ("red", "green", "blue")
PICTURES = tuple(picture(colour) for colour in COLOURS)
"""Three pictures of 120x80 pixels."""

QUESTIONS = tuple(f"Which colour is thing {number}?" for number in (1, 2, 3))
OPTIONS = ("red", "green", "blue", "white")
BOX = (12.0, 8.0, 60.0, 40.0)
"""A box in pixels of the picture, xyxy."""

Expected = tuple[str, tuple[str, ...], tuple[str, ...], tuple[tuple[float, ...], ...]]


@dataclass(frozen=True)
class Case:
    """A layout: how to write it, where the source begins, the settings, and the samples in order.

    Attributes:
        choices: of every sample, in any order.
        boxes: of every sample, xyxy in pixels of the original.
        undecided: settings that `inspect` must leave to the user, since values fit several.
    """

    name: str
    write: Callable[[Path], Path]
    columns: Mapping[str, Any]
    settings: Mapping[str, Any] = field(default_factory=dict)
    questions: Sequence[str] = QUESTIONS
    answers: Sequence[tuple[str, ...]] = tuple((colour,) for colour in COLOURS)
    choices: Sequence[str] = ()
    boxes: Sequence[tuple[float, ...]] = ()
    undecided: tuple[str, ...] = ()

    def settings_in(self, folder: Path) -> dict[str, Any]:
        """The settings, with folders below this folder."""
        found = dict(self.settings)
        if "pictures" in found:
            found["pictures"] = str(folder / found["pictures"])
        return {"columns": dict(self.columns), **found}


def rows(**columns: Sequence[object]) -> list[dict[str, object]]:
    return [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]


def put_pictures(folder: Path, names: Sequence[str] = ("1.png", "2.png", "3.png")) -> None:
    for name, data in zip(names, PICTURES, strict=True):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)


def jsonl(name: str, content: Sequence[object], pictures: Sequence[str] = ()) -> Callable[[Path], Path]:
    def write(folder: Path) -> Path:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("".join(json.dumps(row) + "\n" for row in content))
        if pictures:
            put_pictures(folder, pictures)
        return folder / name

    return write


def document(
    name: str, content: object, pictures: Sequence[str] = (), indent: int | None = None
) -> Callable[[Path], Path]:
    def write(folder: Path) -> Path:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(json.dumps(content, indent=indent))
        if pictures:
            put_pictures(folder, pictures)
        return folder / name

    return write


def parquet(name: str, table: Callable[[], pa.Table], pictures: Sequence[str] = ()) -> Callable[[Path], Path]:
    def write(folder: Path) -> Path:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(table(), folder / name, row_group_size=2)
        if pictures:
            put_pictures(folder, pictures)
        return folder

    return write


def text(name: str, content: str, pictures: Sequence[str] = ()) -> Callable[[Path], Path]:
    def write(folder: Path) -> Path:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content)
        if pictures:
            put_pictures(folder, pictures)
        return folder / name

    return write


def tar(name: str, members: Sequence[tuple[str, bytes]]) -> Callable[[Path], Path]:
    def write(folder: Path) -> Path:
        with tarfile.open(folder / name, "w") as file:
            for member, data in members:
                info = tarfile.TarInfo(member)
                info.size = len(data)
                file.addfile(info, io.BytesIO(data))
        return folder / name

    return write


def saved(features: bool) -> Callable[[Path], Path]:
    """A folder as `datasets.save_to_disk` writes it."""

    def write(folder: Path) -> Path:
        data = {"image": [{"bytes": one, "path": None} for one in PICTURES], "question": QUESTIONS, "answer": COLOURS}
        kinds = datasets.Features(
            {"image": datasets.Image(), "question": datasets.Value("string"), "answer": datasets.Value("string")}
        )
        datasets.Dataset.from_dict(data, kinds if features else None).save_to_disk(folder / "saved")
        return folder / "saved"

    return write


IMAGES = [{"bytes": one, "path": f"{number}.png"} for number, one in enumerate(PICTURES)]
ENCODED = [base64.b64encode(one).decode() for one in PICTURES]
NAMES = ("1.png", "2.png", "3.png")
IN_IMAGES = tuple(f"images/{name}" for name in NAMES)
PLAIN = {"question": "question", "answers": "answer", "image": "image"}
CHOOSE = {**PLAIN, "options": "options"}
LETTERED = [[f"{letter}. {option}" for letter, option in zip("ABCD", OPTIONS, strict=True)]] * 3
XYWH = [12, 8, 48, 32]


def beside(**more: Sequence[object]) -> list[dict[str, object]]:
    return rows(image=NAMES, question=QUESTIONS, **more)


def parts(of: Sequence[float], by: tuple[float, float]) -> list[float]:
    return [of[0] / by[0], of[1] / by[1], of[2] / by[0], of[3] / by[1]]
