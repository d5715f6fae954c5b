"""Reading a source's files, of which nothing is trusted: names stay inside the folder, sizes are bounded."""

import json
import os
import stat
from pathlib import Path

from storage.sources.protocol import SourceError
from storage.sources.rows import RowProblem, shown

MAX_IMAGE_BYTES = 256 * 2**20
"""The largest picture file that is read into memory."""

MAX_JSON_BYTES = 512 * 2**20
"""The largest JSON file that is read; ChartQA's largest has 5 MB."""

MAX_NAME = 1024


def require_folder(path: str | os.PathLike[str], source: str) -> Path:
    """The folder, made absolute, with links on the way to it followed.

    Raises:
        SourceError: no such folder, or it may not be listed.
    """
    folder = Path(path).expanduser()
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
        SourceError: it cannot be read or does not parse; the message names line and column.
    """
    return parse_json(read_text(path, source), str(path), source)


def read_text(path: Path, source: str) -> str:
    """A UTF-8 text file (a byte-order mark is dropped), of at most MAX_JSON_BYTES.

    Raises:
        SourceError: it cannot be read, is too large, or is not UTF-8.
    """
    try:
        if path.stat().st_size > MAX_JSON_BYTES:
            raise SourceError(f"sources/{source}: {path} is larger than {MAX_JSON_BYTES} bytes; split it")
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise SourceError(f"sources/{source}: {path} cannot be read ({error.strerror}); check the file") from error
    except UnicodeDecodeError as error:
        raise SourceError(
            f"sources/{source}: {path} is not UTF-8 text (byte {error.start}); save it as UTF-8"
        ) from error


def parse_json(text: str, where: str, source: str) -> object:
    """Parsed JSON.

    Raises:
        SourceError: it does not parse; the message begins with `where`, and names line and column.
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


def find_within(root: Path, name: object, field: str) -> Path:
    """The file that a row names, resolved, and surely inside `root` (an absolute, resolved folder).

    Raises:
        RowProblem: the name is no file name, leaves the folder (by itself or over a link), or nothing is there.
    """
    if not isinstance(name, str) or not name.strip():
        raise RowProblem("bad_field", f'field "{field}" must name a file, got {shown(name)}')
    if len(name) > MAX_NAME or "\0" in name:
        raise RowProblem("bad_field", f'field "{field}" is no file name: {shown(name)}')
    outside = f'field "{field}" leaves the folder of the data: {shown(name)}; put the file inside it'
    if name.startswith(("/", "\\")) or ".." in Path(name.replace("\\", "/")).parts:
        raise RowProblem("path_outside", outside)
    try:
        found = (root / name).resolve(strict=True)
    except (OSError, RuntimeError, ValueError) as error:
        raise RowProblem(
            "image_missing", f'field "{field}" names {shown(name)}, which is not there; add the file'
        ) from error
    if not found.is_relative_to(root):
        raise RowProblem("path_outside", outside)
    return found


def read_within(root: Path, name: object, field: str, max_bytes: int = MAX_IMAGE_BYTES) -> bytes:
    """The bytes of the file that a row names (`find_within`).

    Raises:
        RowProblem: as `find_within`; or it is no regular file, is too large, or cannot be read.
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
            return file.read(max_bytes)
    except OSError as error:
        raise RowProblem("image_unreadable", f"{what} cannot be read ({error.strerror}); check the file") from error
