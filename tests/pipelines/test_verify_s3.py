"""Verifying and collecting on an object store: what holds for folders holds for buckets."""

import io
from collections.abc import Iterator
from pathlib import Path

import pytest
import s3fs
from moto.server import ThreadedMotoServer

from monitoring.progress import ProgressDisplay
from pipelines.config import load
from pipelines.findings import Findings
from pipelines.settings import VerifySettings
from pipelines.verify import Verification
from storage.files.store import Files
from tests.e2e.conftest import build

URL = "s3://bucket/store"


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    """An S3 server of our own on loopback."""
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def files(endpoint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Files:
    """A small build, in a bucket."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    charts = ("source.charts=1", "source.posters=0", "ladder.rungs=[224]", "chunk_size=2", "version=test")
    ended = build(*charts, f"out={tmp_path}")
    assert ended.returncode == 0, ended.stderr
    server = s3fs.S3FileSystem(endpoint_url=endpoint, use_listings_cache=False)
    server.mkdir("bucket")
    for path in tmp_path.rglob("*"):
        if path.is_file():
            server.pipe_file(f"{URL}/{path.relative_to(tmp_path)}", path.read_bytes())
    return Files(URL, {"endpoint_url": endpoint})


def verify(endpoint: str, *overrides: str) -> tuple[int, list[str]]:
    """The status, and the lines that were printed."""
    settings = load("verify", VerifySettings, [f"out={URL}", "store=s3", f"store.endpoint={endpoint}", *overrides])
    stream = io.StringIO()
    with ProgressDisplay(io.StringIO()) as display:
        status = Verification(settings, Findings(display, stream)).run()
    return status, stream.getvalue().splitlines()


def everything(files: Files) -> list[str]:
    return [path for folder in ("builds", "images", "datasets", "blocks", "shards") for path in files.list(folder)]


def test_a_bucket_is_verified_and_only_orphans_are_collected(endpoint: str, files: Files) -> None:
    status, lines = verify(endpoint, "replay=all")
    assert status == 0, lines
    before = everything(files)
    orphan = next(path for path in before if "/episodes/parts/" in path).rpartition("-")[0] + "-0123.parquet"
    files.put(orphan, b"left over")
    assert verify(endpoint, "replay=none", "gc=true")[0] == 0
    assert files.exists(orphan)  # it is young
    status, lines = verify(endpoint, "replay=none", "gc=true", "gc_images=true", "gc_age=0s")
    assert status == 0, lines
    assert everything(files) == before
    part = next(path for path in before if path.startswith("shards/train"))
    data = files.read(part)
    files.put(part, data[:-9] + bytes([data[-9] ^ 1]) + data[-8:])
    status, lines = verify(endpoint, "replay=none")
    assert status == 1
    assert any(part in line for line in lines)
