"""The differences of an object store, against a server with S3's API."""

import asyncio
import pickle
import tracemalloc
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from typing import Any

import pyarrow as pa
import pytest
import s3fs

from storage.files.settings import GSSettings, S3Settings, StoreSettings
from storage.files.store import WRITE_PIECE, Files, StoreError
from storage.files.table import TableWriter
from tests.faults.crude import crude_store
from tests.faults.proxy import KINDS, FaultProxy


@pytest.fixture
def client(endpoint: str) -> s3fs.S3FileSystem:
    """A client of the server that is independent of lensmill."""
    return s3fs.S3FileSystem(endpoint_url=endpoint, use_listings_cache=False)


@pytest.fixture
def behind(s3_proxy: FaultProxy, bucket: str) -> Iterator[Files]:
    """A store behind the proxy."""
    yield Files(f"s3://{bucket}/store", {"endpoint_url": s3_proxy.url})
    s3_proxy.set_rates({})


def test_exactly_one_of_racing_writers_creates(behind: Files) -> None:
    with ThreadPoolExecutor(8) as pool:
        won = list(pool.map(lambda number: behind.create("prize", b"%d" % number), range(8)))
    assert won.count(True) == 1
    assert behind.read("prize") == b"%d" % won.index(True)


@pytest.mark.parametrize("kind", KINDS)
def test_faults_are_waited_out(behind: Files, s3_proxy: FaultProxy, kind: str) -> None:
    before = s3_proxy.counts()[kind]
    s3_proxy.set_rates({kind: 0.3})
    large = b"large" * (WRITE_PIECE // 4)
    for number in range(3):
        assert behind.create(f"a/{number}", b"%d" % number)
        assert not behind.create(f"a/{number}", b"other")
        assert behind.read(f"a/{number}") == b"%d" % number
    with behind.open("b/large", "wb") as sink:
        sink.write(large[:100])
        sink.write(large[100:])
    behind.put("b/put", large)
    assert behind.place("b/large", "c/large")
    with behind.open("c/large") as source:
        assert source.read() == large
    assert behind.list("a") == [f"a/{number}" for number in range(3)]
    assert behind.exists("b/put")
    behind.remove_folder("b")
    assert behind.list("b") == []
    assert s3_proxy.counts()[kind] > before


@pytest.mark.parametrize("kind", ["error", "slow_down"])
def test_requests_that_are_tried_again_are_counted(behind: Files, s3_proxy: FaultProxy, kind: str) -> None:
    faults, retries = s3_proxy.counts()[kind], behind.counts["retries"]
    s3_proxy.set_rates({kind: 0.5})
    for number in range(4):
        behind.create(f"a/{number}", b"%d" % number)
    assert behind.counts["retries"] - retries == s3_proxy.counts()[kind] - faults > 0


def test_create_returns_true_after_a_lost_reply(behind: Files, s3_proxy: FaultProxy) -> None:
    before = s3_proxy.counts()["lost_reply"]
    s3_proxy.set_rates({"lost_reply": 0.6})
    for number in range(6):
        assert behind.create(f"commits/{number}", uuid.uuid4().bytes)
    assert s3_proxy.counts()["lost_reply"] > before


def test_large_files_are_sent_while_they_are_written(s3_files: Files, bucket: str, client: s3fs.S3FileSystem) -> None:
    piece = bytes(2**20)
    tracemalloc.start()
    with s3_files.open("large", "wb") as sink:
        for _ in range(64):
            sink.write(piece)
        assert len(client.list_multipart_uploads(bucket)) == 1
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 48 * 2**20
    assert s3_files.size("large") == 64 * 2**20
    assert client.list_multipart_uploads(bucket) == []


def test_an_upload_that_is_broken_off_leaves_no_parts(s3_files: Files, bucket: str, client: s3fs.S3FileSystem) -> None:
    def write() -> None:
        with s3_files.open("large", "wb") as sink:
            sink.write(bytes(2 * WRITE_PIECE))
            assert client.list_multipart_uploads(bucket)
            raise KeyError

    with pytest.raises(KeyError):
        write()
    assert client.list_multipart_uploads(bucket) == []
    assert not s3_files.exists("large")


@pytest.mark.usefixtures("s3_environment")
def test_an_upload_that_the_store_forgot_is_complete_if_the_file_exists() -> None:
    with crude_store() as url:
        files = Files("s3://bucket/store", {"endpoint_url": url})
        with files.open("large", "wb") as sink:
            sink.write(bytes(WRITE_PIECE + 1))
        assert files.size("large") == WRITE_PIECE + 1


@pytest.mark.usefixtures("s3_environment")
def test_an_upload_that_somebody_has_ended_is_an_error() -> None:
    with crude_store() as url:
        files = Files("s3://bucket/store", {"endpoint_url": url})

        def write() -> None:
            with files.open("large", "wb") as sink:
                sink.write(bytes(WRITE_PIECE))
                end = urllib.request.Request(f"{url}/bucket/store/large?uploadId=1", method="DELETE")
                with urllib.request.urlopen(end):
                    pass

        with pytest.raises(StoreError, match="store/large: somebody has ended its upload"):
            write()


def test_a_table_that_is_abandoned_leaves_no_parts(s3_files: Files, bucket: str, client: s3fs.S3FileSystem) -> None:
    writer = TableWriter(s3_files, "table", pa.schema([("data", pa.binary())]), {"use_dictionary": False})
    writer.write([{"data": uuid.uuid4().bytes * (WRITE_PIECE // 8)}])
    writer.abandon()
    assert client.list_multipart_uploads(bucket) == []
    assert s3_files.list("table") == []


def test_a_listing_has_every_page(s3_files: Files) -> None:
    paths = [f"many/{number:02d}/x" for number in range(30)]
    for path in paths:
        s3_files.put(path, b"")
    assert s3_files.list("many") == paths
    assert s3_files.folders("many") == tuple(f"{number:02d}" for number in range(30))


def test_files_that_others_write_and_remove_are_seen_at_once(
    s3_files: Files, client: s3fs.S3FileSystem, bucket: str
) -> None:
    assert s3_files.list("a") == []
    assert not s3_files.exists("a/one")
    client.pipe_file(f"{bucket}/store/a/one", b"theirs")
    assert s3_files.list("a") == ["a/one"]
    assert s3_files.exists("a/one")
    client.rm_file(f"{bucket}/store/a/one")
    assert s3_files.list("a") == []
    assert not s3_files.exists("a/one")


def test_an_empty_folder_made_by_a_console_is_no_file(s3_files: Files, client: s3fs.S3FileSystem, bucket: str) -> None:
    client.call_s3("put_object", Bucket=bucket, Key="store/a/")
    assert s3_files.list("a") == []


@pytest.mark.usefixtures("s3_environment")
@pytest.mark.parametrize("look", [Files.exists, Files.read, Files.list])
def test_a_silent_store_does_not_count_as_an_empty_store(look: Callable[[Files, str], object]) -> None:
    files = Files("s3://bucket/store", {"endpoint_url": "http://127.0.0.1:9"}).waiting(1)
    told = r"s3://bucket/store/a: the store does not answer .*: check the network, and store\.endpoint= of store=s3"
    with pytest.raises(StoreError, match=told):
        look(files, "a")


async def test_files_may_be_used_from_an_event_loop_and_its_threads_at_once(s3_files: Files) -> None:
    made = [asyncio.to_thread(s3_files.create, f"a/{number}", b"%d" % number) for number in range(16)]
    assert s3_files.create("a/own", b"own")
    assert all(await asyncio.gather(*made))
    assert len(await asyncio.to_thread(s3_files.list, "a")) == 17


@pytest.mark.parametrize("settings", [StoreSettings(), S3Settings(), S3Settings(region="eu-west-1"), GSSettings()])
def test_no_setting_or_option_holds_a_secret(settings: StoreSettings) -> None:
    named = " ".join([*asdict(settings), *_keys(settings.options())])
    assert not any(word in named.lower() for word in ("secret", "key", "password", "token"))


def test_files_travel_without_credentials(bucket: str, endpoint: str, monkeypatch: pytest.MonkeyPatch) -> None:
    secrets = {name: uuid.uuid4().hex for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")}
    for name, value in secrets.items():
        monkeypatch.setenv(name, value)
    files = S3Settings(endpoint=endpoint).open(f"s3://{bucket}/store")
    files.put("a", b"x")
    parcel = pickle.dumps(files)
    assert not any(value.encode() in parcel for value in secrets.values())


@pytest.mark.parametrize(
    ("endpoint", "said"),
    [("http://me:secret@host", "must not hold a name or password"), ("minio:9000", "must be a URL")],
)
def test_an_endpoint_is_a_url_without_a_password(endpoint: str, said: str) -> None:
    with pytest.raises(ValueError, match=said) as error:
        S3Settings(endpoint=endpoint)
    assert "secret" not in str(error.value)


def _keys(options: Any) -> list[str]:
    if not isinstance(options, dict):
        return []
    return [name for key, value in options.items() for name in (key, *_keys(value))]
