"""Where the pictures of rows are: inside the rows, or in files below a folder that has to be found."""

import itertools
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from lensmill.decoding import Header, ImageError, read_header
from storage.sources.files import find_within, is_litter
from storage.sources.option_fields import plain
from storage.sources.rows import RowProblem
from storage.sources.table.pictures import Pictures, picture_name_in
from storage.sources.table.proposing.looking import Column

IMAGE_NAMES = tuple(
    map(
        plain,
        (
            *("image", "images", "img", "imgs", "picture", "pictures", "photo", "figure", "image_path", "img_path"),
            *("image_file", "file_name", "filename", "imgname", "image_name", "img_name", "figure_path", "image_url"),
            *("image_id", "img_id", "figure_id", "path", "url", "jpg", "jpeg", "png", "webp", "decoded_image", "file"),
        ),
    )
)
"""Names of columns with pictures, the likeliest first."""

ENDINGS = (".jpg", ".png", ".jpeg", ".webp", ".gif", ".bmp", ".tif", ".tiff")
MOST_FOLDERS, DEPTH, LOOKED_AT = 400, 3, 30

_OF_PICTURES = re.compile(r"image|img|picture|photo|figure|png|jpe?g|train20|val20|test20", re.IGNORECASE)
_PICTURE = re.compile(r"\.(?:jpe?g|png|webp|gif|bmp|tiff?)(?:\?\S*)?$", re.IGNORECASE)


@dataclass(frozen=True)
class Place:
    """How a column gives pictures.

    Attributes:
        settings: besides the column.
        found: number of values that lead to a picture, of `looked_at`.
        about: in words.
    """

    column: Column
    settings: Mapping[str, Any]
    found: int
    looked_at: int
    about: str


def pictures_in(columns: Sequence[Column], folders: Sequence[Path], root: Path) -> list[Place]:
    """The columns that give pictures, the best first: more pictures, then the likelier name."""
    places = [place for column in columns if (place := _place(column, folders, root)) is not None]
    return sorted(places, key=lambda place: (-round(place.found / max(1, place.looked_at), 1), _rank(place.column)))


def _rank(column: Column) -> tuple[int, int]:
    words = [word for word in column.names if word in IMAGE_NAMES]
    return (IMAGE_NAMES.index(words[0]) if words else len(IMAGE_NAMES), len(column.path))


def _place(column: Column, folders: Sequence[Path], root: Path) -> Place | None:
    values = column.values[:LOOKED_AT]
    named = bool(column.names) and column.names[0] in IMAGE_NAMES
    names: list[str] = []
    embedded = 0
    for value in values:
        try:
            name = picture_name_in(value, column.path)
        except RowProblem:
            return None
        if name is None:
            embedded += _is_picture(value, column.path)
        elif isinstance(value, (str, dict, list)) or named:
            names.append(name)
    if embedded and embedded >= len(names):
        return Place(column, {}, embedded, len(values), "pictures inside the rows")
    if not names or not (named or any(map(_PICTURE.search, names))):
        return None
    if any(len(name) > 1000 for name in names):
        return None
    for settings in _ways(names, folders, root):
        found = _count(names, settings, folders)
        if found >= max(1, len(names) // 2):
            return Place(column, settings, found, len(values), "names of picture files")
    if not any(map(_PICTURE.search, names)):
        return None
    return Place(column, {}, 0, len(values), "names of picture files that are not there")


def _is_picture(value: object, field: str) -> bool:
    return size_of(value, field, Pictures(())) is not None


def size_of(value: object, field: str, pictures: Pictures) -> Header | None:
    """The size of a picture; None if the picture cannot be read."""
    try:
        return read_header(pictures.read(value, field))
    except (RowProblem, ImageError, IndexError):
        return None


def reader(settings: Mapping[str, Any], folders: Sequence[Path]) -> Pictures:
    """Reads pictures with proposed settings."""
    own = settings.get("pictures")
    return Pictures([Path(own)] if own else folders, settings.get("picture_name", "{}"), settings.get("url_base", ""))


def _count(names: Sequence[str], settings: Mapping[str, Any], folders: Sequence[Path]) -> int:
    pictures = reader(settings, folders)
    found = 0
    for name in names:
        try:
            file = pictures.file_name(name, "image")
        except RowProblem:
            continue
        own = settings.get("pictures")
        found += any(_is_there(folder, file) for folder in ([Path(own)] if own else folders))
    return found


def _is_there(folder: Path, file: str) -> bool:
    try:
        return find_within(folder, file, "image").is_file()
    except RowProblem:
        return False


def _ways(names: Sequence[str], folders: Sequence[Path], root: Path) -> Iterator[dict[str, Any]]:
    """Settings that may lead to the pictures, the simplest first."""
    base = _common_base(names)
    patterns = ["{}", *(f"{{}}{ending}" for ending in ENDINGS if not any(map(_PICTURE.search, names)))]
    begin = {"url_base": base} if base else {}
    if not base:
        yield from ({} if pattern == "{}" else {"picture_name": pattern} for pattern in patterns)
    for folder in _folders(root):
        for pattern in patterns:
            way: dict[str, Any] = {"pictures": str(folder), **begin}
            if pattern != "{}":
                way["picture_name"] = pattern
            if _is_there(folder, _file(names[0], way)) or _is_there(folder, _file(names[-1], way)):
                yield way
    for folder in (*folders, *_folders(root)):
        if _is_there(folder, PurePosixPath(names[0]).name) or _is_there(folder, PurePosixPath(names[-1]).name):
            own: dict[str, Any] = {} if folder in folders else {"pictures": str(folder)}
            yield {**own, "picture_name": "{name}"}


def _file(name: str, way: Mapping[str, Any]) -> str:
    try:
        return reader(way, []).file_name(name, "image")
    except RowProblem:
        return name


def _common_base(names: Sequence[str]) -> str:
    """The common beginning of URLs, up to a slash; "" for other names."""
    if not all(re.match(r"https?://", name) for name in names):
        return ""
    folders = [name.split("/")[:-1] for name in names]
    alike = itertools.takewhile(lambda parts: len(set(parts)) == 1, zip(*folders, strict=False))
    return "".join(f"{parts[0]}/" for parts in alike)


def _folders(root: Path) -> Iterator[Path]:
    """The folders below the dataset's folder, the upper ones first; then the folder above, and folders beside whose
    names speak of pictures."""
    seen = 0
    for start, depth in ((root, DEPTH), (root.parent, 1)):
        level = [start]
        for _ in range(depth):
            below = []
            for folder in level:
                try:
                    below += sorted(
                        Path(entry) for entry in os.scandir(folder) if entry.is_dir() and not is_litter(entry.name)
                    )
                except OSError:
                    continue
            for folder in below:
                seen += 1
                if seen > MOST_FOLDERS:
                    return
                if start == root or (folder != root and _OF_PICTURES.search(folder.name)):
                    yield folder
            level = below
        if start == root:
            yield root.parent
