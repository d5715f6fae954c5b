"""What the sources of trajectories from elsewhere share: rows in JSON files, and pictures that the rows name."""

from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lensmill.decoding import ImageError
from lensmill.formats.imported import GivenPicture, Imported, RowError, given_picture
from storage.sources.files import folder_with, is_litter, read_within, require_folder, require_local
from storage.sources.json_rows import json_rows
from storage.sources.protocol import SlicedSource, SourceError, SourceFailure, SourceItem
from storage.sources.rows import RowProblem, by_picture, shown

PICTURES_A_SLICE = 32
"""Pictures in a slice: about a second of work."""


@dataclass(frozen=True, slots=True)
class RecordedRow:
    """A row of a file, and its place for messages."""

    origin: str
    fields: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class RecordedSlice:
    """Some pictures, each with its rows; or rows that name no picture."""

    pictures: tuple[tuple[str, tuple[RecordedRow, ...]], ...] = ()
    failures: tuple[SourceFailure, ...] = ()

    @property
    def rows(self) -> int:
        """The number of rows."""
        return sum(len(rows) for _, rows in self.pictures) + len(self.failures)


class RecordedSource(SlicedSource[RecordedSlice]):
    """Rows in JSON files, each with its trajectory. A row costs itself only.

    Args:
        name: of the source.
        path: a file of rows (JSON lines or one array), or a folder with such files.
        usual: patterns of the files of rows in a folder; the first that fits a file counts.
        folders: where the rows' pictures lie; None is the folder of the rows. The first that has a picture counts.

    Raises:
        SourceError: there is nothing to read.
    """

    def __init__(self, name: str, path: str, usual: Sequence[str], folders: Sequence[str | None]) -> None:
        self._name = name
        given = require_local(path, name)
        if given.is_file():
            root = given.absolute().parent.resolve()
            self._files = [root / given.name]
        else:
            root = require_folder(path, name)
            found = ([file for file in sorted(root.glob(one)) if not is_litter(file.name)] for one in usual)
            self._files = next(filter(None, found), [])
        if not self._files:
            raise SourceError(f"sources/{name}: {path} has no file of rows ({', '.join(usual)}); name the file")
        self._folders = [require_folder(folder, name) if folder else root for folder in folders] or [root]

    @property
    def name(self) -> str:
        """The source's name in samples."""
        return self._name

    def is_here(self) -> bool:
        """Whether this machine has the rows and the folders of pictures."""
        return all(file.is_file() for file in self._files) and all(folder.is_dir() for folder in self._folders)

    @abstractmethod
    def picture_of(self, fields: Mapping[str, Any]) -> str:
        """The name of the picture that a row asks about.

        Raises:
            RowError: the row names none.
        """

    @abstractmethod
    def imported(self, row: RecordedRow, original: GivenPicture) -> Imported:
        """A row as a sample with its trajectory.

        Raises:
            RowError, RowProblem: the row cannot become one.
        """

    def slices(self) -> Iterator[RecordedSlice]:
        """Some pictures at a time, in the order in which rows first name them. Rows without a picture come first.

        Raises:
            SourceError: a file of rows cannot be read at all.
        """
        pictures, failures = dict[str, list[RecordedRow]](), list[SourceFailure]()
        for file in self._files:
            for origin, content in json_rows(file, self._name):
                try:
                    if isinstance(content, RowProblem):
                        raise content
                    pictures.setdefault(self.picture_of(content), []).append(RecordedRow(origin, content))
                except RowProblem as problem:
                    failures.append(problem.at(origin))
                except RowError as error:
                    failures.append(SourceFailure(origin, error.error_class, str(error)))
        if failures:
            yield RecordedSlice((), tuple(failures))
        for some in by_picture(pictures, PICTURES_A_SLICE):
            yield RecordedSlice(some)

    def read_slice(self, part: RecordedSlice) -> Iterator[SourceItem | SourceFailure]:
        """Every row of a slice, as a sample or as a failure."""
        yield from part.failures
        for name, rows in part.pictures:
            original: GivenPicture | RowProblem
            try:
                original = self.picture(name, "image")
            except RowProblem as problem:
                original = problem
            for row in rows:
                try:
                    if isinstance(original, RowProblem):
                        raise original
                    made = self.imported(row, original)
                    yield SourceItem(made.sample, original.data, made.pictures)
                except RowProblem as problem:
                    yield problem.at(row.origin)
                except RowError as error:
                    yield SourceFailure(row.origin, error.error_class, str(error))

    def picture(self, name: object, field: str) -> GivenPicture:
        """A picture that a row names.

        Raises:
            RowProblem: the file is missing, outside the folders, or no picture.
        """
        try:
            return given_picture(read_within(folder_with(self._folders, name, field), name, field))
        except ImageError as error:
            raise RowProblem(error.error_class, f'field "{field}" names {shown(name)}: {error}') from error
