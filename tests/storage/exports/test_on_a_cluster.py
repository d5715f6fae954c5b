"""Exports on Ray: the same bytes from one and from three workers, also where a worker dies while it writes."""

import os
import signal
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
import ray

from actors.cluster.connection import ClusterSettings, connect
from actors.cluster.tasks import in_order
from lensmill.formats.llamafactory import LlamaFactorySettings
from storage.exports.episodes import Chosen, convention_of, open_version, units_of
from storage.exports.export import Inputs, claim, finish, works
from storage.exports.parts import PARTS, Export, PartRecord, PartWork, make_part
from storage.files.store import Files
from tests.storage.exports.versions import VERSION, a_version


@pytest.fixture(scope="module", autouse=True)
def cluster() -> Iterator[None]:
    connect(ClusterSettings(workers=3), say=lambda *_, **__: None)
    yield
    ray.shutdown()


def dying(marks: str, work: PartWork) -> PartRecord:
    """Make a part; the first worker at each part dies after it has written and before the part counts."""
    mark = Path(marks) / work.key
    if mark.exists():
        return make_part(work)
    mark.touch()
    done = make_part(work)
    (Path(work.target.locate(PARTS)) / f"{work.key}.json").unlink()
    assert done.rows
    os.kill(os.getpid(), signal.SIGKILL)
    return done


def export(out: Path, to: Path, workers: int, marks: Path | None = None) -> None:
    source, target = Files(str(out)), Files(str(to / "same"))
    version = open_version(source, VERSION)
    inputs = Inputs(version, Chosen(), Export(LlamaFactorySettings(pictures="files"), convention_of(version)))
    claim(target, inputs)
    made = works(source, target, inputs, units_of(source, open_version(source, VERSION), Chosen()))
    work = make_part if marks is None else partial(dying, str(marks))
    finish(target, inputs, list(in_order(work, made, workers=workers)))


def contents(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and PARTS not in path.parts
    }


def test_one_and_three_workers_write_the_same_bytes(tmp_path: Path) -> None:
    a_version(str(tmp_path / "out"), count=12)
    for workers in (1, 3):
        export(tmp_path / "out", tmp_path / str(workers), workers)
    assert contents(tmp_path / "1") == contents(tmp_path / "3")


def test_workers_that_die_after_writing_change_no_byte(tmp_path: Path) -> None:
    a_version(str(tmp_path / "out"), count=12)
    (tmp_path / "marks").mkdir()
    export(tmp_path / "out", tmp_path / "whole", 1)
    export(tmp_path / "out", tmp_path / "killed", 2, tmp_path / "marks")
    assert contents(tmp_path / "whole") == contents(tmp_path / "killed")
