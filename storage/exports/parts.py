"""One part of an export: the rows of one shard of a version, in the format of a trainer, with the rows left out."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from typing import Any

from lensmill.formats.checking import Needs, Training
from lensmill.formats.example import Example, LeftOut
from lensmill.formats.settings import FormatSettings
from lensmill.formats.spec import FORMATS, FormatSpec, Row
from lensmill.geometry import Convention
from lensmill.validation.spec import examine
from storage.builds.sql import one_line
from storage.checks.row_files import LEFT_OUT
from storage.datasets.rows import EPISODES
from storage.exports.episodes import Unit, examples
from storage.exports.pictures import PictureFolder
from storage.exports.types import schema_of
from storage.exports.writing import RowFile, Written, row_file, written
from storage.files.store import Files
from storage.files.table import FileRecord

PARTS = ".parts"
"""Folder of an export with a record of each finished part; the export's manifest makes them superfluous."""

GROUP_ROWS, GROUP_BYTES = 100, 16 * 2**20
"""Bounds of a row group: rows, and bytes of pictures."""

_KINDS = {"string": "string", "int32": "int64", "int64": "int64", "double": "float64", "bool": "bool"}

SHOWN = 20
"""Left-out rows of a part that its record names; its file `left_out/` names all."""


@dataclass(frozen=True, slots=True)
class Export:
    """What decides an export's rows besides the version's episodes.

    Attributes:
        settings: of the format.
        written: how the agent wrote boxes.
        columns: of the version's rows that the export carries.
        root: absolute path of the export's folder where the trainer will find the folder.
        training: what rows are checked against.
    """

    settings: FormatSettings
    written: Convention
    columns: tuple[str, ...] = ()
    root: str = ""
    training: Training = field(default_factory=Training)

    @property
    def spec(self) -> FormatSpec:
        """The format."""
        return FORMATS.of(self.settings)


@dataclass(frozen=True, slots=True)
class PartWork:
    """The work on one part.

    Attributes:
        source: the store of the version.
        target: the export's folder.
        number: of the part in its split, from 0.
        key: hash of what decides the part's bytes.
    """

    source: Files
    target: Files
    export: Export
    unit: Unit
    number: int
    key: str


@dataclass(frozen=True, slots=True)
class PartRecord:
    """A finished part.

    Attributes:
        file: path in the export's folder; "" where every row was left out.
        left_out: reason -> rows.
        needs: of the rows, of a trainer.
        examples: the first left-out rows: episode, reason, message.
    """

    key: str
    split: str
    file: str
    size: int
    sha256: str
    rows: int
    needs: Needs = field(default_factory=Needs)
    left_out: Mapping[str, int] = field(default_factory=dict)
    examples: Sequence[Mapping[str, str]] = ()


def record_path(key: str) -> str:
    """The path of a part's record."""
    return f"{PARTS}/{key}.json"


def read_record(target: Files, key: str) -> PartRecord | None:
    """The record of a finished part; None if the part is not finished."""
    try:
        values = json.loads(target.read(record_path(key)))
    except FileNotFoundError:
        return None
    return PartRecord(**{**values, "needs": Needs(**{**values["needs"], "options": tuple(values["needs"]["options"])})})


def make_part(work: PartWork) -> PartRecord:
    """Write one part, unless the part is finished. Idempotent: the same work gives the same bytes.

    Raises:
        StoreError: a shard is damaged, or a folder cannot be read or written.
    """
    if (there := read_record(work.target, work.key)) is not None:
        return there
    part = _Part(work)
    writer: RowFile | None = None
    try:
        for rows in _batches(part.rows()):
            writer = writer or _new_file(work)
            writer.write(rows)
        file = writer.close() if writer is not None else FileRecord("", 0, "")
    except BaseException:
        if writer is not None:
            writer.abandon()
        raise
    part.pictures.sync()
    if part.lines:
        with work.target.open(f"{LEFT_OUT}/{work.unit.split}-{work.number:05d}.jsonl", "whole") as sink:
            for line in part.lines:
                sink.write(line.encode())
    named = [json.loads(line) for line in part.lines[:SHOWN]]
    needs = part.needs
    record = PartRecord(
        *(work.key, work.unit.split, file.path, file.size, file.sha256),
        *(needs.rows, needs, dict(part.counts), named),
    )
    work.target.create(record_path(work.key), json.dumps(asdict(record), ensure_ascii=False).encode())
    return record


