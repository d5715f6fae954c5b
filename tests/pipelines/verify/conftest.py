"""A small real build, and copies of the build to damage."""

import shutil
from pathlib import Path

import pytest

from tests.e2e.conftest import build


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The out folder of one drawn chart on the lowest rung, with a seed that gives rejected rows too."""
    out = tmp_path_factory.mktemp("built") / "out"
    charts = ("source.charts=1", "source.posters=0", "source.questions_per_picture=4", "source.seed=3")
    ended = build(*charts, "ladder.rungs=[224]", "chunk_size=2", "version=test", f"out={out}")
    assert ended.returncode == 0, ended.stderr
    return out


@pytest.fixture
def out(built: Path, tmp_path: Path) -> Path:
    """A copy of it, to be damaged."""
    return Path(shutil.copytree(built, tmp_path / "out"))
