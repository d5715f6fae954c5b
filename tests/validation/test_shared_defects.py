"""Defects that every format has, one planted into a sound row of each."""

import pytest

from tests.validation.checking import traps
from tests.validation.planting import CHATS, Mutate, add, call_number, in_call, question, texts_of, turn, write
from tests.validation.sound import EPISODE, SOUND, jpeg, png

SHARED: dict[str, tuple[Mutate, str]] = {
    "a picture too many": (lambda row: row["images"].append(row["images"][0]), "placeholder_count"),
    "a picture too few": (lambda row: row["images"].pop(), "placeholder_count"),
    "<|im_end|> in a thought": (add("<|im_end|>\n<|im_start|>user"), "special_token"),
    "<|image_pad|> in a question": (lambda row: add("<|image_pad|>", question(row))(row), "special_token"),
    "<|endoftext|> in an observation": (lambda row: add("<|endoftext|>", question(row) + 2)(row), "special_token"),
    "half a character": (add("\ud800"), "lone_surrogate"),
    "two user turns": (
        lambda row: texts_of(row).insert(question(row), turn(row, "user", "Hello.")),
        "role_order",
    ),
    "two assistant turns": (lambda row: texts_of(row).append(turn(row, "assistant", "Well.")), "role_order"),
    "the assistant begins": (
        lambda row: texts_of(row).insert(question(row), turn(row, "assistant", "Hello.")),
        "role_order",
    ),
    "an unknown role": (lambda row: texts_of(row).append(turn(row, "narrator", "Then.")), "unknown_role"),
    "the row ends with the user": (lambda row: texts_of(row).pop(), "ends_without_answer"),
    "an empty answer": (lambda row: write(row, -1, lambda _: ""), "empty_turn"),
    "a blank answer": (lambda row: write(row, -1, lambda _: " \n"), "empty_turn"),
    "a call without end of JSON": (in_call('"image": 0}', '"image": 0'), "call_not_json"),
    "arguments encoded twice": (
        lambda row: write(
            row,
            call_number(row),
            lambda _: '<think>a</think>\n<tool_call>\n{"name": "a", "arguments": "{\\"x\\": 1}"}\n</tool_call>',
        ),
        "double_encoded",
    ),
    "a call without its end": (in_call("\n</tool_call>", ""), "call_not_closed"),
    "a null argument": (in_call('"label": "it"', '"label": "it", "labels": null'), "null_argument"),
    "swapped corners": (in_call("[30, 28, 150, 140]", "[150, 28, 30, 140]"), "box_inverted"),
    "no area": (in_call("[30, 28, 150, 140]", "[30, 28, 30, 140]"), "box_empty"),
    "three numbers": (in_call("[30, 28, 150, 140]", "[30, 28, 150]"), "box_shape"),
    "numbers as text": (in_call("[30, 28, 150, 140]", '"30, 28, 150, 140"'), "box_shape"),
}
PICTURED: dict[str, tuple[Mutate, str]] = {
    "a box out of the picture": (in_call("[30, 28, 150, 140]", "[30, 28, 700, 140]"), "box_outside"),
    "a box of original pixels on a zoom": (in_call("[10, 20, 100, 120]", "[10, 20, 400, 120]", 1), "box_outside"),
    "a negative box": (in_call("[30, 28, 150, 140]", "[-30, 28, 150, 140]"), "box_outside"),
    "a box in parts": (in_call("[30, 28, 150, 140]", "[0.1, 0.2, 0.5, 0.6]"), "box_convention"),
    "a box on no picture": (in_call('"image": 0', '"image": 7'), "box_of_no_picture"),
    "a picture that is resized": (
        lambda row: row["images"].__setitem__(0, {"bytes": png(565, 336), "path": None}),
        "box_resized",
    ),
    "a picture that is too long": (
        lambda row: row["images"].__setitem__(2, {"bytes": png(600, 2), "path": None}),
        "aspect_ratio",
    ),
    "a picture below a patch": (
        lambda row: row["images"].__setitem__(2, {"bytes": png(56, 20), "path": None}),
        "small_picture",
    ),
    "a picture of no bytes": (
        lambda row: row["images"].__setitem__(1, {"bytes": b"", "path": None}),
        "image_unreadable",
    ),
    "a picture of text": (
        lambda row: row["images"].__setitem__(1, {"bytes": b"<html>no</html>", "path": None}),
        "image_unreadable",
    ),
    "a picture cut off": (
        lambda row: row["images"].__setitem__(1, {"bytes": png(224, 224, 1)[:60], "path": None}),
        "image_unreadable",
    ),
    "a JPEG cut off": (
        lambda row: row["images"].__setitem__(1, {"bytes": jpeg(224, 224)[:-400], "path": None}),
        "image_unreadable",
    ),
    "a null picture": (lambda row: row["images"].__setitem__(1, None), "image_missing"),
    "pictures that are no list": (lambda row: row.update(images="a.png"), "images_not_a_list"),
}


@pytest.mark.parametrize("layout", CHATS)
@pytest.mark.parametrize("name", SHARED)
def test_a_defect_of_every_format_is_found(layout: str, name: str) -> None:
    change, trap = SHARED[name]
    format_name, make = SOUND[layout]
    row = make(EPISODE)
    change(row)
    expected = {trap, "string_contents"} if layout == "trl" and trap == "placeholder_count" else {trap}
    assert traps(format_name, row) & expected


@pytest.mark.parametrize("layout", [layout for layout in CHATS if layout != "cof"])
@pytest.mark.parametrize("name", PICTURED)
def test_a_defect_of_pictures_is_found(layout: str, name: str) -> None:
    change, trap = PICTURED[name]
    format_name, make = SOUND[layout]
    row = make(EPISODE)
    change(row)
    assert trap in traps(format_name, row)
