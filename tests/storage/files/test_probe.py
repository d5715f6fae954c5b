"""An unsuitable store is refused before any work, in one line that says what to do."""

import errno
import os
from pathlib import Path

import pytest

from storage.files.probe import probe
from storage.files.settings import S3Settings
from storage.files.store import Files, StoreError
from tests.faults.crude import crude_store
from tests.faults.proxy import FaultProxy


def _refusal(files: Files) -> str:
    with pytest.raises(StoreError) as refused:
        probe(files)
    said = str(refused.value)
    assert "\n" not in said
    return said


def test_a_bucket_passes_the_probe_and_stays_unchanged(s3_files: Files) -> None:
    probe(s3_files)
    assert s3_files.list("staging") == []


def test_a_local_folder_passes_the_probe_and_stays_unchanged(tmp_path: Path) -> None:
    probe(Files(str(tmp_path)))
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_the_probe_waits_out_a_temporary_error(s3_proxy: FaultProxy, bucket: str) -> None:
    s3_proxy.set_rates({"error": 0.2, "lost_reply": 0.2})
    try:
        probe(Files(f"s3://{bucket}/store", {"endpoint_url": s3_proxy.url}))
    finally:
        s3_proxy.set_rates({})


def test_a_file_system_without_hard_links_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.EPERM, os.strerror(errno.EPERM))

    monkeypatch.setattr(os, "link", refuse)
    assert "no hard links" in _refusal(Files(str(tmp_path)))


@pytest.mark.usefixtures("s3_environment")
def test_a_store_that_ignores_conditions_is_refused_unless_there_is_one_writer() -> None:
    with crude_store() as url:
        said = _refusal(S3Settings(endpoint=url).open("s3://bucket/store"))
        assert "s3://bucket/store: this store has no conditional create" in said
        assert "set store.single_writer=true" in said
        probe(S3Settings(endpoint=url, single_writer=True).open("s3://bucket/store"))


@pytest.mark.usefixtures("s3_environment")
@pytest.mark.parametrize(
    ("status", "code", "region", "said"),
    [
        (403, "AccessDenied", "", "PutObject failed with AccessDenied .*give these credentials the permissions"),
        (403, "InvalidAccessKeyId", "", "InvalidAccessKeyId .*set AWS_ACCESS_KEY_ID"),
        (400, "AuthorizationHeaderMalformed", "eu-west-1", "region eu-west-1: set store.region"),
        (301, "PermanentRedirect", "eu-west-1", "PermanentRedirect .*region eu-west-1: set store.region"),
        (501, "NotImplemented", "", "NotImplemented .*set store.single_writer=true"),
        (503, "SlowDown", "", "SlowDown .*try again later"),
    ],
)
def test_a_refusing_store_says_what_to_do(status: int, code: str, region: str, said: str) -> None:
    with crude_store((status, code, "no"), region) as url:
        files = S3Settings(endpoint=url, outage_s=1).open("s3://bucket/store")
        with pytest.raises(StoreError, match=rf"^s3://bucket/store/staging/\S+: .*{said}"):
            probe(files)


def test_a_missing_bucket_is_named(endpoint: str) -> None:
    said = _refusal(S3Settings(endpoint=endpoint).open("s3://no-such-bucket/store"))
    assert said.startswith("s3://no-such-bucket/store/")
    assert "create the bucket, or name another in out=" in said


def test_missing_credentials_are_reported(endpoint: str, bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    assert "no credentials" in _refusal(S3Settings(endpoint=endpoint).open(f"s3://{bucket}/store"))


@pytest.mark.usefixtures("s3_environment")
def test_an_endpoint_that_does_not_answer_is_named() -> None:
    said = _refusal(S3Settings(endpoint="http://127.0.0.1:9", outage_s=1).open("s3://bucket/store"))
    assert "the store does not answer" in said
    assert "http://127.0.0.1:9" in said
    assert "store.endpoint=" in said
