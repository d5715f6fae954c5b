"""`lensmill.load`: versions that were really published, exports and plain files."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import lensmill
from lensmill.loading import FORMAT, MANIFEST
from storage.builds.images import ImageStore
from storage.files.store import Files
from tests.storage.made import a_sample
from tests.storage.published_rows import INPUTS, accepted, planned, publish, rows_of, seen

QUESTIONS = [a_sample(number).question for number in (0, 1, 3, 4)]


@pytest.fixture(autouse=True)
def _cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("datasets.config.HF_DATASETS_CACHE", tmp_path / "cache")


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(str(tmp_path / "store"))


@pytest.fixture
def version(files: Files) -> Path:
    return Path(publish(files, "v1", rows_of(files), INPUTS).path)


@pytest.mark.parametrize("streaming", [False, True])
def test_a_version_loads_with_its_pictures(version: Path, streaming: bool) -> None:
    rows = list(lensmill.load(version, streaming=streaming))
    assert [row["question"] for row in rows] == QUESTIONS
    assert rows[0]["images"][0].size == (252, 168)


def test_one_rung_and_one_split_load_on_their_own(files: Files) -> None:
    sample, trajectory = seen(ImageStore(files), 1)
    rows = [accepted(planned(sample, rung), sample, trajectory) for rung in (224, 448)]
    other, walked = seen(ImageStore(files), 2)
    rows.append(accepted(replace(planned(other), seed=3), other, walked, "validation"))
    version = publish(files, "v1", rows, INPUTS).path
    assert lensmill.load(version, rung=448)["rung"] == [448]
    assert lensmill.load(version)["rung"] == [224, 448]
    assert lensmill.load(version, split="validation")["question"] == [other.question]
    assert len(lensmill.load(version, config="originals")) == 2
    with pytest.raises(ValueError, match=r"no row of configuration 'rung-896': it has default, rung-224, rung-448, "):
        lensmill.load(version, rung=896)
    with pytest.raises(ValueError, match="there is no split 'test'; the splits are: train, validation"):
        lensmill.load(version, split="test")


@pytest.mark.parametrize("streaming", [False, True])
def test_a_version_loads_from_a_url(tmp_path: Path, streaming: bool) -> None:
    remote = Files(f"memory://{tmp_path}/store")
    version = publish(remote, "v1", rows_of(remote), INPUTS)
    rows = lensmill.load(f"memory://{tmp_path}/store/datasets/v1", streaming=streaming)
    assert [row["question"] for row in rows] == QUESTIONS
    assert version.rows == len(QUESTIONS)


@pytest.mark.parametrize("streaming", [False, True])
def test_a_missing_file_of_a_url_is_named(tmp_path: Path, streaming: bool) -> None:
    remote = Files(f"memory://{tmp_path}/store")
    (shard,) = publish(remote, "v1", rows_of(remote), INPUTS).shards_of("train")
    remote.remove(shard.path)
    refused(f"memory://{tmp_path}/store/datasets/v1", f"{shard.path}.*copy the store's shards/", streaming=streaming)


def test_a_folder_may_have_any_name(version: Path, tmp_path: Path) -> None:
    shutil.copytree(version.parents[1], tmp_path / "a [b] *c" / "store")
    rows = lensmill.load(tmp_path / "a [b] *c" / "store" / "datasets" / "v1")
    assert rows["question"] == QUESTIONS


def changed(version: Path, change: Callable[[dict[str, Any]], object]) -> Path:
    manifest = json.loads((version / MANIFEST).read_text())
    change(manifest)
    (version / MANIFEST).write_text(json.dumps(manifest))
    return version


def refused(path: object, words: str, **options: Any) -> None:
    """The message is one line, and says this."""
    with pytest.raises((ValueError, FileNotFoundError), match=words) as raised:
        lensmill.load(str(path), **options)
    assert "\n" not in str(raised.value)


def test_a_version_of_another_lensmill_is_refused(version: Path) -> None:
    changed(version, lambda manifest: manifest["inputs"].update(format=FORMAT + 1))
    refused(version, f"this version has format {FORMAT + 1}, and this lensmill reads format {FORMAT}")


def test_damage_is_named(version: Path) -> None:
    shard = next(path for path in version.parents[1].glob("shards/*") if "train" in path.name)
    whole = shard.read_bytes()
    shard.write_bytes(whole[:-9])
    refused(version, f"{shard.name} is damaged .*copy the store's shards/")
    shard.write_bytes(whole[:40] + b"\0" * 4000 + whole[4040:])
    refused(version, "its rows cannot be read|is damaged")
    shard.unlink()
    refused(version, f"{shard.name} is missing: copy the store's shards/")
    (version / MANIFEST).write_text('{"blocks": [')
    refused(version, "manifest.json is damaged")
    (version / MANIFEST).write_text("[3]")
    refused(version, "manifest.json is no manifest of a version")


@pytest.mark.parametrize("path", ["../../secret.parquet", "/etc/passwd", "s3://bucket/x.parquet", "", 3])
def test_a_manifest_cannot_lead_out_of_its_store(version: Path, path: object) -> None:
    def lead(manifest: dict[str, Any]) -> None:
        for file in manifest["blocks"][0]["files"]:
            file["path"] = path

    changed(version, lead)
    refused(version, "a file's path must lead into")


def test_a_place_without_rows_says_what_was_looked_for(tmp_path: Path) -> None:
    refused(tmp_path / "nowhere", "no manifest.json of a published version, no export.json of an export")
    refused(tmp_path / "nowhere.parquet", "no manifest.json")


TABLE = pa.table({"messages": ["a", "b", "c"]})


@pytest.fixture
def export(tmp_path: Path) -> Path:
    """An export: a manifest, and a file for each split."""
    folder = tmp_path / "export"
    (folder / "data").mkdir(parents=True)
    pq.write_table(TABLE, folder / "data" / "train-00000.parquet")
    pq.write_table(TABLE.slice(0, 1), folder / "data" / "train-00001.parquet")
    (folder / "data" / "validation-00000.jsonl").write_text('{"messages": "v"}\n')
    (folder / "dataset_info.json").write_text("{}")
    listed = [("train-00000.parquet", 3, "train"), ("train-00001.parquet", 1, "train")]
    listed.append(("validation-00000.jsonl", 1, "validation"))
    entries = [{"path": f"data/{name}", "rows": rows, "split": split} for name, rows, split in listed]
    (folder / "export.json").write_text(json.dumps({"format": "trl", "files": entries}))
    return folder


@pytest.mark.parametrize("streaming", [False, True])
def test_an_export_loads_in_the_order_of_its_files(export: Path, streaming: bool) -> None:
    rows = lensmill.load(export, format="trl", streaming=streaming)
    assert [row["messages"] for row in rows] == ["a", "b", "c", "a"]
    assert [row["messages"] for row in lensmill.load(export, split="validation", streaming=streaming)] == ["v"]


def test_an_export_is_checked_against_its_manifest(export: Path) -> None:
    refused(export, "this export has the format 'trl', not 'verl'", format="verl")
    refused(export, "only a version has rungs", rung=448)
    pq.write_table(TABLE, export / "data" / "train-00001.parquet")
    refused(export, "its files have 6 rows, and the manifest counts others: export again")
    (export / "export.json").write_text('{"format": "trl"}')
    refused(export, "export.json is damaged .*: export again")


def test_a_version_has_no_training_format(version: Path) -> None:
    refused(version, "this is a version, which has no training format 'trl': export it first", format="trl")


def test_plain_files_and_folders_load(export: Path) -> None:
    (export / "export.json").unlink()
    assert len(lensmill.load(export)) == 4
    assert len(lensmill.load(export / "data", split="validation")) == 1
    assert len(lensmill.load(export / "data" / "train-00000.parquet")) == 3
    assert lensmill.load(export / "data" / "validation-00000.jsonl")["messages"] == ["v"]
    refused(export, "nothing says that the format is 'trl'", format="trl")
    (export / "data" / "train-2.jsonl").write_text('{"messages": "x"}\n')
    refused(export, "must all be Parquet, or all JSON lines")
    (export / "data" / "odd.jsonl").write_text('{"messages": \n')
    refused(export / "data" / "odd.jsonl", "its rows cannot be read")


def test_without_datasets_the_message_says_how_to_install_it(export: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "datasets", None)
    with pytest.raises(ImportError, match=r"pip install 'lensmill\[data\]'"):
        lensmill.load(export)
