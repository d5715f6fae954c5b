"""The whole way, run as a person runs it: the dataset, going on after a kill, and Ctrl-C."""

import os
import shutil
import signal
from pathlib import Path

import datasets
import pytest

from tests.e2e.conftest import SMALL, build, interrupted, tree


def commits(out: Path) -> int:
    return len(list(out.glob("builds/*/episodes/commits/*.json")))


def test_the_dataset_loads_with_pictures_steps_boxes_and_messages(
    undisturbed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    rows = datasets.load_dataset(str(undisturbed / "datasets" / "test"), cache_dir=str(tmp_path))["train"]
    assert len(rows) > 0
    row = rows[0]
    assert row["images"][0].size[0] > 0
    assert row["steps"][-1]["thought"]
    assert row["messages"][0]["role"] == "system"
    assert row["sample_id"]


def test_a_second_run_starts_no_episode_and_changes_nothing(undisturbed: Path) -> None:
    before = tree(undisturbed)
    ended = build(*SMALL, f"out={undisturbed}")
    assert ended.returncode == 0, ended.stderr
    assert "no episode to start" in ended.stderr
    assert tree(undisturbed) == before


def test_a_killed_driver_and_another_run_give_the_same_bytes(undisturbed: Path, tmp_path: Path) -> None:
    status, _ = interrupted(signal.SIGKILL, lambda: commits(tmp_path) >= 2, *SMALL, f"out={tmp_path}")
    assert status == -signal.SIGKILL
    assert not (tmp_path / "datasets").exists()
    ended = build(*SMALL, f"out={tmp_path}")
    assert ended.returncode == 0, ended.stderr
    assert "there already" in ended.stderr
    assert tree(tmp_path / "datasets") == tree(undisturbed / "datasets")


def test_ctrl_c_hands_back_finished_episodes_and_the_next_run_continues(undisturbed: Path, tmp_path: Path) -> None:
    status, output = interrupted(signal.SIGINT, lambda: commits(tmp_path) >= 1, *SMALL, f"out={tmp_path}")
    assert status == 130, output
    assert "run the same command again to go on" in output
    ended = build(*SMALL, f"out={tmp_path}")
    assert ended.returncode == 0, ended.stderr
    assert tree(tmp_path / "datasets") == tree(undisturbed / "datasets")


def test_plan_only_counts_and_estimates_and_starts_nothing(tmp_path: Path) -> None:
    ended = build(*SMALL, f"out={tmp_path}", "plan_only=true")
    assert ended.returncode == 0, ended.stderr
    assert "image tokens" in ended.stdout
    assert "about" in ended.stdout
    assert commits(tmp_path) == 0


def test_a_larger_limit_adds_only_the_rest(tmp_path: Path) -> None:
    small = (*SMALL[:-1], f"out={tmp_path}", "ladder.rungs=[448]")
    assert build(*small, "limit=2").returncode == 0
    first = commits(tmp_path)
    ended = build(*small, "limit=4")
    assert ended.returncode == 0, ended.stderr
    assert "2 of 4 episodes are there already" in ended.stderr
    assert commits(tmp_path) > first
    fewer = build(*small, "limit=2")
    assert fewer.returncode == 0, fewer.stderr
    assert "left alone" in fewer.stderr
    assert "in 2 finished episodes" in fewer.stdout


def test_a_grown_source_makes_only_new_samples_and_the_version_names_its_chunks(tmp_path: Path) -> None:
    small = (*SMALL[:-1], f"out={tmp_path}", "ladder.rungs=[448]")
    assert build(*small, "version=first").returncode == 0
    before = tree(tmp_path)
    grown = build(*small, "source.charts=5", "version=second")
    assert grown.returncode == 0, grown.stderr
    assert "6 of 10 episodes are there already" in grown.stderr
    after = tree(tmp_path)
    assert {path: after[path] for path in before} == before
    first, second = ((tmp_path / "datasets" / name / "chunks.txt").read_text() for name in ("first", "second"))
    assert len(second.splitlines()) > len(first.splitlines())
    assert second.startswith(first)


def test_another_recipe_is_a_build_of_its_own_and_says_what_changed(undisturbed: Path, tmp_path: Path) -> None:
    shutil.copytree(undisturbed, tmp_path / "out")
    other = build(*SMALL, f"out={tmp_path / 'out'}", "agent.max_turns=4", "plan_only=true")
    assert other.returncode == 0, other.stderr
    assert "agent.max_turns 11 -> 4" in other.stderr


def test_a_version_that_is_taken_is_told_before_the_work(undisturbed: Path) -> None:
    before = commits(undisturbed)
    ended = build(*SMALL, f"out={undisturbed}", "source.charts=4")
    assert ended.returncode == 2
    assert "another version=" in ended.stderr
    assert commits(undisturbed) == before


def test_a_source_without_a_good_row_says_what_is_wrong_with_the_first(tmp_path: Path) -> None:
    (tmp_path / "test" / "png").mkdir(parents=True)
    (tmp_path / "test" / "test_human.json").write_text('[{"imgname": "a.png", "label": "1"}]')
    ended = build("source=chartqa", f"source.path={tmp_path}", f"out={tmp_path / 'out'}")
    assert ended.returncode == 2
    assert "1 missing_field; the first: test/test_human.json row 1" in ended.stderr


def test_help_explains_every_group() -> None:
    ended = build("--help")
    assert ended.returncode == 0
    for group in ("source=chartqa", "agent=reader", "ladder=all", "cluster=local", "judge=rules"):
        assert group in ended.stdout


@pytest.mark.parametrize(
    ("overrides", "expected"),
    [
        (["source=chartqa", "source.path=/nowhere"], "/nowhere"),
        (["agent.max_turn=3"], "agent.max_turns"),
        (["out=/dev/null/x"], "/dev/null"),
    ],
)
def test_settings_that_cannot_work_end_with_one_line(overrides: list[str], expected: str, tmp_path: Path) -> None:
    ended = build(f"out={tmp_path}", *overrides)
    assert ended.returncode == 2
    errors = [line for line in ended.stderr.splitlines() if line.startswith("error: ")]
    assert len(errors) == 1
    assert expected in errors[0]
    assert "Traceback" not in ended.stderr


@pytest.mark.skipif(not Path("/dev/shm").is_dir() or os.geteuid() != 0, reason="needs root to mount a tiny disk")
def test_a_full_disk_ends_with_one_line_and_nothing_half_published(tmp_path: Path) -> None:
    import subprocess

    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=600k", "tmpfs", str(tmp_path)], check=True)
    try:
        ended = build(*SMALL, f"out={tmp_path / 'out'}")
        assert ended.returncode == 2
        assert "disk is full" in ended.stderr
        assert not list(tmp_path.glob("out/datasets/*/manifest.json"))
    finally:
        subprocess.run(["umount", str(tmp_path)], check=True)
