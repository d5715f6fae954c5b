"""Reads a source's files without trusting them: names in rows stay inside the folder, and sizes are bounded.

The folder itself belongs to the user, and so do the links in it: a hub's download cache consists of links.
"""

import json
import os
import re
import stat
import unicodedata
from collections.abc import Sequence
from pathlib import Path

from storage.sources.protocol import SourceError
from storage.sources.rows import RowProblem, shown

MAX_IMAGE_BYTES = 256 * 2**20
"""Maximum bytes of a picture file."""

MAX_JSON_BYTES = 512 * 2**20
"""Maximum bytes of a JSON file; ChartQA's largest has 5 MB."""

MAX_NAME = 1024


def require_local(path: str | os.PathLike[str], source: str) -> Path:
    """The path of a setting, with `~` at its beginning replaced by the home folder. The path need not exist.

    Raises:
        SourceError: no path, or a URL.
    """
    if not str(path).strip():
        raise SourceError(f"sources/{source}: source.path is empty; give the path of the data")
    if re.match(r"[A-Za-z][A-Za-z0-9+.-]+://", str(path)):
        raise SourceError(f"sources/{source}: {path} is a URL, and sources are read from files; fetch the data first")
    try:
        return Path(path).expanduser()
    except RuntimeError as error:  # "~someone" without such a user
        raise SourceError(f"sources/{source}: there is no home folder for {path}; write the whole path") from error


def require_folder(path: str | os.PathLike[str], source: str) -> Path:
    """The absolute folder, with the links on the way to it followed.

    Raises:
        SourceError: no such folder, or it may not be listed.
    """
    folder = require_local(path, source)
    try:
        found = folder.resolve(strict=True)
        found.stat()
    except (OSError, RuntimeError, ValueError) as error:
        raise SourceError(f"sources/{source}: there is no folder {folder}; give the path of the data") from error
    if not found.is_dir():
        raise SourceError(f"sources/{source}: {folder} is not a folder; give the folder that holds the data")
    return found


def read_json(path: Path, source: str) -> object:
    """A JSON file's content.

    Raises:
        SourceError: the file cannot be read or does not parse; the message names line and column.
    """
    return parse_json(read_text(path, source), str(path), source)


def read_text(path: Path, source: str) -> str:
    """A UTF-8 text file (a byte-order mark is dropped), of at most MAX_JSON_BYTES.

    Raises:
        SourceError: the file cannot be read, is too large, or is not UTF-8.
    """
    try:
        if path.stat().st_size > MAX_JSON_BYTES:
            raise SourceError(f"sources/{source}: {path} is larger than {MAX_JSON_BYTES} bytes; split it")
        refuse_compressed(path, source)
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise SourceError(f"sources/{source}: {path} cannot be read ({error.strerror}); check the file") from error
    except UnicodeDecodeError as error:
        raise SourceError(
            f"sources/{source}: {path} is not UTF-8 text (byte {error.start}); save it as UTF-8"
        ) from error


