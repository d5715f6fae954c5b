"""The pictures of a row: entries of its picture column, their sizes, and the sizes that trainers refuse or change."""

import os
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from lensmill.formats.checking import Finding, Training
from lensmill.resolution import MAX_ASPECT
from lensmill.validation.conversation import Picture, shown
from lensmill.validation.header import Unreadable, size_of, size_of_file, size_of_text

_REMOTE = ("http://", "https://", "s3://", "gs://", "hf://", "memory://", "oss://")


@dataclass(frozen=True, slots=True)
class Entries:
    """The entries that a trainer takes in its picture column.

    Attributes:
        trainer: its name, for messages.
        bytes_and_path: {"bytes", "path"}.
        by_path: such an entry without bytes, which names a file.
        strings: a bare path.
        raw: bare bytes.
        image_key: {"image": "/abs" or "file://..."}, as qwen_vl_utils takes them.
        relative: paths that are relative to the data; False: to the working directory, which fails elsewhere.
        null: the column itself may be null.
    """

    trainer: str
    bytes_and_path: bool = True
    by_path: bool = True
    strings: bool = True
    raw: bool = False
    image_key: bool = False
    relative: bool = True
    null: bool = True


def read_pictures(
    value: Any, where: str, takes: Entries, training: Training
) -> Generator[Finding, None, tuple[Picture, ...]]:
    """The pictures of a picture column; yields findings about entries that the trainer does not take."""
    if value is None and takes.null:
        return ()
    if value is None:
        yield Finding("images_null", where, f"{where} is null, which stops {takes.trainer}: write an empty list")
        return ()
    if not isinstance(value, list | tuple):
        yield Finding(
            "images_not_a_list",
            where,
            f"{where} is of type {type(value).__name__}, and {takes.trainer} reads a list: put the picture in a list",
        )
        return ()
    pictures = []
    for number, entry in enumerate(value):
        pictures.append((yield from read_picture(entry, f"{where}[{number}]", takes, training)))
    return tuple(pictures)


def read_picture(entry: Any, where: str, takes: Entries, training: Training) -> Generator[Finding, None, Picture]:
    """One entry of a picture column."""
    problem = ""
    match entry:
        case {"bytes": bytes() | bytearray() | memoryview() as data, **rest} if not set(rest) - {"path"}:
            if takes.bytes_and_path:
                return (yield from _of_bytes(bytes(data), where))
            problem = "{bytes, path}"
        case {"bytes": None, "path": str(path)} | {"path": str(path)} if path:
            if takes.by_path:
                return (yield from _of_path(path, where, takes, training))
            problem = "{path} without bytes"
        case {"image": str(path)} if path:
            if takes.image_key:
                return (yield from _of_path(path, where, takes, training))
            problem = '{"image": path}'
        case str() if entry:
            if takes.strings:
                return (yield from _of_path(entry, where, takes, training))
            problem = "a bare path"
        case bytes():
            if takes.raw:
                return (yield from _of_bytes(entry, where))
            problem = "bare bytes"
        case None:
            yield Finding("image_missing", where, "the picture is null: give its bytes or its path")
            return Picture(where)
        case _:
            problem = shown(entry, 40)
    yield Finding("image_entry", where, f"{takes.trainer} cannot read {problem} as a picture: {_advice(takes)}")
    return Picture(where)


def _advice(takes: Entries) -> str:
    if takes.bytes_and_path:
        return 'write {"bytes": the file, "path": its name or null}'
    return "write a path"


def _of_bytes(data: bytes, where: str) -> Generator[Finding, None, Picture]:
    try:
        return Picture(where, *size_of(data))
    except Unreadable as error:
        yield Finding("image_unreadable", where, f"the picture cannot be read ({error}): write the file again")
        return Picture(where)


def _of_path(path: str, where: str, takes: Entries, training: Training) -> Generator[Finding, None, Picture]:
    if path in training.files:
        return replace((yield from _of_bytes(training.files[path], where)), path=path)
    if path.startswith("data:"):
        try:
            return Picture(where, *size_of_text(path))
        except Unreadable as error:
            yield Finding("image_unreadable", where, f"the picture cannot be read ({error}): write the file again")
            return Picture(where)
    if path.startswith(_REMOTE) or "\0" in path:
        return Picture(where, path=path)
    plain = path.removeprefix("file://")
    if not os.path.isabs(plain) and not (takes.relative and training.folder):
        if not takes.relative:
            yield Finding(
                "relative_path",
                where,
                f"{shown(path)} is relative, and {takes.trainer} starts at its working directory: write an absolute "
                "path, or the bytes",
            )
        return Picture(where, path=path)
    if not training.folder:
        return Picture(where, path=path)
    file = os.path.join(training.folder, plain)
    try:
        return Picture(where, *size_of_file(file), path)
    except FileNotFoundError:
        yield Finding("image_missing", where, f"there is no file {shown(path)}: one missing picture can stop the load")
    except Unreadable as error:
        yield Finding("image_unreadable", where, f"{shown(path)} cannot be read ({error}): write the file again")
    return Picture(where, path=path)


def check_pictures(pictures: Sequence[Picture], trainer: str, smallest: int = 0) -> Iterator[Finding]:
    """Sizes that the trainer refuses or changes silently.

    Args:
        smallest: sides below this many pixels are enlarged by the trainer.
    """
    for picture in pictures:
        width, height = picture.width, picture.height
        if not picture.known:
            continue
        if max(width, height) > MAX_ASPECT * min(width, height):
            yield Finding(
                "aspect_ratio",
                picture.where,
                f"the picture is {width}x{height} px, longer than {MAX_ASPECT}:1, which {trainer} refuses or squeezes: "
                "cut it into pieces",
            )
        elif min(width, height) < smallest:
            yield Finding(
                "small_picture",
                picture.where,
                f"the picture is {width}x{height} px, and {trainer} enlarges sides below {smallest} px, so that boxes "
                "shift: draw it larger",
            )
