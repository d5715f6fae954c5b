"""The source of anyone's dataset, by a mapping of its columns; named sources are such mappings."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from storage.sources.files import require_folder
from storage.sources.options import options_to_choose
from storage.sources.protocol import SlicedSource, SourceFailure, SourceItem
from storage.sources.right_option import Indices, fixed_at, indices_of
from storage.sources.rows import RowProblem
from storage.sources.table.layouts.layout import Layout, Part, Row
from storage.sources.table.layouts.opening import open_table, split_of
from storage.sources.table.paths import items_of
from storage.sources.table.reading import RowReader, question_row
from storage.sources.table.settings import TableSettings


@dataclass(frozen=True, slots=True)
class TableSlice:
    """A part of one of the files, and how the rows of all files count options."""

    file: int
    part: Part
    indices: Indices

    @property
    def rows(self) -> int:
        """The number of rows."""
        return self.part.rows


class TableSource(SlicedSource[TableSlice]):
    """Rows of files, as the settings map them.

    Args:
        settings: the mapping.
        name: of the source, for messages and plans.
        only: patterns of the files of rows in a folder, if others lie beside them.
        beside: names of folders that may hold the pictures, below the source's folder or beside it.
        prepare: a function of a module that a row goes through first. It raises RowProblem.

    Raises:
        SourceError: there is nothing to read.
    """

    def __init__(
        self,
        settings: TableSettings,
        name: str = "table",
        only: Sequence[str] = (),
        beside: Sequence[str] = (),
        prepare: Callable[[Row], Row] | None = None,
    ) -> None:
        self._settings, self._name = settings, name
        self.splits = None if settings.split is None else (settings.split,)
        self._root, self._layouts = open_table(settings.path, name, settings.split, settings.rows, only)
        places = (place / folder for folder in beside for place in (self._root, self._root.parent))
        self._beside = [place.resolve() for place in places if place.is_dir()]
        self._prepare = prepare
        self._folder = None if settings.pictures is None else require_folder(settings.pictures, name)

    @property
    def name(self) -> str:
        """The source's name."""
        return self._name

    @property
    def layouts(self) -> Sequence[Layout]:
        """The files of rows."""
        return self._layouts

    @property
    def root(self) -> Path:
        """The folder of the files."""
        return self._root

    def is_here(self) -> bool:
        """Whether this machine has the files and the folder of pictures."""
        folder = self._folder
        return all(layout.file.is_file() for layout in self._layouts) and (folder is None or folder.is_dir())

    def slices(self) -> Iterator[TableSlice]:
        """Some rows of a file at a time.

        Raises:
            SourceError: a file is damaged.
        """
        indices = self._indices()
        for number, layout in enumerate(self._layouts):
            for part in layout.parts():
                yield TableSlice(number, part, indices)

    def read_slice(self, part: TableSlice) -> Iterator[SourceItem | SourceFailure]:
        """Every row of a slice, as samples or as a failure.

        Raises:
            SourceError: the file is damaged.
        """
        layout = self._layouts[part.file]
        split = self._settings.split or ("" if "split" in self._settings.columns else self.split_of(layout))
        reader = RowReader(self._settings, self._folders(layout), split, part.indices)
        for origin, row in self._rows(layout, part.part, self._settings.top_columns):
            if isinstance(row, RowProblem):
                yield row.at(origin)
            else:
                yield from reader.items(row, origin)

    def _rows(self, layout: Layout, part: Part, wanted: Sequence[str]) -> Iterator[tuple[str, Row | RowProblem]]:
        if self._prepare is None:
            yield from layout.rows(part, wanted)
            return
        for origin, row in layout.rows(part, ()):
            try:
                yield origin, row if isinstance(row, RowProblem) else self._prepare(row)
            except RowProblem as problem:
                yield origin, problem

    def split_of(self, layout: Layout) -> str:
        """The split that the name of a file says."""
        return split_of(layout.file.relative_to(self._root))

    def _folders(self, layout: Layout) -> list[Path]:
        if self._folder is not None:
            return [self._folder]
        return [*self._beside, layout.file.parent, self._root]

    def _indices(self) -> Indices:
        """How the rows count options: their questions, answers and options are read once, without pictures."""
        if self._settings.first_index is not None:
            return fixed_at(self._settings.first_index)
        return indices_of((options, row) for row in self._questions() if (options := options_to_choose(row)))

    def _questions(self) -> Iterator[dict[str, object]]:
        columns = self._settings.columns
        options = columns.get("options", ())
        wanted = [*([options] if isinstance(options, str) else options), columns["question"]]
        wanted += [columns["answers"]] if "answers" in columns else []
        for layout in self._layouts:
            for part in layout.parts():
                for _, row in self._rows(layout, part, wanted):
                    if isinstance(row, RowProblem):
                        continue
                    try:
                        yield from [question_row(self._settings, row, item) for item in items_of(row, tuple(wanted))]
                    except RowProblem:
                        continue
