"""Verifying what a real small build left: nothing is wrong with it, and whatever is changed afterwards is found."""

import hashlib
import io
import json
import shutil
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import ray
from PIL import Image

from pipelines.config import SettingsError, load
from pipelines.settings import VerifySettings as Settings
from pipelines.verify import main
from storage.builds.episodes import EpisodeRow, EpisodeStore, Failure
from storage.datasets.releases import Releases
from storage.files.store import Files
from tests.pipelines.verify.damage import (
    Rows,
    flip,
    forge,
    forge_ledger,
    one,
    verify,
    with_steps,
    wrong,
)


def test_an_intact_store_has_no_finding(built: Path) -> None:
    status, lines = verify(built, "replay=all")
    assert status == 0, lines
    assert lines[-1].startswith("nothing is wrong")
    assert not lines[-1].endswith(" 0 trajectories replayed")


def test_a_version_copied_with_its_shards_has_no_finding(built: Path, tmp_path: Path) -> None:
    shutil.copytree(built / "shards", tmp_path / "elsewhere" / "shards")
    moved = shutil.copytree(built / "datasets" / "test", tmp_path / "elsewhere" / "datasets" / "test")
    status, lines = verify(moved, "replay=all")
    assert status == 0, lines
    assert not lines[-1].endswith(" 0 trajectories replayed")


@pytest.mark.parametrize(
    "pattern",
    [
        "builds/*/recipe.json",
        "builds/*/judges/*.json",
        "builds/*/plan/segments/*.json",
        "builds/*/plan/parts/samples-*",
        "builds/*/plan/parts/index-*",
        "builds/*/episodes/commits/*",
        "builds/*/episodes/parts/*",
        "builds/*/verdicts/*/commits/*",
        "builds/*/verdicts/*/parts/*",
        "images/*/*",
        "datasets/test/manifest.json",
        "datasets/test/README.md",
        "datasets/test/chunks.txt",
        "datasets/test/ledger.parquet",
        "shards/train-*",
        "shards/rejected-*",
        "shards/originals-*",
        "blocks/*",
    ],
)
@pytest.mark.parametrize("at", [0.1, 0.7])
def test_a_flipped_byte_is_found(out: Path, pattern: str, at: float) -> None:
    path = one(out, pattern)
    flip(path, at)
    place = path.relative_to(out)
    found = wrong(out, "replay=none")
    assert any(str(place.parent) in line for line in found), found


@pytest.mark.parametrize(
    "pattern", ["builds/*/episodes/parts/*", "builds/*/plan/parts/samples-*", "shards/train-*", "blocks/*"]
)
def test_a_missing_part_is_found(out: Path, pattern: str) -> None:
    path = one(out, pattern)
    path.unlink()
    assert any(path.name in line and "missing" in line for line in wrong(out, "replay=none"))


def test_a_missing_original_is_found(out: Path) -> None:
    row = pq.read_table(one(out, "shards/train-*")).to_pylist()[0]
    next(out.glob(f"images/*/{row['image_id']}")).unlink()
    assert any(row["image_id"] in line and "missing" in line for line in wrong(out, "replay=none"))


def test_a_row_that_was_removed_is_found_by_the_ledger(out: Path) -> None:
    removed = []
    shard = forge(out, lambda rows: removed.append((rows.pop()["episode_id"], len(rows))))
    ((episode_id, row),) = removed
    assert wrong(out, "replay=none", "version=test") == [
        f"datasets/test/ledger.parquet: episode {episode_id} is not in row {row} of row group 0 of shards/{shard.name}"
    ]


def test_a_row_that_was_removed_from_the_ledger_too_is_found_by_the_plan(out: Path) -> None:
    removed = []
    forge(out, lambda rows: removed.append(rows.pop()["episode_id"]))
    forge_ledger(out, lambda rows: rows.pop([row["episode_id"] for row in rows].index(removed[0])))  # type: ignore[arg-type]
    found = wrong(out, "replay=none", "version=test")
    assert found == [f"datasets/test/manifest.json episode_id: planned episode {removed[0]} is in no table"]


def test_a_row_that_is_there_twice_is_found(out: Path) -> None:
    shard = forge(out, lambda rows: rows.append(rows[0]))
    (found,) = wrong(out, "replay=none", "version=test")
    assert found.startswith(f"shards/{shard.name} row")
    assert "the ledger does not have episode" in found


