"""The whole job with its work and its results in a bucket."""

import hashlib
import subprocess
import sys
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pipelines.config import load_build
from storage.files.settings import GSSettings, S3Settings, StoreSettings
from storage.files.store import Files

ROOT = Path(__file__).resolve().parents[2]
SMALL = ("source.charts=1", "source.posters=0", "ladder.rungs=[224]", "chunk_size=2", "version=test")


@pytest.mark.parametrize(
    ("chosen", "settings"),
    [
        (["store=s3", "store.region=eu-west-1"], S3Settings(region="eu-west-1")),
        (["store=gs", "store.project=mine"], GSSettings(project="mine")),
        (["store.single_writer=true"], StoreSettings(single_writer=True)),
    ],
)
def test_a_store_is_chosen_on_the_command_line(chosen: list[str], settings: StoreSettings) -> None:
    assert load_build(chosen).store == settings


def _run(job: str, *overrides: str) -> str:
    """Run a job to its end; gives what it printed."""
    ended = subprocess.run(
        [sys.executable, "-m", f"pipelines.{job}", *overrides],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=280,
    )
    assert ended.returncode == 0, ended.stderr + ended.stdout
    return ended.stdout + ended.stderr


def _hashes(files: Files) -> dict[str, str]:
    paths = [path for folder in ("datasets", "shards", "blocks", "images") for path in files.each(folder)]
    return {path: hashlib.sha256(files.read(path)).hexdigest() for path in paths}


def test_a_build_in_a_bucket_publishes_the_same_bytes_and_no_secret(
    s3_files: Files, bucket: str, endpoint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secrets = {name: uuid.uuid4().hex for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")}
    for name, value in secrets.items():
        monkeypatch.setenv(name, value)
    there = (f"out=s3://{bucket}/store", "store=s3", f"store.endpoint={endpoint}")
    with ThreadPoolExecutor(2) as pool:
        here = pool.submit(_run, "build", *SMALL, "cluster.workers=1", f"out={tmp_path}")
        said = _run("build", *SMALL, "cluster.workers=1", *there)
        here.result()
    published = _hashes(s3_files)
    assert f'lensmill.load("s3://{bucket}/store/datasets/test", streaming=True)' in said
    assert "datasets/test/manifest.json" in published
    assert published == _hashes(Files(str(tmp_path)))
    assert s3_files.list("staging") == []

    said += _run("judge", "judge.policy=relaxed", "publish=false", "cluster.workers=1", *there)
    said += _run("agreement", *there)
    assert "both decide" in said
    assert not any(value in said for value in secrets.values())
    stored = [s3_files.read(path) for path in s3_files.list("builds")]
    assert not any(value.encode() in data for value in secrets.values() for data in stored)


def test_a_build_for_a_bucket_that_is_not_there_ends_in_one_line(endpoint: str) -> None:
    ended = subprocess.run(
        [
            sys.executable,
            "-m",
            "pipelines.build",
            "out=s3://no-such-bucket/x",
            "store=s3",
            f"store.endpoint={endpoint}",
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=280,
    )
    assert ended.returncode == 2
    assert ended.stderr.startswith("error: s3://no-such-bucket/x/")
    assert ended.stderr.count("\n") == 1
