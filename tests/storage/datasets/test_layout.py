"""How the rows of a version lie: row groups, shared pictures, rungs, splits, blocks."""

import hashlib
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from lensmill.loading import data_files
from storage.builds.images import ImageStore
from storage.datasets.shards import ShardSizes
from storage.files.store import Files
from tests.storage.made import a_sample
from tests.storage.published_rows import INPUTS, accepted, planned, publish, rows_of, seen


def test_row_groups_are_bounded(files: Files, load: Any) -> None:
    version = publish(files, "v1", rows_of(files, [0, 1, 3, 4, 6]), INPUTS, sizes=ShardSizes(row_group_rows=2))
    (shard,) = version.shards_of("train")
    parts = pq.ParquetFile(Path(files.root, shard.path))
    assert [parts.metadata.row_group(number).num_rows for number in range(parts.num_row_groups)] == [2, 2, 1]
    assert load(version.path)["question"] == [a_sample(n).question for n in (0, 1, 3, 4, 6)]


@pytest.mark.parametrize("sizes", [ShardSizes(row_group_bytes=1), ShardSizes(held_bytes=1)])
def test_large_pictures_make_small_row_groups(files: Files, sizes: ShardSizes) -> None:
    (shard,) = publish(files, "v1", rows_of(files, [0, 1, 3]), INPUTS, sizes=sizes).shards_of("train")
    assert pq.ParquetFile(Path(files.root, shard.path)).num_row_groups == 3


def test_a_picture_that_several_rows_show_is_stored_once_in_a_row_group(files: Files) -> None:
    images = ImageStore(files)
    sample, trajectory = seen(images, 1)
    noise = os.urandom(100_000)
    images.put(hashlib.sha256(noise).hexdigest(), noise)
    view = replace(trajectory.view, image_id=hashlib.sha256(noise).hexdigest())
    trajectory = replace(trajectory, images=(view, *trajectory.images[1:]))
    rows = [accepted(replace(planned(sample), seed=seed), sample, trajectory) for seed in range(8)]
    version = publish(files, "v1", rows, INPUTS)
    (shard,) = version.shards_of("train")
    assert 100_000 < shard.size < 140_000
    paths = pq.read_table(Path(files.root, shard.path)).column("images").to_pylist()
    assert [row[0]["bytes"] for row in paths] == [noise] * 8


def test_the_ledger_says_where_each_row_lies(files: Files) -> None:
    version = publish(files, "v1", rows_of(files), INPUTS, sizes=ShardSizes(row_group_rows=3))
    for fact in pq.read_table(Path(version.path, "ledger.parquet")).to_pylist():
        shard = pq.ParquetFile(Path(files.root, fact["file"]))
        row = shard.read_row_group(fact["row_group"], columns=["episode_id"]).to_pylist()[fact["row"]]
        assert row["episode_id"] == fact["episode_id"]
        assert fact["file"].startswith(f"shards/{fact['table']}-")


def test_one_rung_is_a_configuration(files: Files, load: Any) -> None:
    sample, trajectory = seen(ImageStore(files), 1)
    version = publish(files, "v1", [accepted(planned(sample, rung), sample, trajectory) for rung in (224, 448)], INPUTS)
    assert load(version.path)["rung"] == [224, 448]
    assert load(version.path, "rung-448")["rung"] == [448]
    assert data_files(version.path, "rung-448") == {
        "train": [str(Path(files.root, shard.path)) for shard in version.shards if shard.rung == 448]
    }
    with pytest.raises(ValueError, match="'rung-896'"):
        data_files(version.path, "rung-896")


def test_validation_is_a_split_of_its_own(files: Files, tmp_path: Path) -> None:
    import datasets

    rows = []
    for number in range(4):
        sample, trajectory = seen(ImageStore(files), number)
        rows.append(accepted(planned(sample), sample, trajectory, "validation" if number == 2 else "train"))
    version = publish(files, "v1", rows, INPUTS)
    loaded = datasets.load_dataset(version.path, cache_dir=str(tmp_path / "cache"))
    assert {split: len(rows) for split, rows in loaded.items()} == {"train": 3, "validation": 1}
    assert version.rows == 4


def test_versions_share_the_blocks_that_they_have_in_common(files: Files) -> None:
    first = publish(files, "v1", rows_of(files), INPUTS)
    before = {path: files.read(path) for path in files.list("shards")}
    second = publish(files, "v2", rows_of(files), replace(INPUTS, chunk_ids=("c1", "c2", "c3")))
    assert second.blocks == first.blocks
    assert {path: files.read(path) for path in files.list("shards")} == before
