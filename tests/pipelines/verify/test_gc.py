"""Garbage: what nothing names is listed, and removed only once old and asked for."""

import hashlib
import json
import os
from pathlib import Path

import pytest

from tests.pipelines.verify.damage import (
    flip,
    one,
    verify,
    wrong,
)


def left_over(out: Path, days: float) -> list[Path]:
    """Files as killed attempts leave them, this old."""
    build = one(out, "builds/*")
    chunk = one(build, "episodes/commits/*").stem
    paths = [
        build / "episodes" / "parts" / f"{chunk}-0123.parquet",
        build / "episodes" / "open" / chunk / "partial-0123.parquet",
        one(build, "verdicts/*") / "parts" / f"{chunk}-0123.parquet",
        build / "plan" / "parts" / "samples-0123.parquet",
        out / "staging" / "0123",
        out / "datasets" / "begun" / "data" / "train.parquet",
        out / "claims" / "begun.json",
    ]
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"left over")
        age(path, days)
    return paths


def age(path: Path, days: float) -> None:
    then = path.stat().st_mtime - days * 86_400
    os.utime(path, (then, then))


def test_unnamed_files_are_listed_and_kept(out: Path, tmp_path: Path) -> None:
    left = left_over(out, 8)
    status, lines = verify(out, "replay=none", f"findings={tmp_path / 'found.jsonl'}")
    assert status == 0, lines
    assert f"{len(left)} files that nothing names, {9 * len(left)} B: gc=true removes them" in lines
    paths = {str(path.relative_to(out)) for path in left}
    assert {line.removeprefix("left over: ") for line in lines if line.startswith("left over: ")} == paths
    written = [json.loads(line) for line in (tmp_path / "found.jsonl").read_text().splitlines()]
    assert {(found["file"], found["what"]) for found in written} == {(path, "nothing names it") for path in paths}
    assert all(path.exists() for path in left)


def test_the_first_of_many_unnamed_files_are_printed_and_all_are_written(
    out: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = left_over(out, 8)
    monkeypatch.setattr("pipelines.findings.SHOWN", 2)
    _, lines = verify(out, "replay=none", f"findings={tmp_path / 'found.jsonl'}")
    assert sum(line.startswith("left over: ") for line in lines) == 2
    assert any("findings=FILE" in line for line in lines)
    assert len((tmp_path / "found.jsonl").read_text().splitlines()) == len(left)


def test_gc_removes_unnamed_files_and_nothing_else(out: Path) -> None:
    for path in out.rglob("*"):
        if path.is_file():
            age(path, 30)
    before = {path for path in out.rglob("*") if path.is_file()}
    left_over(out, 8)
    assert verify(out, "replay=none", "gc=true", "gc_images=true")[0] == 0
    assert {path for path in out.rglob("*") if path.is_file()} == before


def test_gc_leaves_young_files(out: Path) -> None:
    left = left_over(out, 6)
    verify(out, "replay=none", "gc=true")
    assert all(path.exists() for path in left)
    verify(out, "replay=none", "gc=true", "gc_age=5d")
    assert not any(path.exists() for path in left)


def test_gc_keeps_work_that_was_handed_back(out: Path) -> None:
    waiting = one(out, "builds/*") / "episodes" / "open" / "0123"
    waiting.mkdir(parents=True)
    (waiting / "partial-4567.parquet").write_bytes(b"work")
    age(waiting / "partial-4567.parquet", 30)
    verify(out, "replay=none", "gc=true")
    assert (waiting / "partial-4567.parquet").exists()


def test_gc_removes_nothing_while_something_is_wrong(out: Path) -> None:
    left = left_over(out, 8)
    flip(one(out, "datasets/test/README.md"))
    wrong(out, "replay=none", "gc=true")
    assert all(path.exists() for path in left)


def test_pictures_that_nothing_names_are_removed_only_where_asked_for(out: Path) -> None:
    data = b"a picture of nobody"
    name = hashlib.sha256(data).hexdigest()
    path = out / "images" / name[:2] / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(data)
    age(path, 8)
    _, lines = verify(out, "replay=none", "gc=true")
    assert any("1 pictures that nothing names" in line for line in lines)
    assert path.exists()
    verify(out, "replay=none", "gc=true", "gc_images=true")
    assert not path.exists()
    assert verify(out, "replay=all")[0] == 0
