"""Parts of an export: the same bytes from any number of workers, also after a worker died."""

from pathlib import Path

import pyarrow as pa
import pytest

from lensmill.formats.trl import TrlSettings
from storage.exports.episodes import Chosen, convention_of, open_version, units_of
from storage.exports.export import Inputs, works
from storage.exports.parts import Export, make_part
from storage.exports.types import schema_of
from storage.files.store import Files
from tests.storage.exports.versions import VERSION, a_version


def inputs_of(source: Files) -> Inputs:
    version = open_version(source, VERSION)
    return Inputs(version, Chosen(), Export(TrlSettings(), convention_of(version)))


def test_a_part_that_is_made_again_has_the_same_bytes(tmp_path: Path) -> None:
    a_version(str(tmp_path / "out"))
    source = Files(str(tmp_path / "out"))
    made = []
    for name in ("x", "y"):
        target = Files(str(tmp_path / name))
        inputs = inputs_of(source)
        made.append(
            [
                make_part(work)
                for work in works(source, target, inputs, units_of(source, open_version(source, VERSION), Chosen()))
            ]
        )
    assert made[0] == made[1]
    assert [part.rows for part in made[0]] == [3, 3]


def test_a_finished_part_is_not_made_again(tmp_path: Path) -> None:
    a_version(str(tmp_path / "out"))
    source, target = Files(str(tmp_path / "out")), Files(str(tmp_path / "x"))
    work, _ = works(source, target, inputs_of(source), units_of(source, open_version(source, VERSION), Chosen()))
    first = make_part(work)
    (tmp_path / "x" / first.file).unlink()
    assert make_part(work) == first
    assert not (tmp_path / "x" / first.file).exists()


def test_the_key_of_a_part_does_not_depend_on_where_the_version_lies(tmp_path: Path) -> None:
    keys = []
    for name in ("one", "two"):
        a_version(str(tmp_path / name))
        source = Files(str(tmp_path / name))
        units = units_of(source, open_version(source, VERSION), Chosen())
        keys.append([work.key for work in works(source, Files(str(tmp_path / "x")), inputs_of(source), units)])
    assert keys[0] == keys[1]


def test_types_of_columns_become_an_arrow_schema() -> None:
    schema = schema_of({"a": "string", "b": [{"c": "int64"}], "images": ["image"]})
    assert schema.field("b").type == pa.list_(pa.struct([("c", pa.int64())]))
    with pytest.raises(ValueError, match="is no type of a column"):
        schema_of({"a": "text"})
