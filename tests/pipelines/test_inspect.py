"""The look at an unknown dataset as a command: what is printed, the command that it proposes, and the sheet."""

import json
import shlex
from pathlib import Path

import pytest
from PIL import Image

from pipelines.config import load_build
from pipelines.exit_status import ExitStatus
from pipelines.inspect import main
from storage.sources.table.settings import TableSettings
from storage.sources.table.source import TableSource
from tests.storage.sources.table_cases import COLOURS, NAMES, QUESTIONS, Case, beside, jsonl, put_pictures, rows
from tests.storage.sources.table_files import FILE_CASES
from tests.storage.sources.table_rows import ROW_CASES
from tests.storage.sources.written import chartqa, picture, read, row


def run(capsys: pytest.CaptureFixture[str], folder: Path, *arguments: str) -> tuple[int, str]:
    """The exit status, and everything that was printed."""
    status = main([*arguments, f"sheet={folder / 'sheet.png'}"])
    printed = capsys.readouterr()
    return status, printed.out + printed.err


def proposed(printed: str) -> TableSettings:
    """The settings of the source in the command that was printed."""
    command = next(line for line in printed.splitlines() if line.startswith("  python -m pipelines.build"))
    settings = load_build(shlex.split(command)[3:]).source
    assert isinstance(settings, TableSettings)
    return settings


@pytest.mark.parametrize("case", [*FILE_CASES[::4], *ROW_CASES[::4]], ids=lambda case: case.name)
def test_the_printed_command_reads_every_row(case: Case, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = case.write(tmp_path)
    status, printed = run(capsys, tmp_path, f"path={path}")
    assert status == ExitStatus.DONE
    assert "0 failures" in printed
    items, failures = read(TableSource(proposed(printed)))
    assert [item.sample.answers for item in items] == list(case.answers)
    assert not failures


def test_the_sheet_shows_the_samples_with_their_boxes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = jsonl("r.jsonl", beside(answer=COLOURS, bbox_xywh=[[12, 8, 48, 32]] * 3), NAMES)(tmp_path)
    status, printed = run(capsys, tmp_path, f"path={path}")
    assert status == ExitStatus.DONE
    assert "3 samples (0 with options, 3 with boxes)" in printed
    with Image.open(tmp_path / "sheet.png") as sheet:
        assert sheet.width > 3 * 420


def test_rows_that_would_fail_are_counted_by_class_with_an_example(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    content = rows(image=[*NAMES, "4.png"], question=[*QUESTIONS, "And now?"], answer=["red", None, "blue", "white"])
    path = jsonl("r.jsonl", content, NAMES)(tmp_path)
    status, printed = run(capsys, tmp_path, f"path={path}")
    assert status == ExitStatus.DONE
    assert "2 samples" in printed
    assert '1 missing_field, e.g. r.jsonl row 2: the row has no "answer"' in printed
    assert "1 image_missing, e.g. r.jsonl row 4" in printed


def test_boxes_that_fit_two_forms_are_left_to_the_user(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = jsonl("r.jsonl", beside(answer=COLOURS, bbox=[[10, 10, 40, 40]] * 3), NAMES)(tmp_path)
    status, printed = run(capsys, tmp_path, f"path={path}")
    assert status == ExitStatus.FAILED
    assert 'undecided: source.boxes: "bbox" may be xyxy (corners) or xywh (corner and size)' in printed
    assert "source.boxes=..." in printed


def test_pictures_in_pixels_or_on_a_grid_of_1000_are_left_to_the_user(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.png").write_bytes(picture(size=(1400, 1400)))
    boxes = [[500, 100, 600, 800], [10, 20, 900, 70]]
    path = jsonl("r.jsonl", rows(image=["a.png"] * 2, question=QUESTIONS[:2], answer=COLOURS[:2], bbox=boxes))(tmp_path)
    _, printed = run(capsys, tmp_path, f"path={path}")
    assert "undecided: source.box_unit" in printed


def test_a_dataset_without_a_known_answer_column_is_left_to_the_user(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = jsonl("r.jsonl", beside(colour=COLOURS), NAMES)(tmp_path)
    status, printed = run(capsys, tmp_path, f"path={path}")
    assert status == ExitStatus.FAILED
    assert "undecided: source.columns.answers" in printed
    status, printed = run(capsys, tmp_path, f"path={path}", "columns={answers: colour}")
    assert status == ExitStatus.DONE
    assert proposed(printed).columns["answers"] == "colour"


def test_boxes_of_columns_and_rows_are_no_evidence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = jsonl("r.jsonl", beside(answer=COLOURS, columns_bbox=[[[10, 10, 40, 40]]] * 3), NAMES)(tmp_path)
    _, printed = run(capsys, tmp_path, f"path={path}")
    assert "boxes" not in proposed(printed).columns
    assert "columns_bbox may hold boxes" in printed


def test_a_folder_of_a_named_source_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    chartqa(tmp_path / "set", human=[row()], augmented=[row(query="Which?")])
    (tmp_path / "set" / "test" / "tables").mkdir()
    (tmp_path / "set" / "test" / "tables" / "a.csv").write_text("a,b\n1,2\n")
    status, printed = run(capsys, tmp_path, f"path={tmp_path / 'set'}")
    assert status == ExitStatus.DONE
    assert f"source=chartqa source.path={tmp_path / 'set'}" in printed


def test_pictures_that_are_nowhere_are_left_to_the_user(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "nothing beside" / "set"  # the folder above a set is looked into, too
    folder.mkdir(parents=True)
    path = jsonl("r.jsonl", beside(answer=COLOURS))(folder)
    status, printed = run(capsys, tmp_path, f"path={path}")
    assert status == ExitStatus.FAILED
    assert "undecided: source.pictures" in printed


def test_a_path_with_spaces_and_commas_is_quoted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "my set, 2 (new)"
    folder.mkdir()
    put_pictures(folder)
    (folder / "r.json").write_text(json.dumps(beside(answer=COLOURS)))
    _, printed = run(capsys, tmp_path, f'path="{folder / "r.json"}"')
    assert proposed(printed).path == str(folder / "r.json")
