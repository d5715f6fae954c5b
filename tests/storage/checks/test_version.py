"""Verifying versions that share shards: each shard is read once, whatever is wrong is named, and nothing else."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from storage.checks.finding import Finding, Report
from storage.checks.replays import ReplayChoice
from storage.checks.version import SeenShards, VersionCheck, open_version
from storage.datasets.blocks import ShardRecord
from storage.files.store import Files
from tests.storage.published_rows import publish, rows_of

NONE = ReplayChoice("none")


class Reads:
    """A loop over the items that notes which shards are read."""

    def __init__(self) -> None:
        self.paths: list[str] = []

    def __call__(self, work: Callable[[Any], Any], items: Iterable[Any], /) -> Iterator[Any]:
        for item in items:
            if isinstance(item, ShardRecord) and item.table:
                self.paths.append(item.path)
            yield work(item)


def check(files: Files, *versions: str, reads: Reads | None = None, records: bool = True) -> list[Finding]:
    """What is wrong with these versions, verified one after the other."""
    found: list[Finding] = []

    def take(report: Report) -> None:
        found.extend(report.findings)

    seen = SeenShards()
    for name in versions:
        version = open_version(files, f"datasets/{name}", take)
        if version is not None:
            VersionCheck(files, version, NONE, take, reads or Reads(), seen, records).run()
    return found


@pytest.fixture
def published(files: Files) -> Files:
    """Two versions of the same rows, under two names."""
    for name in ("a", "b"):
        publish(files, name, rows_of(files))
    return files


def unlink(files: Files, pattern: str) -> str:
    """Remove the first such file; its path in the store."""
    path = sorted(Path(files.root).glob(pattern))[0]
    path.unlink()
    return str(path.relative_to(files.root))


def test_a_shard_of_two_versions_is_read_once(published: Files) -> None:
    reads = Reads()
    assert not [finding for finding in check(published, "a", "b", reads=reads) if "replay" not in finding.field]
    assert sorted(reads.paths) == sorted(published.list("shards"))


def test_damage_in_a_shard_of_two_versions_is_told_once(published: Files) -> None:
    lost = unlink(published, "shards/train-*")
    assert [finding.file for finding in check(published, "a", "b")].count(lost) == 1


def test_a_shard_is_read_again_where_a_manifest_describes_it_otherwise(published: Files) -> None:
    path = Path(published.root) / "datasets/b/manifest.json"
    shard = next(name for name in published.list("shards") if "/train-" in name)
    text = path.read_text()
    at = text.index(shard)
    path.write_text(text[:at] + text[at:].replace('"rows": ', '"rows": 1', 1))
    assert any((found.file, found.field) == (shard, "rows") for found in check(published, "a", "b"))


@pytest.mark.parametrize("table", ["failures", "originals", "rejected"])
def test_a_missing_shard_is_found(published: Files, table: str) -> None:
    lost = unlink(published, f"shards/{table}-*")
    assert any(found.file == lost and "missing" in found.what for found in check(published, "a"))


def test_a_missing_record_of_a_block_is_found_unless_the_version_is_a_copy(published: Files) -> None:
    lost = unlink(published, "blocks/*")
    assert [found.file for found in check(published, "a")] == [lost]
    assert not check(published, "a", records=False)


def test_shards_and_blocks_that_no_version_names_are_no_findings(published: Files) -> None:
    published.put("shards/train-224-0123.parquet", b"left over")
    published.put("blocks/0123.json", b"left over")
    assert not check(published, "a", "b")


def test_a_version_of_an_earlier_format_is_told_to_be_published_again(published: Files) -> None:
    path = Path(published.root) / "datasets/a/manifest.json"
    path.write_text(path.read_text().replace('"blocks"', '"other"'))
    (found,) = check(published, "a")
    assert "publish the version again" in found.what
