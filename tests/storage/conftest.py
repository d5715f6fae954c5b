"""A store in the test's own folder or bucket, and `datasets` offline."""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from storage.files.store import Files
from tests.faults.proxy import FaultProxy, fault_proxy
from tests.faults.s3 import CREDENTIALS, make_bucket, s3_server


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(str(tmp_path / "store"))


@pytest.fixture(scope="session")
def s3_url() -> Iterator[str]:
    """An S3 server that tells seven objects a page."""
    with s3_server(page_size=7) as url:
        yield url


@pytest.fixture(scope="session")
def s3_proxy(s3_url: str) -> Iterator[FaultProxy]:
    """A proxy before the server; a test that sets rates sets them back."""
    with fault_proxy(s3_url, seed=7, stall_s=0.2) as proxy:
        yield proxy


@pytest.fixture
def s3_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Credentials for the server, and nothing else that this machine knows of S3."""
    for name, value in {**CREDENTIALS, "AWS_EC2_METADATA_DISABLED": "true"}.items():
        monkeypatch.setenv(name, value)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, "/dev/null")
    for name in ("AWS_ENDPOINT_URL", "AWS_PROFILE", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def endpoint(s3_url: str, request: pytest.FixtureRequest) -> str:
    """The server, for tests that may use it."""
    request.getfixturevalue("s3_environment")
    return s3_url


@pytest.fixture
def bucket(endpoint: str, request: pytest.FixtureRequest) -> str:
    """The test's own bucket, by the same name always: which requests meet a fault follows from plain paths."""
    name = f"test-{hashlib.sha256(request.node.nodeid.encode()).hexdigest()[:32]}"
    make_bucket(endpoint, name)
    return name


@pytest.fixture
def s3_files(endpoint: str, bucket: str) -> Files:
    """A store in the test's own bucket."""
    return Files(f"s3://{bucket}/store", {"endpoint_url": endpoint})


@pytest.fixture
def load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """`datasets.load_dataset`, offline, with its cache in the test's own folder."""
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    import datasets

    return lambda path, *config: datasets.load_dataset(path, *config, split="train", cache_dir=str(tmp_path / "cache"))
