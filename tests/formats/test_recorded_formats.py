"""The formats of Chain-of-Focus and of ReFocus, as exports write them."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from lensmill.formats.cof import CofSettings
from lensmill.formats.example import Example, LeftOut, PictureFile
from lensmill.formats.refocus import FOCUS, RefocusSettings
from lensmill.formats.settings import FormatSettings
from lensmill.formats.spec import FORMATS
from lensmill.formats.target import target_of
from lensmill.trajectory import Trajectory
from storage.exports.pictures import place_of
from tests.formats import test_cof_rows as cof
from tests.formats import test_refocus_rows as refocus
from tests.formats.examples import BOX, VIEW, an_example
from tests.formats.published import published


def rows(settings: FormatSettings, example: Example) -> list[Mapping[str, Any]]:
    return [*FORMATS.of(settings).rows(settings, example)]


def imported(trajectory: Trajectory, row: Mapping[str, Any]) -> Example:
    """An imported trajectory as a version has it."""
    files = tuple(PictureFile(b"", f"{ref.image_id}.png", ref.frame) for ref in trajectory.images)
    return replace(an_example(), trajectory=trajectory, pictures=files, row=row)


def an_imported_chain() -> tuple[dict[str, Any], Example]:
    row = cof.a_row(cof.zoom(), cof.SAY)
    return row, imported(
        cof.trajectory_of(row, cof.crop(cof.BOX)),
        published(cof.made_of(row, cof.crop(cof.BOX)), cof.scene()),
    )


def test_an_imported_chain_comes_back_with_its_messages_and_pictures_by_content() -> None:
    row, example = an_imported_chain()
    (found,) = rows(CofSettings(), example)
    assert found["messages"] == row["messages"]
    assert [picture.name for picture in found["images"]] == [picture.name for picture in example.pictures]
    assert [picture.recorded for picture in found["images"]] == [path.removeprefix("./") for path in row["images"]]


def test_an_imported_chain_is_left_out_where_the_target_writes_boxes_in_another_way() -> None:
    with pytest.raises(LeftOut, match="export with format"):
        rows(CofSettings(target="qwen3_vl"), an_imported_chain()[1])


def test_pictures_that_rows_name_alike_keep_files_of_their_own() -> None:
    row = refocus.a_row(image="same.png", edited_image="same.png")
    made = refocus.made_of(row)
    (found,) = rows(RefocusSettings(), imported(refocus.trajectory_of(row), published(made, refocus.picture("white"))))
    assert place_of(found["image"]) != place_of(found["edited_image"])
    assert place_of(found["image"]).endswith("/same.png")
    assert {field for field in row if found[field] != row[field]} == {"image", "edited_image"}


@pytest.mark.parametrize(("target", "most"), [("qwen2_5_vl", 0), ("qwen2_5_vl", 50_000), ("qwen3_vl", 0)])
def test_boxes_in_the_texts_of_refocus_are_those_that_the_target_writes_about_the_picture(
    target: str, most: int
) -> None:
    example = an_example(frames=(VIEW, VIEW))
    settings = RefocusSettings(variant="vcot", target=target, max_pixels=most)
    (row,) = rows(settings, example)
    numbers = [round(number) for number in target_of(target, most).numbers(BOX, VIEW)]
    box = dict(zip(("x1", "y1", "x2", "y2"), numbers, strict=True))
    assert row["response"].startswith(f"{FOCUS}[{box}]\n")