def test_an_episode_that_the_ledger_has_twice_is_found(out: Path) -> None:
    forge_ledger(out, lambda rows: rows.append(rows[0]))
    assert any("more than once" in line for line in wrong(out, "replay=none", "version=test"))


def test_a_reason_that_the_ledger_does_not_say_is_found_in_its_row(out: Path) -> None:
    shard = forge(out, lambda rows: rows[0].update(reason="abstained"), "rejected")
    (found,) = wrong(out, "replay=none", "version=test")
    assert found == f"shards/{shard.name} row 0 reason: it is 'abstained', the ledger says 'undecided'"


def test_a_rejected_row_among_the_accepted_ones_is_found(out: Path) -> None:
    def change(rows: Rows) -> None:
        rows[0].update(reason="incorrect", outcome="incorrect")
        rows[0]["verdict"]["outcome"] = "incorrect"

    forge(out, change)
    found = wrong(out, "replay=none", "version=test")
    assert any("row 0 verdict: it is 'incorrect', and only correct ones are accepted" in line for line in found)
    assert any("row 0 reason" in line for line in found)


def test_a_changed_picture_is_found_in_its_row(out: Path) -> None:
    def change(rows: Rows) -> None:
        image = rows[1]["images"][0]
        image["bytes"] = image["bytes"][:-1] + b"?"

    forge(out, change)
    assert any("row 1 images[0]" in line for line in wrong(out, "replay=none", "version=test"))


def test_another_picture_with_hashes_of_its_own_is_found_by_replaying(out: Path) -> None:
    from lensmill.picture import pixel_hash

    def change(rows: Rows) -> None:
        with Image.open(io.BytesIO(rows[1]["images"][0]["bytes"])) as image:
            other = Image.new("RGB", image.size, "red")
        buffer = io.BytesIO()
        other.save(buffer, "PNG")
        rows[1]["images"][0]["bytes"] = buffer.getvalue()
        rows[1]["image_ids"][0] = hashlib.sha256(buffer.getvalue()).hexdigest()
        rows[1]["pixel_hashes"][0] = pixel_hash(other)

    forge(out, change)
    assert verify(out, "replay=none", "version=test")[0] == 0
    assert any("row 1 images[0].pixel_hash" in line for line in wrong(out, "replay=all", "version=test"))


def test_a_wrong_box_is_found_by_replaying(out: Path) -> None:
    changed = []

    def change(rows: Rows) -> None:
        changed.append(with_steps(rows))
        rows[changed[0]]["steps"][0]["boxes"][0]["box"][0] += 1

    forge(out, change)
    assert any(f"row {changed[0]} steps[0].boxes" in line for line in wrong(out, "replay=all", "version=test"))


def test_another_answer_among_the_references_is_found(out: Path) -> None:
    forge(out, lambda rows: rows[0].update(references=["something else"]))
    assert any("row 0 sample_id" in line for line in wrong(out, "replay=none", "version=test"))


def test_a_file_that_no_manifest_names_is_found(out: Path) -> None:
    (out / "datasets/test/train.parquet").write_bytes(b"more")
    assert any("does not name it" in line for line in wrong(out, "replay=none", "version=test"))


def test_an_episode_without_a_verdict_is_found(out: Path) -> None:
    from storage.builds.commits import CommitLog
    from storage.builds.verdicts import VERDICTS

    commit = one(out, "builds/*/verdicts/*/commits/*")
    log = CommitLog(Files(str(out)), str(commit.parent.parent.relative_to(out)), VERDICTS)
    rows = log.read(commit.stem)
    commit.unlink()
    log.commit(commit.stem, rows[1:], episode_layers=0)
    assert any(rows[0]["episode_id"] in line and "no verdict" in line for line in wrong(out, "replay=none"))


@pytest.mark.parametrize("broken", ["{", "[]", "{}", '{"files": [{}], "rows": {}}', '{"files": 1e999}'])
def test_a_latest_version_that_cannot_be_read_is_found(out: Path, broken: str) -> None:
    Releases(Files(str(out))).move("test", None)
    (out / "datasets/test/manifest.json").write_text(broken)
    assert any(line.startswith("latest: ") for line in wrong(out, "replay=none"))


def test_a_pointer_to_an_impossible_version_is_found(out: Path) -> None:
    Files(str(out)).create("latest/000001.json", b'{"version": "../test"}')
    assert any("latest/000001.json is no pointer to a version" in line for line in wrong(out, "replay=none"))


