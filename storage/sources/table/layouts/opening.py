"""The files of rows in a folder, each with its layout."""

import re
from collections.abc import Sequence
from pathlib import Path

from storage.sources.files import files_below, leaves_cache, require_folder, require_local, snapshot_of
from storage.sources.json_rows import parsed_row
from storage.sources.protocol import SourceError
from storage.sources.rows import RowProblem
from storage.sources.table.layouts.columnar import ArrowLayout, ParquetLayout
from storage.sources.table.layouts.document import DocumentLayout
from storage.sources.table.layouts.layout import MAX_ROW, Layout
from storage.sources.table.layouts.lines import CsvLayout, JsonLinesLayout
from storage.sources.table.layouts.webdataset import TarLayout

ENDINGS = {
    "Parquet": (".parquet",),
    "Arrow": (".arrow", ".feather", ".ipc"),
    "WebDataset": (".tar",),
    "JSON": (".jsonl", ".ndjson", ".json"),
    "CSV": (".csv", ".tsv"),
}
"""Kinds of files, by their endings."""

LINES = (".jsonl", ".ndjson")

ABOUT = frozenset({"dataset_info.json", "dataset_infos.json", "state.json", "dataset_dict.json", "package.json"})
"""Files about a dataset, which hold no rows."""

SPLITS = ("train", "val", "test")
_SPLIT_WORDS = {"validation": "val", "valid": "val", "dev": "val", "training": "train", "testing": "test"}


def open_table(
    path: str, source: str, split: str | None = None, rows: str | None = None, only: Sequence[str] = ()
) -> tuple[Path, list[Layout]]:
    """The folder of a source, and its files of rows in order.

    Args:
        path: a file of rows, or a folder with files of one kind; also a hub's download cache.
        source: its name, for messages.
        split: only files whose names have this word, unless `only` says which.
        rows: the field with the rows of JSON objects.
        only: patterns of the files in a folder; the first that fits a file counts. Empty for all.

    Raises:
        SourceError: no such file, files of several kinds, or none.
    """
    given = require_local(path, source)
    if given.is_file():
        # the file may be a link, in a hub's cache to a blob: pictures lie beside the link
        root = given.absolute().parent.resolve()
        return root, [_checked(root / given.name, root, source, rows)]
    root = snapshot_of(require_folder(path, source), source)
    files = _of_one_kind(root, source, only)
    if split is not None and not only:
        chosen = [file for file in files if _is_of(file.relative_to(root), split)]
        if not chosen:
            found = ", ".join(str(file.relative_to(root)) for file in files[:5])
            raise SourceError(
                f'sources/{source}: {path} has no file of split "{split}" (found: {found}); name another split, or '
                "give one file"
            )
        files = chosen
    return root, [_checked(file, root, source, rows) for file in files]


def _of_one_kind(root: Path, source: str, only: Sequence[str]) -> list[Path]:
    for pattern in only:
        if found := sorted(file for file in root.glob(pattern) if file.is_file() and not file.name.startswith(".")):
            return found
    if only:
        raise SourceError(f"sources/{source}: {root} has no file of rows ({', '.join(only)}); give its folder")
    files = [file for file in files_below(root, *sum(ENDINGS.values(), ())) if file.name not in ABOUT]
    kinds = {kind: [file for file in files if file.name.lower().endswith(ends)] for kind, ends in ENDINGS.items()}
    kinds = {kind: found for kind, found in kinds.items() if found}
    if not kinds:
        endings = ", ".join(sum(ENDINGS.values(), ()))
        raise SourceError(f"sources/{source}: {root} holds no file of rows ({endings}); give the folder that does")
    if len(kinds) > 1:
        listed = "; ".join(f"{len(those)} {kind}, e.g. {those[0].relative_to(root)}" for kind, those in kinds.items())
        raise SourceError(f"sources/{source}: {root} holds files of several kinds ({listed}); give the path of one")
    return next(iter(kinds.values()))


def _checked(file: Path, root: Path, source: str, rows: str | None) -> Layout:
    if leaves_cache(file, file.resolve()):
        raise SourceError(f"sources/{source}: {file} is a link out of the cache; fetch the file again")
    return layout_of(file, str(file.relative_to(root)), source, rows)


def layout_of(file: Path, where: str, source: str, rows: str | None = None) -> Layout:
    """The layout of a file, by its ending; of JSON by its beginning.

    Raises:
        SourceError: no known ending.
    """
    name = file.name.lower()
    kind = next((kind for kind, ends in ENDINGS.items() if name.endswith(ends)), None)
    match kind:
        case "Parquet":
            return ParquetLayout(file, where, source)
        case "Arrow":
            return ArrowLayout(file, where, source)
        case "WebDataset":
            return TarLayout(file, where, source)
        case "CSV":
            return CsvLayout(file, where, source)
        case "JSON":
            return (
                JsonLinesLayout(file, where, source) if _are_lines(file) else DocumentLayout(file, where, source, rows)
            )
    packed = "; it is packed: unpack it first" if re.search(r"\.(?:gz|zip|xz|bz2|zst)$", name) else ""
    raise SourceError(f"sources/{source}: {file} has no known ending ({', '.join(sum(ENDINGS.values(), ()))}).{packed}")


def _are_lines(file: Path) -> bool:
    """Whether a JSON file has a row on each line, and is not one value."""
    try:
        with file.open("rb") as lines:
            found = [line for _ in range(100) if (line := lines.readline(MAX_ROW + 1)).strip()][:2]
    except OSError:
        return False
    if not found or not found[0].lstrip(b"\xef\xbb\xbf \t").startswith(b"{"):
        return bool(found) and file.suffix.lower() in LINES and not found[0].lstrip(b"\xef\xbb\xbf \t").startswith(b"[")
    if file.suffix.lower() in LINES:
        return True
    try:
        parsed_row(found[0], MAX_ROW)
    except RowProblem:
        return False
    return len(found) == 2


def split_of(file: Path) -> str:
    """The split that a file's name or folder says: train, val or test; "" without one, or with several."""
    found = {word for word in map(_plain, _words(file)) if word in SPLITS}
    return found.pop() if len(found) == 1 else ""


def _is_of(file: Path, split: str) -> bool:
    return split_of(file) == _plain(split) or split.lower() in _words(file)


def _words(file: Path) -> set[str]:
    return {word for part in (*file.parent.parts, file.stem) for word in re.split(r"[-_. ]", part.lower())}


def _plain(word: str) -> str:
    return _SPLIT_WORDS.get(word.lower(), word.lower())
