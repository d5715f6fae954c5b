"""Stores that really do not answer: reported within seconds, and waited for as long as configured."""

import errno
import io
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Timer
from time import monotonic

import pytest

from monitoring.progress import ProgressDisplay
from pipelines.status import main as status_main
from storage.files.probe import probe
from storage.files.settings import S3Settings, StoreSettings
from storage.files.store import Files, StoreError, StoreUnavailable
from storage.files.watch import StoreWatch
from tests.faults.crude import crude_store
from tests.faults.proxy import FaultProxy

pytestmark = pytest.mark.usefixtures("s3_environment")


@contextmanager
def silent_store() -> Iterator[str]:
    """Accept connections and never answer. Yields the URL."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


def closed_port() -> str:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return f"http://127.0.0.1:{server.getsockname()[1]}"


class Lines:
    """The said lines, with the seconds since the start; `heard` is set with every line."""

    def __init__(self) -> None:
        self.began, self.heard = monotonic(), Event()
        self.said: list[tuple[float, str, str]] = []

    def __call__(self, line: str, level: str = "info", **_: object) -> None:
        self.said.append((monotonic() - self.began, level, line))
        self.heard.set()


@pytest.mark.parametrize("kind", ["silent", "refuses", "503"])
def test_a_silent_store_is_reported_within_ten_seconds(kind: str) -> None:
    with silent_store() as silent, crude_store((503, "SlowDown", "no")) as busy:
        url = {"silent": silent, "refuses": closed_port(), "503": busy}[kind]
        lines = Lines()
        with StoreWatch(S3Settings(endpoint=url).open("s3://bucket/store"), lines):
            assert lines.heard.wait(20)
    seconds, level, line = lines.said[0]
    print(f"{kind}: told after {seconds:.1f} s: {line}")
    assert seconds < 10
    assert level == "warning"
    assert "s3://bucket/store has not answered for" in line
    assert "for 300 s (store.outage_s)" in line


def test_a_probe_of_a_silent_store_reports_the_wait(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    told = io.StringIO()
    monkeypatch.setattr("storage.files.watch.TOLD_S", 1.0)
    monkeypatch.setattr("pipelines.status.ProgressDisplay", lambda: ProgressDisplay(told))
    arguments = ["out=s3://bucket/store", "store=s3", f"store.endpoint={closed_port()}", "store.outage_s=6"]
    assert status_main(arguments) == 75
    assert "s3://bucket/store has not answered for" in told.getvalue()
    assert capsys.readouterr().err.startswith("error: ")


def test_a_store_that_answers_again_is_reported(s3_proxy: FaultProxy, bucket: str) -> None:
    lines = Lines()
    s3_proxy.set_rates({"error": 1})
    try:
        with StoreWatch(Files(f"s3://{bucket}/store", {"endpoint_url": s3_proxy.url}), lines):
            assert lines.heard.wait(20)
            lines.heard.clear()
            s3_proxy.set_rates({})
            assert lines.heard.wait(20)
    finally:
        s3_proxy.set_rates({})
    assert "answers again" in lines.said[1][2]


def test_an_answering_store_is_not_reported(s3_files: Files) -> None:
    lines = Lines()
    with StoreWatch(s3_files, lines):
        assert not lines.heard.wait(3)


def test_an_outage_is_waited_out(s3_proxy: FaultProxy, bucket: str) -> None:
    files = Files(f"s3://{bucket}/store", {"endpoint_url": s3_proxy.url})
    s3_proxy.set_rates({"error": 1})
    Timer(2, s3_proxy.set_rates, [{}]).start()
    began = monotonic()
    assert files.create("a", b"x")
    assert monotonic() - began > 1
    assert files.read("a") == b"x"


@pytest.mark.parametrize("kind", ["silent", "refuses", "503"])
def test_a_store_is_unavailable_after_the_outage(kind: str) -> None:
    with silent_store() as silent, crude_store((503, "SlowDown", "no")) as busy:
        url = {"silent": silent, "refuses": closed_port(), "503": busy}[kind]
        files, began = S3Settings(endpoint=url, outage_s=2).open("s3://bucket/store"), monotonic()
        with pytest.raises(StoreUnavailable) as error:
            files.read("a")
    print(f"{kind}: given up after {monotonic() - began:.1f} s: {error.value}")
    assert 2 < monotonic() - began < 20
    assert "\n" not in str(error.value)


def test_a_stopping_job_does_not_wait_for_the_store() -> None:
    with silent_store() as url:
        files, began = S3Settings(endpoint=url).open("s3://bucket/store"), monotonic()
        stopping = Event()
        files.stop_waiting_if(stopping.is_set)
        Timer(1, stopping.set).start()
        with pytest.raises(StoreUnavailable):
            files.read("a")
    assert monotonic() - began < 8


REFUSALS = [
    (403, "AccessDenied", ""),
    (403, "InvalidAccessKeyId", ""),
    (403, "SignatureDoesNotMatch", ""),
    (400, "ExpiredToken", ""),
    (403, "ExpiredTokenException", ""),
    (403, "RequestTimeTooSkewed", ""),
    (404, "NoSuchBucket", ""),
    (400, "AuthorizationHeaderMalformed", "eu-west-1"),
    (301, "PermanentRedirect", "eu-west-1"),
    (301, "PermanentRedirect", ""),
    (307, "TemporaryRedirect", ""),
    (501, "NotImplemented", ""),
]


@pytest.mark.parametrize(("status", "code", "region"), REFUSALS)
def test_permanent_errors_are_reported_at_once(status: int, code: str, region: str) -> None:
    with crude_store((status, code, "no"), region) as url:
        began = monotonic()
        with pytest.raises(StoreError) as error:
            probe(S3Settings(endpoint=url).open("s3://bucket/store"))
    print(f"{code}: {error.value}")
    assert monotonic() - began < 5
    assert not isinstance(error.value, StoreUnavailable)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("look", [Files.exists, Files.read, Files.list])
@pytest.mark.parametrize(("status", "code", "region"), REFUSALS[3:5] + REFUSALS[7:11])
def test_permanent_errors_during_a_run_are_reported_at_once(look: object, status: int, code: str, region: str) -> None:
    with crude_store((status, code, "no"), region) as url:
        files, began = S3Settings(endpoint=url).open("s3://bucket/store"), monotonic()
        with pytest.raises(StoreError) as error:
            look(files, "a")  # type: ignore[operator]
    assert monotonic() - began < 5
    assert not isinstance(error.value, StoreUnavailable)


HTML = b"<!doctype html><html><body>Welcome</body></html>"
NO_STORE = [
    ((404, "", b""), "PutObject failed with 404 .*no such bucket at this endpoint: check store.endpoint"),
    ((404, "text/html", HTML), "check store.endpoint"),
    ((200, "text/html", HTML), "not S3 .it answers with a web page.: check store.endpoint"),
    ((200, "", HTML), "not S3 .*: check store.endpoint"),
    ((401, "", b""), "401 .*set AWS_ACCESS_KEY_ID"),
    ((401, "text/html", HTML), "set AWS_ACCESS_KEY_ID"),
    ((302, "/again", b""), "redirects every request in a loop: set store.endpoint"),
    ((307, "/again", b""), "set store.endpoint|set store.region"),
]


@pytest.mark.parametrize(("page", "said"), NO_STORE)
def test_a_server_that_is_not_a_store_is_reported_at_once(page: tuple[int, str, bytes], said: str) -> None:
    began = monotonic()
    with crude_store(page=page) as url, pytest.raises(StoreError, match=said) as error:
        probe(S3Settings(endpoint=f"{url}/x").open("s3://bucket/store"))
    assert monotonic() - began < 5
    assert not isinstance(error.value, StoreUnavailable)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("page", [page for page, _ in NO_STORE])
def test_a_server_that_is_not_a_store_does_not_count_as_an_empty_store(page: tuple[int, str, bytes]) -> None:
    with crude_store(page=page) as url, pytest.raises(StoreError) as error:
        S3Settings(endpoint=f"{url}/x").open("s3://bucket/store").list("a")
    assert not isinstance(error.value, StoreUnavailable)


def test_an_endpoint_without_tls_is_reported_at_once() -> None:
    with crude_store() as url, pytest.raises(StoreError, match="does not speak TLS") as error:
        S3Settings(endpoint=url.replace("http:", "https:")).open("s3://bucket/store").list("a")
    assert not isinstance(error.value, StoreUnavailable)


def test_credentials_that_expire_in_mid_run_are_named() -> None:
    with (
        crude_store((400, "ExpiredToken", "The provided token has expired.")) as url,
        pytest.raises(StoreError, match="the credentials have expired: get new ones"),
    ):
        S3Settings(endpoint=url).open("s3://bucket/store").list("a")


@pytest.mark.parametrize("number", [errno.ESTALE, errno.ETIMEDOUT, errno.ENOTCONN, errno.EHOSTDOWN])
def test_a_mount_whose_server_is_gone_is_unavailable(
    number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "link", gone)
    with pytest.raises(StoreUnavailable, match="check the mount"):
        Files(str(tmp_path)).create("a", b"x")


def test_a_hanging_mount_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    released, lines = Event(), Lines()
    monkeypatch.setattr(os.path, "getsize", lambda _: released.wait(30) and 1)
    with StoreWatch(Files(str(tmp_path)), lines):
        assert lines.heard.wait(20)
        released.set()
    assert lines.said[0][0] < 10
    assert str(tmp_path) in lines.said[0][2]
    assert "as long as its mount lets them" in lines.said[0][2]
    assert "outage_s" not in lines.said[0][2], "nothing of a folder is tried again"


def test_a_request_that_ends_in_an_error_counts_as_an_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = Event()

    def breaks(_: object) -> int:
        asked.set()
        raise RuntimeError("a library's own")

    monkeypatch.setattr(os.path, "getsize", breaks)
    monkeypatch.setattr("storage.files.watch.TOLD_S", 0.5)
    monkeypatch.setattr("storage.files.watch.EVERY_S", 0.1)
    lines = Lines()
    with StoreWatch(Files(str(tmp_path)), lines) as watch:
        assert asked.wait(10)
        asked.clear()
        assert asked.wait(10), "it asks again"
        assert not lines.heard.wait(1)
        assert watch.silent_s == 0


@pytest.mark.parametrize("seconds", [-1, 1e9])
def test_an_outage_has_a_sensible_length(seconds: float) -> None:
    for kind in (StoreSettings, S3Settings):
        with pytest.raises(ValueError, match="outage_s"):
            kind(outage_s=seconds)
