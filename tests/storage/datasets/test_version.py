import hashlib
import json
import multiprocessing
import os
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from lensmill.geometry import Box
from lensmill.loading import data_files
from lensmill.sample import Region, Sample
from storage.builds.episodes import EpisodeStore
from storage.builds.images import ImageStore
from storage.builds.plan import Plan, plan_sample
from storage.datasets.version import DatasetInputs, published
from storage.files.store import Files, StoreError
from storage.sources.protocol import SourceFailure
from tests.storage.made import FINGERPRINT, a_sample, a_trajectory, done
from tests.storage.published_rows import INPUTS, Row, accepted, planned, publish, rejudged, rows_of, seen

FOLDERS = ("datasets", "shards", "blocks")


def _published(root: Path) -> dict[str, str]:
    """All that publishing leaves in a store."""
    return {f"{folder}/{path}": sha256 for folder in FOLDERS for path, sha256 in _tree(root / folder).items()}


def _tree(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_a_version_loads_without_a_script(files: Files, load: Any) -> None:
    version = publish(files, "v1", rows_of(files), INPUTS)
    rows = load(version.path)
    assert len(rows) == version.rows == 4
    row = rows[0]
    sample, trajectory = seen(ImageStore(files), 0)
    assert [image.size for image in row["images"]] == [(252, 168), (56, 56)]
    assert [image.format for image in row["images"]] == ["PNG", "JPEG"]
    assert (row["question"], row["answer"], row["references"], row["choices"]) == (sample.question, "7", ["0"], [])
    assert row["steps"][0]["tool"] == "image_zoom_in_tool"
    assert json.loads(row["steps"][0]["arguments"]) == {"bbox_2d": [1, 2, 20, 30.5], "label": "bar"}
    assert row["steps"][0]["boxes"] == [{"label": "bar", "box": [1, 2, 20, 30.5]}]
    assert [step["images"] for step in row["steps"]] == [[1], []]
    assert row["messages"][0] == {
        "role": "user",
        "content": [
            {"type": "image", "text": None},
            {"type": "text", "text": "What is bar 7?"},
        ],
    }
    assert row["rung"] == 224
    assert row["view"] == {"width": 252, "height": 168, "region": [0, 0, 300, 200]}
    assert row["image_ids"] == [image.image_id for image in trajectory.images]
    assert (row["sample_id"], row["licence"], row["recipe"]) == (sample.sample_id, "CC0-1.0", FINGERPRINT)
    assert row["verdict"] == {"outcome": "correct", "rule": "number", "score": 1.0, "reason": "7 is 7"}


def test_two_versions_of_one_name_load_as_two_datasets(tmp_path: Path, load: Any) -> None:
    questions = []
    for name, numbers in (("a", [0, 1]), ("b", [3, 4]), ("c", [0])):  # b has as many rows as a
        files = Files(str(tmp_path / name))
        version = publish(files, "v1", rows_of(files, numbers), INPUTS)
        questions.append(load(version.path)["question"])
    assert questions == [[a_sample(n).question for n in numbers] for numbers in ([0, 1], [3, 4], [0])]


def test_a_version_made_anew_loads_its_new_rows(files: Files, load: Any) -> None:
    version = publish(files, "v1", rows_of(files, [0, 1]), INPUTS)
    assert load(version.path)["question"] == [a_sample(n).question for n in (0, 1)]
    files.remove_folder("datasets/v1")
    publish(files, "v1", rows_of(files, [3, 4]), INPUTS)
    assert load(version.path)["question"] == [a_sample(n).question for n in (3, 4)]


def test_two_versions_that_differ_in_another_table_load_as_two_datasets(tmp_path: Path, load: Any) -> None:
    reasons = []
    for name, reason in (("a", "incorrect"), ("b", "undecided")):
        files = Files(str(tmp_path / name))
        rows = [rejudged(row, reason) if isinstance(row, Row) and row.reason else row for row in rows_of(files)]
        reasons += load(publish(files, "v1", rows, INPUTS).path, "rejected")["reason"]
    assert reasons == ["incorrect", "incorrect", "undecided", "undecided"]


def test_rejected_and_failed_rows_have_tables_of_their_own(files: Files, load: Any) -> None:
    version = publish(files, "v1", rows_of(files), INPUTS)
    rejected = load(version.path, "rejected")
    assert [row["reason"] for row in rejected] == ["incorrect", "incorrect"]
    assert rejected[0]["verdict"]["reason"] == "8 is not 7"
    assert [image.size for image in rejected[0]["images"]] == [(252, 168), (56, 56)]
    assert rejected[0]["messages"][0]["content"][1]["text"] == "What is bar 7?"
    assert (rejected[0]["outcome"], rejected[0]["stop"]) == ("incorrect", "answered")
    episode, source = load(version.path, "failures")
    assert (episode["kind"], episode["error_class"], episode["attempts"]) == ("episode", "timeout", 2)
    assert episode["retry"] == "raise agent.timeout"
    assert (source["kind"], source["origin"]) == ("source", "rows.json row 3")


@pytest.mark.parametrize("broken", [b"{", b"[]", b"{}", b"\xff", b'{"files": [{}], "rows": {}}'])
def test_a_damaged_manifest_is_told_in_one_line(files: Files, broken: bytes) -> None:
    files.create("datasets/v1/manifest.json", broken)
    with pytest.raises(StoreError, match=r"v1/manifest\.json is no manifest"):
        publish(files, "v1", rows_of(files), INPUTS)


def test_each_original_is_there_once(files: Files, load: Any) -> None:
    images = ImageStore(files)
    sample, trajectory = seen(images, 1)
    rows = [accepted(planned(sample, rung), sample, trajectory) for rung in (224, 448)]
    originals = load(publish(files, "v1", rows, INPUTS).path, "originals")
    assert originals["image_id"] == [sample.image_id]
    assert originals[0]["image"].size == (sample.width, sample.height)


def test_an_empty_table_has_no_file_and_no_configuration(files: Files, load: Any) -> None:
    sample, trajectory = seen(ImageStore(files), 1)
    version = publish(files, "v1", [accepted(planned(sample), sample, trajectory)], INPUTS)
    with pytest.raises(ValueError, match="'rejected' not found"):
        load(version.path, "rejected")
    assert {shard.table for shard in version.shards} == {"train", "originals"}


def test_a_version_without_an_accepted_row_is_still_a_version(files: Files) -> None:
    version = publish(files, "v1", [], INPUTS)
    assert version.rows == 0
    assert version.shards == ()


def test_regions_and_targets_are_in_original_pixels(files: Files, load: Any) -> None:
    made, trajectory = seen(ImageStore(files), 1)
    region, target = Region("x_values", "2019", Box(1, 2, 3, 4)), Box(5, 6, 7, 8.5)
    sample = Sample(
        made.sample_id, made.image_id, 300, 200, "Which?", ("a",), ("a", "b"), regions=(region,), targets=(target,)
    )
    version = publish(files, "v1", [accepted(planned(made), sample, trajectory)], INPUTS)
    (row,) = load(version.path)
    assert row["regions"] == [{"kind": "x_values", "label": "2019", "box": [1, 2, 3, 4]}]
    assert row["targets"] == [[5, 6, 7, 8.5]]
    assert row["choices"] == ["a", "b"]


def test_the_same_rows_give_the_same_bytes(tmp_path: Path) -> None:
    trees = []
    for name in ("one", "two"):
        files = Files(str(tmp_path / name))
        publish(files, "v1", rows_of(files), INPUTS)
        trees.append(_published(tmp_path / name))
    assert trees[0] == trees[1]


def test_a_version_in_a_bucket_loads_by_its_files(
    s3_files: Files, s3_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As docs/nightly.md says; `load_dataset` takes a folder only where it is a local one."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", s3_url)
    version = publish(s3_files, "v1", rows_of(s3_files), INPUTS)
    import datasets

    files = data_files(version.path)
    rows = datasets.load_dataset("parquet", data_files=files, split="train", streaming=True)
    assert [row["question"] for row in rows] == [a_sample(n).question for n in (0, 1, 3, 4)]
    assert next(iter(rows))["images"][0].size == (252, 168)


def test_the_same_bytes_lie_in_an_object_store(files: Files, tmp_path: Path) -> None:
    publish(files, "v1", rows_of(files), INPUTS)
    remote = Files(f"memory://{tmp_path}/store")
    publish(remote, "v1", rows_of(remote), INPUTS)
    there = [path for folder in FOLDERS for path in remote.list(folder)]
    assert {path: hashlib.sha256(remote.read(path)).hexdigest() for path in there} == _published(Path(files.root))


def _die_while_publishing(root: str, moment: str) -> None:
    files = Files(root)
    create = files.create

    def killed_at(path: str, data: bytes) -> bool:
        if path.startswith(moment):
            os.kill(os.getpid(), signal.SIGKILL)
        return create(path, data)

    files.create = killed_at  # type: ignore[method-assign]
    publish(files, "v1", rows_of(files), INPUTS)


@pytest.mark.parametrize("moment", ["blocks/", "datasets/v1/manifest.json"])
def test_a_killed_publisher_is_followed_by_another(files: Files, tmp_path: Path, moment: str) -> None:
    publisher = multiprocessing.get_context("fork").Process(target=_die_while_publishing, args=(files.root, moment))
    publisher.start()
    publisher.join()
    assert publisher.exitcode == -signal.SIGKILL
    assert published(files, "v1") is None
    publish(files, "v1", rows_of(files), INPUTS)
    clean = Files(str(tmp_path / "clean"))
    publish(clean, "v1", rows_of(clean), INPUTS)
    assert _published(tmp_path / "store") == _published(tmp_path / "clean")


def test_other_histories_of_commits_give_the_same_bytes(tmp_path: Path) -> None:
    def built(root: Path, disturbed: bool) -> dict[str, str]:
        files = Files(str(root))
        images, plan, store = ImageStore(files), Plan(files, FINGERPRINT), EpisodeStore(files, FINGERPRINT)
        met = [seen(images, number) for number in range(6)]
        plan.append(
            (plan_sample(FINGERPRINT, sample, (224, 448), ("reader",), (0,)) for sample, _ in met), chunk_size=4
        )
        trajectories = {sample.sample_id: trajectory for sample, trajectory in met}
        chunk_ids = plan.chunk_ids()
        for chunk_id in reversed(chunk_ids) if disturbed else chunk_ids:
            chunk = plan.read_chunk(chunk_id)
            rows = [
                type(row)(row.planned, "done", trajectories[row.planned.sample_id], seconds=5.0 * disturbed)
                for row in done(chunk)
            ]
            if disturbed:
                store.hand_back(chunk_id, rows[2:])
                store.commit(chunk_id, [*store.handed_back(chunk_id), *rows[:2]])
            store.commit(chunk_id, rows)
        rows_made = [
            accepted(row.planned, chunk.samples[row.planned.sample_id], row.trajectory)
            for chunk in map(plan.read_chunk, chunk_ids)
            for row in store.rows(chunk.chunk_id)
            if row.trajectory is not None
        ]
        publish(files, "v1", rows_made, DatasetInputs(FINGERPRINT, "j", chunk_ids))
        return _published(root)

    assert built(tmp_path / "calm", False) == built(tmp_path / "disturbed", True)


def test_publishing_again_from_the_same_inputs_reads_nothing(files: Files, tmp_path: Path) -> None:
    def unread() -> Iterator[Row | SourceFailure]:
        raise AssertionError("the rows were read again")
        yield

    first = publish(files, "v1", rows_of(files), INPUTS)
    before = _tree(tmp_path)
    assert publish(files, "v1", unread(), INPUTS) == first
    assert _tree(tmp_path) == before


def test_other_inputs_need_another_version(files: Files) -> None:
    publish(files, "v1", rows_of(files), INPUTS)
    other = DatasetInputs(FINGERPRINT, "k" * 32, ("c1",), {"keep": "correct"})
    with pytest.raises(StoreError, match=r"v1 is published already.*judge, chunks, chunks_sha256.*another version="):
        publish(files, "v1", [], other)
    assert publish(files, "v2", [], other).rows == 0


def test_verdicts_of_another_asking_need_another_version(files: Files) -> None:
    publish(files, "v1", rows_of(files), INPUTS)
    retried = replace(INPUTS, layers={"c2": (0, 1)})
    assert retried.digest != INPUTS.digest
    with pytest.raises(StoreError, match=r"different: layers_sha256.*another version="):
        publish(files, "v1", [], retried)
    publish(files, "v2", rows_of(files), retried)
    with pytest.raises(StoreError, match=r"different: layers_sha256"):
        publish(files, "v2", [], INPUTS)


def test_an_unfinished_version_is_none_and_can_be_finished(files: Files) -> None:
    def broken() -> Iterator[Row | SourceFailure]:
        yield from rows_of(files)
        raise RuntimeError("pulled the plug")

    with pytest.raises(RuntimeError, match="pulled the plug"):
        publish(files, "v1", broken(), INPUTS)
    assert published(files, "v1") is None
    assert files.list("staging") == []
    assert publish(files, "v1", rows_of(files), INPUTS) == published(files, "v1")


def test_files_of_an_unfinished_attempt_are_put_right(files: Files, tmp_path: Path) -> None:
    clean = Files(str(tmp_path / "clean"))
    done = publish(clean, "v1", rows_of(clean), INPUTS)
    for path in ("datasets/v1/README.md", "datasets/v1/ledger.parquet", *(shard.path for shard in done.shards)):
        files.put(path, b"torn")
    publish(files, "v1", rows_of(files), INPUTS)
    assert _published(tmp_path / "store") == _published(tmp_path / "clean")


def test_an_unfinished_version_of_other_inputs_is_not_mixed(files: Files) -> None:
    with pytest.raises(ZeroDivisionError):
        publish(files, "v1", (1 // 0 for _ in "x"), INPUTS)  # type: ignore[misc]
    with pytest.raises(StoreError, match=r"begun from other inputs.*another version="):
        publish(files, "v1", [], DatasetInputs(FINGERPRINT, "k" * 32, ()))


def test_racing_publishers_of_the_same_inputs_agree(files: Files, tmp_path: Path) -> None:
    list(rows_of(files))
    with ThreadPoolExecutor(4) as pool:
        versions = list(pool.map(lambda _: publish(files, "v1", rows_of(files), INPUTS), range(4)))
    assert versions == [versions[0]] * 4
    clean = Files(str(tmp_path / "clean"))
    publish(clean, "v1", rows_of(clean), INPUTS)
    assert _published(tmp_path / "store") == _published(tmp_path / "clean")


def test_the_manifest_names_every_file_with_its_hash(files: Files, tmp_path: Path) -> None:
    version = publish(files, "v1", rows_of(files), INPUTS)
    tree = _tree(Path(version.path))
    manifest = json.loads((Path(version.path) / "manifest.json").read_text())
    assert {record["path"]: record["sha256"] for record in manifest["files"]} == {
        path: sha256 for path, sha256 in tree.items() if path != "manifest.json"
    }
    assert manifest["inputs"]["recipe"] == FINGERPRINT
    assert manifest["rows"] == {"train": 4, "validation": 0, "rejected": 2, "failures": 2, "originals": 6}
    shards = [file for block in manifest["blocks"] for file in block["files"]]
    assert {file["path"]: file["sha256"] for file in shards} == {
        f"shards/{path}": sha256 for path, sha256 in _tree(tmp_path / "store" / "shards").items()
    }
    assert str(tmp_path) not in json.dumps(manifest)


def test_a_missing_picture_stops_the_publishing_by_name(files: Files) -> None:
    sample = a_sample(1)
    trajectory = a_trajectory()
    row = accepted(planned(sample), sample, trajectory)
    with pytest.raises(StoreError, match=f"{trajectory.view.image_id} is missing"):
        publish(files, "v1", [row], INPUTS)
    assert published(files, "v1") is None


@pytest.mark.parametrize("version", ["", "../x", "a/b", ".hidden", "a" * 101, "v1\n"])
def test_a_version_is_a_plain_name(files: Files, version: str) -> None:
    with pytest.raises(ValueError, match="a version is named with"):
        publish(files, version, [], INPUTS)


def test_rounds_of_a_verifier_are_published(files: Files, load: Any) -> None:
    sample, trajectory = seen(ImageStore(files), 1)
    rows = [accepted(planned(sample), sample, replace(trajectory, rounds=2))]
    (row,) = load(publish(files, "v1", rows, INPUTS).path)
    assert row["rounds"] == 2


def test_text_in_any_script_is_published(files: Files, load: Any) -> None:
    made, trajectory = seen(ImageStore(files), 1)
    sample = Sample(made.sample_id, made.image_id, 300, 200, "どれ? \ud83d 😀", ("ä\0",), source="s\udc80")
    rows = [accepted(planned(made), sample, trajectory)]
    (row,) = load(publish(files, "v1", rows, INPUTS).path)
    assert (row["question"], row["references"]) == ("どれ? \ufffd 😀", ["ä\0"])
