"""Real sandboxes for the tests, started once for a module, and canaries that no program may touch."""

import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import pytest
from PIL import Image

from lensmill.geometry import Box, Frame
from lensmill.picture import Picture, pixel_hash
from lensmill.sandbox.cpython import CPythonSandbox
from lensmill.sandbox.monty import MontySandbox
from lensmill.sandbox.programs import NoBoundary
from lensmill.sandbox.protocol import BoxMaps, Limits

SECRET = "sk-canary-5f1d"
YEARS = ("2005", "2006", "2007", "2008")
BOXES: BoxMaps = {"x_values": {year: Box(20 + 40 * i, 10, 50 + 40 * i, 140) for i, year in enumerate(YEARS)}}


def chart(width: int = 200, height: int = 150) -> Picture:
    """A picture whose pixels all differ along both axes, showing all of its original."""
    return Picture(Image.linear_gradient("L").resize((width, height)).convert("RGB"), Frame.whole((width, height)))


@dataclass(frozen=True)
class Canaries:
    """The targets of an attack: a folder with a token, a listening port, a variable, and the shared picture."""

    folder: Path
    port: int
    listener: socket.socket
    picture: Picture
    before: str

    def aimed(self, source: str) -> str:
        return source.replace("FOLDER", str(self.folder)).replace("PORT", str(self.port))

    def check(self) -> None:
        """Check that nothing was touched."""
        assert sorted(path.name for path in self.folder.iterdir()) == ["token"]
        assert (self.folder / "token").read_text() == SECRET
        assert pixel_hash(self.picture.pixels) == self.before
        self.listener.setblocking(False)
        with pytest.raises(BlockingIOError):
            self.listener.accept()


@pytest.fixture
def canaries(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Canaries]:
    (tmp_path / "token").write_text(SECRET)
    monkeypatch.setenv("SECRET", SECRET)
    monkeypatch.setenv("CANARY_ENV", SECRET)
    picture = chart()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield Canaries(tmp_path, listener.getsockname()[1], listener, picture, pixel_hash(picture.pixels))


@pytest.fixture(scope="module")
def hurried() -> Limits:
    """The usual limits with less time, because the endless programs use all of it."""
    return Limits(seconds=0.5)


@pytest.fixture(scope="module")
def monty(hurried: Limits) -> Iterator[MontySandbox]:
    sandbox = _or_skip(lambda: MontySandbox(hurried, programs=1))
    yield sandbox
    sandbox.close()


@pytest.fixture(scope="module")
def cpython(hurried: Limits) -> Iterator[CPythonSandbox]:
    sandbox = _or_skip(lambda: CPythonSandbox(hurried, programs=1))
    yield sandbox
    sandbox.close()


T = TypeVar("T")


def _or_skip(make: Callable[[], T]) -> T:
    try:
        return make()
    except NoBoundary as missing:
        pytest.skip(str(missing))