@pytest.mark.parametrize("rows", [1e30, float("inf")])
def test_a_manifest_of_more_rows_than_can_be_is_found(out: Path, rows: float) -> None:
    path = out / "datasets" / "test" / "manifest.json"
    manifest = json.loads(path.read_text())
    manifest["rows"]["train"] = rows
    path.write_text(json.dumps(manifest))
    assert any("datasets/test/manifest.json" in line for line in wrong(out, "version=test"))


def test_a_judge_that_is_another_is_told_once(out: Path) -> None:
    judge = one(out, "builds/*/judges/*.json")
    judge.write_text(json.dumps({**json.loads(judge.read_text()), "rules": "others"}))
    assert len(wrong(out, "replay=none", f"build={judge.parts[-3]}")) == 1


def test_findings_are_written_as_json_lines(out: Path, tmp_path: Path) -> None:
    flip(one(out, "datasets/test/README.md"))
    wrong(out, "replay=none", f"findings={tmp_path / 'wrong.jsonl'}")
    (found,) = [json.loads(line) for line in (tmp_path / "wrong.jsonl").read_text().splitlines()]
    assert (found["file"], found["field"], found["row"]) == ("datasets/test/README.md", "sha256", None)


def test_a_sample_of_replays_is_of_finished_episodes(out: Path) -> None:
    for commit in sorted(out.glob("builds/*/episodes/commits/*"))[1:]:
        (judged,) = out.glob(f"builds/*/verdicts/*/commits/{commit.name}")
        commit.unlink()
        judged.unlink()
    build = one(out, "builds/*").name
    for seed in range(4):
        _, lines = verify(out, "sample=1", f"seed={seed}", f"build={build}")
        assert lines[-1].endswith(" 1 trajectories replayed")


def test_a_replay_names_the_row_of_the_chunk(out: Path) -> None:
    """The first row is of a failed episode, the second was changed."""
    commit = one(out, "builds/*/episodes/commits/*")
    build = commit.parts[-4]
    store, chunk_id = EpisodeStore(Files(str(out)), build), commit.stem
    first, second = store.rows(chunk_id)
    assert second.trajectory is not None
    view = replace(second.trajectory.images[0], pixel_hash="0" * 64)
    other = replace(second.trajectory, images=(view, *second.trajectory.images[1:]))
    commit.unlink()
    failed = EpisodeRow(first.planned, "failed", None, Failure("timeout", "took too long"))
    store.commit(chunk_id, [failed, replace(second, trajectory=other)])
    found = [line for line in wrong(out, "replay=all", f"build={build}") if "pixel_hash" in line]
    assert [f"{chunk_id}.json row 1 " in line for line in found] == [True]


def test_a_sample_replays_as_many_as_asked(built: Path) -> None:
    _, lines = verify(built, "sample=1")
    assert lines[-1].endswith(" 2 trajectories replayed")  # of the build, and of the version


def test_findings_and_their_order_do_not_depend_on_workers(out: Path) -> None:
    for pattern in ("builds/*/episodes/parts/*", "images/*/*", "shards/rejected-*"):
        flip(one(out, pattern))
    forge(out, lambda rows: rows[0]["steps"][0]["boxes"].append({"label": "", "box": [1.0, 2.0, 3.0, 4.0]}))
    found = wrong(out, "replay=all", "cluster.workers=1")
    try:
        assert wrong(out, "replay=all", "cluster.workers=3") == found
    finally:
        ray.shutdown()


def test_a_sample_does_not_depend_on_workers(out: Path) -> None:
    def wrong_box(rows: Rows) -> None:
        for row in rows:
            row["frames"][0]["width"] += 1
            row["view"]["width"] += 1

    forge(out, wrong_box)
    forge(out, wrong_box, "rejected")
    found = wrong(out, "sample=2", "version=test", "cluster.workers=1")
    assert sum("frame:" in line for line in found) == 2
    try:
        assert wrong(out, "sample=2", "version=test", "cluster.workers=3") == found
    finally:
        ray.shutdown()


def test_a_folder_without_anything_is_no_clean_store(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path)]) == 2
    assert "nothing to verify" in capsys.readouterr().err


def test_gc_is_of_a_whole_store() -> None:
    with pytest.raises(SettingsError, match="whole store"):
        load("verify", Settings, ["gc=true", "version=test"])
