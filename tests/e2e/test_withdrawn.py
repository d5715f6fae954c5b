"""What a source withdraws, for real: a half-mounted folder at a schedule's gates, and rows that leave the versions."""

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest
from PIL import Image, ImageDraw

from tests.e2e.conftest import run
from tests.read_version import ACCEPTED, read_rows

SMALL = ("source=chartqa", "ladder.rungs=[448]", "chunk_size=4", "cluster.workers=1")
OPEN = ("gates.min_yield=0", "gates.min_accepted=0")


def draw(folder: Path, number: int, value: int) -> None:
    """A picture of two labelled bars, the second `value` high."""
    picture = Image.new("RGB", (320, 240), "white")
    pen = ImageDraw.Draw(picture)
    for place, (year, height) in enumerate(((2001, 40 + number), (2002, value))):
        pen.rectangle((60 + place * 120, 200 - height, 120 + place * 120, 200), fill=(40, 90, 200))
        pen.text((76 + place * 120, 206), str(year), fill="black", font_size=16)
        pen.text((80 + place * 120, 180 - height), str(height), fill="black", font_size=16)
    picture.save(folder / "test" / "png" / f"{number}.png")


def a_source(folder: Path, numbers: Sequence[int]) -> None:
    """One question about each of these pictures."""
    (folder / "test" / "png").mkdir(parents=True, exist_ok=True)
    for number in numbers:
        draw(folder, number, 100 + number)
    rows = [
        {"imgname": f"{number}.png", "query": "What was the value in 2002?", "label": str(100 + number)}
        for number in numbers
    ]
    (folder / "test" / "test_human.json").write_text(json.dumps(rows))


def job(name: str, tmp_path: Path, *overrides: str) -> subprocess.CompletedProcess[str]:
    given = (*SMALL, *OPEN) if name == "nightly" else SMALL
    return run(name, *given, f"source.path={tmp_path / 'data'}", f"out={tmp_path / 'out'}", *overrides)


def ids(version: Path, column: str = "sample_id") -> set[str]:
    """Of the accepted and rejected rows."""
    return {row[column] for row in read_rows(version, *ACCEPTED, "rejected", columns=[column])}


def test_a_half_mounted_folder_is_refused_and_the_whole_folder_passes(tmp_path: Path) -> None:
    pictures = tmp_path / "data" / "test" / "png"
    a_source(tmp_path / "data", range(9))
    first = job("nightly", tmp_path)
    assert first.returncode == 0, first.stderr
    (version,) = (tmp_path / "out" / "datasets").iterdir()
    for number in range(7):
        (pictures / f"{number}.png").rename(tmp_path / f"{number}.png")
    refused = job("nightly", tmp_path)
    assert refused.returncode == 3, refused.stderr
    (line,) = [line for line in refused.stderr.splitlines() if line.startswith("refused: ")]
    assert "7 of the source's 9 rows unreadable (gates.max_unreadable=0.2)" in line
    assert "2 samples in the source after 9 (gates.source_shrinks=0.1)" in line
    assert [*(tmp_path / "out" / "datasets").iterdir()] == [version]
    for number in range(7):
        (tmp_path / f"{number}.png").rename(pictures / f"{number}.png")
    again = job("nightly", tmp_path)
    assert again.returncode == 0, again.stderr
    assert f"nothing new since {version.name}" in again.stderr


def test_withdrawn_and_excluded_rows_leave_the_version(tmp_path: Path) -> None:
    a_source(tmp_path / "data", range(5))
    first = job("build", tmp_path, "version=first")
    assert (tmp_path / "out/datasets/first/manifest.json").exists(), first.stderr
    gone = json.loads((tmp_path / "data/test/test_human.json").read_text())
    (tmp_path / "data/test/test_human.json").write_text(json.dumps(gone[1:]))
    takedown = tmp_path / "takedown.txt"
    images = sorted(ids(tmp_path / "out/datasets/first", "image_id"))
    takedown.write_text(f"# asked for\ntest/test_human.json row 1\n{'e' * 32}\n")  # by now the second row
    second = job("build", tmp_path, "version=second", f"exclude={takedown}")
    assert "withdrawn: 1 sample not in the source any more leave" in second.stderr
    assert f"exclude: 1 of its ids name no row of this version; the first: {'e' * 32}" in second.stderr
    kept = job("build", tmp_path, "version=kept", "source.withdrawn=keep", "chunk_size=8")
    assert "note: chunk_size=8 holds for what is planned from now on" in kept.stderr
    assert "stay in the version (source.withdrawn=keep)" in kept.stderr
    counts = [len(ids(tmp_path / f"out/datasets/{name}")) for name in ("first", "second", "kept")]
    assert (counts, len(images)) == ([5, 3, 5], 5)
    told = run("verify", str(tmp_path / "out"))
    assert told.returncode == 0, told.stdout + told.stderr


@pytest.mark.parametrize(
    ("text", "expected"), [(None, "there is no such file"), (b"\xff\xfe", "not UTF-8"), (b"ab" * 15, "line 1")]
)
def test_a_list_that_cannot_be_read_ends_the_job_before_any_work(
    text: bytes | None, expected: str, tmp_path: Path
) -> None:
    a_source(tmp_path / "data", range(1))
    if text is not None:
        (tmp_path / "takedown.txt").write_bytes(text)
    ended = job("build", tmp_path, f"exclude={tmp_path / 'takedown.txt'}")
    assert ended.returncode == 2
    (line,) = [line for line in ended.stderr.splitlines() if line.startswith("error: ")]
    assert expected in line
    assert not (tmp_path / "out").exists()