def refuse_compressed(path: Path, source: str) -> None:
    """
    Raises:
        SourceError: the file is packed.
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        if file.read(4).startswith((b"\x1f\x8b", b"PK\x03\x04", b"BZh", b"\xfd7zX", b"\x28\xb5\x2f\xfd")):
            raise SourceError(f"sources/{source}: {path} is compressed; unpack it first")


def parse_json(text: str, where: str, source: str) -> object:
    """Parsed JSON.

    Raises:
        SourceError: the text does not parse; the message begins with `where`, and names line and column.
    """
    try:
        content: object = json.loads(text)
    except json.JSONDecodeError as error:
        raise SourceError(
            f"sources/{source}: {where} is not JSON: {error.msg} at line {error.lineno} column {error.colno}; mend it"
        ) from error
    except (RecursionError, ValueError) as error:
        raise SourceError(f"sources/{source}: {where} is no JSON that can be read ({error}); mend it") from error
    return content


def files_below(root: Path, *endings: str) -> list[Path]:
    """Files with these endings, in either case, in the folder and in the folders below it, sorted. Links are followed.

    Names that begin with a dot are left out: systems and editors write such files beside the data ("._test.parquet").
    """
    found: list[Path] = []
    seen: set[str] = set()
    for folder, folders, names in os.walk(root, followlinks=True):
        here = os.path.realpath(folder)
        if here in seen:  # a link to a folder above itself
            folders.clear()
            continue
        seen.add(here)
        folders[:] = sorted(name for name in folders if not is_litter(name))
        found += [Path(folder, name) for name in names if not is_litter(name) and name.lower().endswith(endings)]
    return sorted(file for file in found if file.is_file())


def is_litter(name: str) -> bool:
    """Whether a file or folder is not data, by its name: hidden, or a by-product of archives from a Mac."""
    return name.startswith(".") or name == "__MACOSX"


def snapshot_of(folder: Path, source: str) -> Path:
    """The data folder of a dataset in a hub's download cache (`datasets--owner--name`); any other folder unchanged.

    Raises:
        SourceError: the cache holds several versions, and none is the main one.
    """
    snapshots = folder / "snapshots"
    if not snapshots.is_dir() or not (folder / "blobs").is_dir():
        return folder
    versions = sorted(version for version in snapshots.iterdir() if version.is_dir())
    main = folder / "refs" / "main"
    wanted = snapshots / main.read_text("utf-8").strip() if main.is_file() else None
    if wanted in versions:
        return wanted
    if len(versions) != 1:
        names = ", ".join(version.name for version in versions[:5])
        raise SourceError(
            f"sources/{source}: {snapshots} holds {len(versions)} versions ({names}); give the path of one"
        )
    return versions[0]


def leaves_cache(place: Path, found: Path) -> bool:
    """Whether a file lies outside the hub's download cache (`datasets--owner--name`) that `place` is in. False if
    `place` is in no cache: links in other folders are the user's own. A cache's links lead to its own `blobs`; the hub
    says where, not the user.
    """
    parts = place.parts
    for at, part in enumerate(parts[:-1]):
        if part.startswith(("datasets--", "models--", "spaces--")) and parts[at + 1] == "snapshots":
            return not found.is_relative_to(Path(*parts[: at + 1]).resolve())
    return False


def find_within(root: Path, name: object, field: str) -> Path:
    """The file that a row names, below `root` (an absolute folder). Links are followed.

    A name in one Unicode normal form finds the file in the other, and "a.jpg" finds "a.JPG". A link in the folder may
    lead out of the folder, since the folder is the user's own; a name may not, and neither may a link in a hub's cache.

    Raises:
        RowProblem: the name is not a file name, leaves the folder, or names no file.
    """
    if not isinstance(name, str) or not name.strip():
        raise RowProblem("bad_field", f'field "{field}" must name a file, got {shown(name)}')
    if len(name) > MAX_NAME or "\0" in name:
        raise RowProblem("bad_field", f'field "{field}" is no file name: {shown(name)}')
    if re.match(r"(?!file:)[A-Za-z][A-Za-z0-9+.-]+://", name):
        raise RowProblem("bad_field", f'field "{field}" is a URL, {shown(name)}; fetch it, and name the file')
    parts = Path(name.replace("\\", "/")).parts
    if name.startswith(("/", "\\", "file:")) or ".." in parts or re.match(r"[A-Za-z]:[\\/]", name):
        raise RowProblem(
            "path_outside", f'field "{field}" leaves the folder of the data: {shown(name)}; put the file inside it'
        )
    for spelled in ((name,), parts):
        try:
            found = _spelled(root, Path(*spelled).parts).resolve(strict=True)
            if leaves_cache(root, found):
                why = f'field "{field}" names {shown(name)}, a link out of the cache; fetch the file again'
                raise RowProblem("path_outside", why)
            return found
        except (OSError, RuntimeError, ValueError) as error:
            missing = error
    raise RowProblem(
        "image_missing", f'field "{field}" names {shown(name)}, which is not there; add the file'
    ) from missing


def _spelled(root: Path, parts: tuple[str, ...]) -> Path:
    """The path as the folder spells it: each part in its Unicode normal form, and the ending in either case."""
    found = root
    for part in parts:
        stem, ending = os.path.splitext(part)
        cased = dict.fromkeys((part, stem + ending.lower(), stem + ending.upper()))
        forms = [
            spelled
            for name in cased
            for spelled in (name, unicodedata.normalize("NFC", name), unicodedata.normalize("NFD", name))
        ]
        found = next((path for form in forms if os.path.lexists(path := found / form)), found / part)
    return found


def folder_with(folders: Sequence[Path], name: object, field: str) -> Path:
    """The first of some folders that has the file that a row names; the last one if none has the file.

    Raises:
        RowProblem: as `find_within`, but for a file that is missing.
    """
    for folder in folders[:-1]:
        try:
            find_within(folder, name, field)
        except RowProblem as problem:
            if problem.error_class != "image_missing":
                raise
        else:
            return folder
    return folders[-1]


def read_within(root: Path, name: object, field: str, max_bytes: int = MAX_IMAGE_BYTES) -> bytes:
    """The bytes of the file that a row names (`find_within`).

    Raises:
        RowProblem: as `find_within`; or the file is not a regular file, is too large, or cannot be read.
    """
    found = find_within(root, name, field)
    what = f'field "{field}" names {shown(name)}, which'
    try:
        # The name was resolved: a link in its place is newer than the check. A pipe must not hang the reader.
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK
        with open(found, "rb", opener=lambda path, _: os.open(path, flags)) as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise RowProblem("image_unreadable", f"{what} is no regular file; put the file itself there")
            if status.st_size > max_bytes:
                raise RowProblem("image_too_large", f"{what} has more than {max_bytes} bytes; make it smaller")
            return file.read(status.st_size)  # a larger number would be allocated
    except OSError as error:
        raise RowProblem("image_unreadable", f"{what} cannot be read ({error.strerror}); check the file") from error
