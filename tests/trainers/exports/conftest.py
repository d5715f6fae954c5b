"""One build for all trainers, and each trainer with its tiny models."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.read_version import ACCEPTED, read_rows
from tests.storage.exports.versions import a_version
from tests.trainers.conftest import SMALL_CROPS, job
from tests.trainers.exports.environments import Exports, Row, Trainer, trainer

CHARTS = ("source.charts=3", "source.posters=0", "source.questions_per_picture=2", "ladder.rungs=[224,448]")


@pytest.fixture(scope="session")
def version(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A version of the reader's episodes over charts."""
    out = tmp_path_factory.mktemp("build")
    job("build", *CHARTS, SMALL_CROPS, f"out={out}", "version=charts")
    return out / "datasets" / "charts"


@pytest.fixture(scope="session")
def rows(version: Path) -> Sequence[Row]:
    """The version's rows of the split train, in order."""
    return read_rows(version, "train")


@pytest.fixture(scope="session")
def exports(version: Path, tmp_path_factory: pytest.TempPathFactory) -> Exports:
    return Exports(version, tmp_path_factory.mktemp("exports"))


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Exports:
    """Exports of a version made by hand, in which two questions have a wrong episode too."""
    folder = tmp_path_factory.mktemp("made")
    return Exports(Path(a_version(str(folder / "out"), wrong=(1, 4))), folder)


@pytest.fixture(scope="session")
def corpus(version: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The texts of the version's rows."""
    file = tmp_path_factory.mktemp("corpus") / "corpus.txt"
    contents = [message["content"] for row in read_rows(version, *ACCEPTED) for message in row["messages"]]
    file.write_text("\n".join(dict.fromkeys(part["text"] for content in contents for part in content if part["text"])))
    return file


@pytest.fixture(scope="session")
def llamafactory(tmp_path_factory: pytest.TempPathFactory, corpus: Path) -> Trainer:
    return trainer("llamafactory", "run_llamafactory", tmp_path_factory.mktemp("llamafactory"), corpus)


@pytest.fixture(scope="session")
def swift(tmp_path_factory: pytest.TempPathFactory, corpus: Path) -> Trainer:
    return trainer("swift-verl", "run_swift", tmp_path_factory.mktemp("swift"), corpus)


@pytest.fixture(scope="session")
def verl(swift: Trainer) -> Trainer:
    return swift.like("run_verl")
