"""What named sources ask about files before they map the columns."""

from collections.abc import Mapping, Sequence

from storage.sources.files import require_folder, require_local, snapshot_of
from storage.sources.protocol import SourceError
from storage.sources.rows import RowProblem
from storage.sources.table.layouts.opening import open_table


def has_files(path: str, source: str, patterns: Sequence[str]) -> bool:
    """Whether a folder has a file with one of these patterns.

    Raises:
        SourceError: no such folder.
    """
    root = snapshot_of(require_folder(path, source), source)
    return any(next(root.glob(pattern), None) is not None for pattern in patterns)


def columns_found(
    path: str, source: str, wanted: Mapping[str, Sequence[str]], split: str | None = None, only: Sequence[str] = ()
) -> dict[str, str]:
    """The first of several names of each column, as different copies of a dataset have them, by the first row.

    Raises:
        SourceError: there is no file, no row, or no column of a role.
    """
    _, layouts = open_table(path, source, split, only=only)
    row = next((row for part in layouts[0].parts() for _, row in layouts[0].rows(part, ()) if _is_row(row)), None)
    if row is None or isinstance(row, RowProblem):
        raise SourceError(f"sources/{source}: {layouts[0].file} has no row that can be read; fetch it again")
    found: dict[str, str] = {}
    for role, names in wanted.items():
        name = next((name for name in names if name in row), None)
        if name is None:
            there = ", ".join(list(map(str, row))[:20])
            raise SourceError(
                f"sources/{source}: {layouts[0].file} has no column {' or '.join(names)} (columns: {there}); "
                "is this the dataset?"
            )
        found[role] = name
    return found


def _is_row(row: object) -> bool:
    return not isinstance(row, RowProblem)


def is_file(path: str, source: str) -> bool:
    """Whether a path is that of a file, and not of a folder."""
    return require_local(path, source).is_file()
