"""What a training format is, and the registry of all: one file a format, with one spec."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from lensmill.formats.checking import Needs
from lensmill.formats.example import Example
from lensmill.formats.settings import FormatSettings
from lensmill.specs import Registry, plugin_name
from lensmill.validation.spec import Validator

Container = Literal["parquet", "jsonl"]

Row = Mapping[str, Any]
"""A row of a format. Its pictures are `PictureFile` objects: the export puts in their place what `FormatSpec.picture`
says."""


@dataclass(frozen=True, slots=True)
class Exported:
    """What an export holds, for the files beside its rows.

    Attributes:
        name: of the export's folder.
        splits: split -> names of its files, relative to the folder.
        needs: of the rows.
        settings: of the format.
    """

    name: str
    splits: Mapping[str, tuple[str, ...]]
    needs: Needs
    settings: FormatSettings


def no_files(_exported: Exported) -> Mapping[str, str]:
    """For `FormatSpec.files`: none."""
    return {}


@dataclass(frozen=True, slots=True, kw_only=True)
class FormatSpec:
    """One format.

    Attributes:
        settings: class of its settings; the default of its field `name` is the format's name.
        version: raised when the same episode gives other rows.
        columns: the types of a row's columns, by name: "string", "int64", "float64", "bool"; "image" (an Image feature
            of `datasets`), "file" (a struct of bytes and path); [type] for a list, {name: type} for a struct.
        rows: the rows of an episode. Raises LeftOut.
        validator: checks a row as the trainer reads the row.
        container: the kind of file that the rows go to.
        picture: a row's value for a picture file, given its path relative to the export's folder, and the absolute path
            of that folder; used with `pictures=files`.
        absolute: whether `picture` needs the absolute path.
        pairs: rows of two episodes at one question, right and wrong; None for formats of single episodes.
        originals: whether rows hold the original (`Example.original`).
        key: rows of episodes with the same key are one: the first stands; None keeps all.
        files: texts of the files beside the rows, by name.
        command: a command that trains on the export, and the settings that the trainer needs.
    """

    settings: type[FormatSettings]
    version: int
    columns: Callable[[Any], Mapping[str, Any]]
    rows: Callable[[Any, Example], Iterable[Row]]
    validator: Validator
    container: Callable[[Any], Container]
    picture: Callable[[str, str], Any]
    absolute: bool = True
    pairs: Callable[[Any, Example, Example], Iterable[Row]] | None = None
    originals: bool = False
    key: Callable[[Example], str] | None = None
    files: Callable[[Exported], Mapping[str, str]] = no_files
    command: Callable[[Exported], str]

    @property
    def name(self) -> str:
        """The name of the plug-in, from its settings."""
        return plugin_name(self.settings)


FORMATS = Registry("format", "lensmill.formats", FormatSpec)
"""Every format of ours, by name."""


def no_rows(_settings: Any, _example: Example) -> Iterator[Row]:
    """For `FormatSpec.rows` of a format of pairs."""
    raise TypeError("a format of pairs has no rows of single episodes")


def parquet(_settings: FormatSettings) -> Container:
    """For `FormatSpec.container`: a trainer that reads Parquet in any case."""
    return "parquet"


def lines_for_files(settings: FormatSettings) -> Container:
    """For `FormatSpec.container`: JSON lines where pictures are files, else Parquet."""
    return "jsonl" if settings.pictures == "files" else "parquet"