def _columns(export: Export) -> dict[str, Any]:
    carried = {name: _KINDS[str(EPISODES.field(name).type)] for name in export.columns}
    return {**export.spec.columns(export.settings), **carried}


def _new_file(work: PartWork) -> RowFile:
    export = work.export
    stem = f"{work.unit.split}/{work.number:05d}"
    return row_file(work.target, stem, export.spec.container(export.settings), _columns(export))


class _Part:
    """Makes the rows of one part, checks them, and notes the rows left out."""

    def __init__(self, work: PartWork) -> None:
        export = work.export
        self._work, self._export, self._spec = work, export, export.spec
        self.lines: list[str] = []
        self.counts: Counter[str] = Counter()
        self.needs = Needs()
        self._keys: set[str] = set()
        self._schema = schema_of(_columns(export))
        self._container = self._spec.container(export.settings)
        named = None if export.settings.pictures == "embedded" else partial(_named, export.spec, export.root)
        self.pictures = PictureFolder(work.target, named)

    def rows(self) -> Iterator[tuple[Written, int]]:
        """The rows as their file takes them, each with the bytes of its pictures."""
        work, export, spec = self._work, self._export, self._spec
        for example, other in examples(work.source, work.unit, export.written):
            key = None if spec.key is None else spec.key(example)
            if key is not None and key in self._keys:
                continue
            try:
                made = self._made(example, other)
            except LeftOut as reason:
                self._leave_out(example, reason.reason, reason.message)
                continue
            for row in made:
                whole = {**row, **{name: example.row[name] for name in export.columns}}
                for checked in self._checked(example, whole):
                    if key is not None:  # an episode without a row leaves the question to the next one
                        self._keys.add(key)
                    yield checked

    def _made(self, example: Example, other: Example | None) -> list[Row]:
        """The rows of an episode, or of a pair.

        Raises:
            LeftOut: the format has no place for the episode, or cannot read the episode.
        """
        spec, settings = self._spec, self._export.settings
        try:
            if other is None:
                return [*spec.rows(settings, example)]
            assert spec.pairs is not None
            return [*spec.pairs(settings, example, other)]
        except LeftOut:
            raise
        except Exception as error:  # one hostile episode, or one fault of a format, costs one episode
            said = f"{type(error).__name__}: {one_line(error)}"
            raise LeftOut(
                "format_failed",
                f"the format {spec.name} failed on episode {example.episode_id} ({said}): mend the format",
            ) from error

    def _checked(self, example: Example, row: dict[str, Any]) -> Iterator[tuple[Written, int]]:
        placed, files = self.pictures.placed(row)
        training = replace(self._export.training, files=self.pictures.named(files))
        findings, needs = examine(self._spec.validator, placed, training)
        if findings:
            finding = findings[0]
            self._leave_out(example, finding.trap, f"{finding.where}: {finding.message}".removeprefix(": "))
            return
        try:
            whole = written(placed, self._container, self._schema)
        except ValueError as error:
            advice = "the source has to be mended, or the format"
            self._leave_out(example, "row_unwritable", f"the row cannot be written ({error}): {advice}")
            return
        size = self.pictures.write(files)
        self.needs = self.needs.and_of(needs or Needs(rows=1))
        yield whole, size

    def _leave_out(self, example: Example, reason: str, message: str) -> None:
        self.counts[reason] += 1
        told = message.encode(errors="backslashreplace").decode()  # a message may quote half a character
        line = {"episode_id": example.episode_id, "reason": reason, "message": told}
        self.lines.append(json.dumps(line, ensure_ascii=False) + "\n")


def _named(spec: FormatSpec, root: str, path: str) -> Any:
    return spec.picture(path, root)


def _batches(rows: Iterator[tuple[Written, int]]) -> Iterator[list[Written]]:
    """Rows in groups within the bounds of a row group."""
    held: list[Written] = []
    size = 0
    for row, more in rows:
        if held and (len(held) >= GROUP_ROWS or size + more > GROUP_BYTES):
            yield held
            held, size = [], 0
        held.append(row)
        size += more
    if held:
        yield held
