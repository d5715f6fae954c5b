"""Sources of recorded trajectories: each row costs itself only, and its failure names file, row and field."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from storage.sources.cof_sft import CofSource
from storage.sources.protocol import SourceError, SourceFailure, SourceItem
from storage.sources.recorded import PICTURES_A_SLICE
from storage.sources.refocus_data import RefocusSource
from tests.formats.stand_ins import draw_folder, png
from tests.formats.test_cof_rows import a_row as a_cof_row
from tests.formats.test_cof_rows import crop, scene
from tests.formats.test_refocus_rows import a_row


def a_folder(root: Path, rows: Sequence[Mapping[str, Any]], drawn: Sequence[Mapping[str, Any]] | None = None) -> Path:
    draw_folder(rows if drawn is None else drawn, root)
    (root / "train.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return root


def numbered(number: int, **changes: Any) -> dict[str, Any]:
    names = {"id": f"c{number}", "image": f"png/{number}.png", "edited_image": f"edited/{number}.png"}
    return a_row(**{**names, **changes})


def read(source: RefocusSource | CofSource) -> tuple[list[SourceItem], list[SourceFailure]]:
    items = list(source.read())
    return (
        [item for item in items if isinstance(item, SourceItem)],
        [item for item in items if isinstance(item, SourceFailure)],
    )


def test_a_row_gives_its_picture_and_the_further_pictures_of_its_trajectory(tmp_path: Path) -> None:
    row = numbered(1)
    (item,), failures = read(RefocusSource(str(a_folder(tmp_path, [row]))))
    assert failures == []
    assert item.image == (tmp_path / row["image"]).read_bytes()
    assert list(item.given.values()) == [(tmp_path / row["edited_image"]).read_bytes()]
    assert item.sample.recorded is not None
    assert [ref.image_id for ref in item.sample.recorded.images] == [item.sample.image_id, *item.given]
    assert (item.sample.subset, item.sample.split) == ("chartqa_h_bar", "train")


def test_bad_rows_fail_alone_with_their_line_and_field(tmp_path: Path) -> None:
    rows = [numbered(1), numbered(2), numbered(3), numbered(4), numbered(5)]
    root = a_folder(tmp_path, rows)
    (root / "edited/2.png").unlink()
    (root / "edited/3.png").write_bytes(b"GIF8")
    (root / "png/4.png").unlink()
    lines = (root / "train.jsonl").read_text().splitlines()
    lines[4] = json.dumps(numbered(5, thoughts=7))
    more = ["no json", json.dumps({"id": "6"}), json.dumps(numbered(7, edited_image="../out.png"))]
    (root / "train.jsonl").write_text("\n".join([*lines, *more]))
    items, failures = read(RefocusSource(str(root)))
    assert [item.sample.origin for item in items] == ["train.jsonl line 1"]
    found = {failure.origin.rpartition(" ")[2]: (failure.error_class, failure.message) for failure in failures}
    assert {line: error_class for line, (error_class, _) in found.items()} == {
        "2": "image_missing",
        "3": "image_not_an_image",
        "4": "image_missing",
        "5": "bad_field",
        "6": "bad_json",
        "7": "missing_field",
        "8": "image_missing",
    }
    assert "field \"edited_image\" names 'edited/2.png'" in found["2"][1]
    assert "field \"image\" names 'png/4.png'" in found["4"][1]
    assert 'field "thoughts"' in found["5"][1]


def test_a_name_that_leaves_the_folder_is_refused(tmp_path: Path) -> None:
    root = a_folder(tmp_path, [numbered(1, edited_image="../out.png")], [a_row(image="png/1.png", edited_image="")])
    _, (failure,) = read(RefocusSource(str(root)))
    assert failure.error_class == "path_outside"


def test_edited_pictures_may_lie_in_a_folder_of_their_own(tmp_path: Path) -> None:
    row = numbered(1)
    root = a_folder(tmp_path / "rows", [row])
    (tmp_path / "elsewhere").mkdir()
    (root / "edited").rename(tmp_path / "elsewhere" / "edited")
    items, _ = read(RefocusSource(str(root / "train.jsonl"), None, str(tmp_path / "elsewhere")))
    assert len(items) == 1


def test_slices_in_their_order_are_the_whole_source(tmp_path: Path) -> None:
    rows = [numbered(number) for number in range(PICTURES_A_SLICE + 3)]
    source = RefocusSource(str(a_folder(tmp_path, rows)))
    slices = list(source.slices())
    assert [part.rows for part in slices] == [PICTURES_A_SLICE, 3]
    parts = [
        item.sample.sample_id for part in slices for item in source.read_slice(part) if isinstance(item, SourceItem)
    ]
    assert parts == [item.sample.sample_id for item in source.read() if isinstance(item, SourceItem)]


def test_a_folder_of_chain_of_focus_is_read_without_its_other_files(tmp_path: Path) -> None:
    (tmp_path / "7").mkdir()
    (tmp_path / "7/0.jpg").write_bytes(scene().data)
    (tmp_path / "7/1.jpg").write_bytes(png(crop([100, 100, 200, 160]).pixels))
    rows = [a_cof_row(), a_cof_row(images=["7/0.jpg", "7/9.jpg"]), {"messages": [], "images": []}]
    (tmp_path / "cof_sft_data.json").write_text(json.dumps(rows, indent=1))
    (tmp_path / "dataset_info.json").write_text("{}")
    (item,), failures = read(CofSource(str(tmp_path)))
    assert item.sample.origin == "cof_sft_data.json row 1"
    assert len(item.given) == 1
    said = {failure.origin: failure.message for failure in failures}
    assert "field \"images[1]\" names '7/9.jpg'" in said["cof_sft_data.json row 2"]
    assert 'field "images" has 0 pictures' in said["cof_sft_data.json row 3"]


def test_a_folder_without_rows_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="no file of rows"):
        RefocusSource(str(tmp_path))
