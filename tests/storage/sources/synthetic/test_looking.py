"""The command that writes the pictures for inspection."""

import json
from pathlib import Path

from storage.sources.synthetic import SyntheticSource
from storage.sources.synthetic.__main__ import main

SMALL = ["--side", "480", "--charts", "2", "--posters", "1"]


def test_the_files_are_what_the_source_yields(tmp_path: Path) -> None:
    main(["--out", str(tmp_path), *SMALL])
    made = [illustration.png for _, illustration in SyntheticSource(side=480, charts=2, posters=1).illustrations()]
    assert sorted(path.read_bytes() for path in tmp_path.glob("*.png")) == sorted(made)


def test_the_questions_come_as_json_lines(tmp_path: Path) -> None:
    main(["--out", str(tmp_path), *SMALL])
    rows = [json.loads(line) for line in (tmp_path / "questions.jsonl").read_text(encoding="utf-8").splitlines()]
    assert len(rows) == 9
    for row in rows:
        assert (tmp_path / row["picture"]).is_file()
        assert row["question"]
        assert row["answers"]
        assert row["targets"]


def test_boxes_change_the_pictures_only(tmp_path: Path) -> None:
    main(["--out", str(tmp_path / "plain"), *SMALL])
    main(["--out", str(tmp_path / "boxes"), *SMALL, "--boxes"])
    plain, boxes = ((tmp_path / name / "questions.jsonl").read_text(encoding="utf-8") for name in ("plain", "boxes"))
    assert plain == boxes
    for path in (tmp_path / "plain").glob("*.png"):
        assert path.read_bytes() != (tmp_path / "boxes" / path.name).read_bytes()
