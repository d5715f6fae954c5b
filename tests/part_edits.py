"""Drawn tables and figures with questions, and ReFocus's programs that edit the right parts for each question."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lensmill.geometry import Box
from lensmill.sample import Region, RegionKind
from lensmill.testing.script import Script, StubReply, StubRequest
from lensmill.tools import EditKind, edit_name
from storage.sources.synthetic.table_look import TableLook
from tests.perception.printed import printed_figure, printed_table

SIDE = 900
"""Pixels of a picture's width."""

ENOUGH = 0.7
"""IoU of a found part with the drawn one. A table without rules shows no edges of its columns."""

TABLES: tuple[tuple[int, TableLook, bool], ...] = (
    *((1, "grid", False), (5, "bare", False), (4, "plain", False)),
    *((3, "rules", True), (0, "rules", False), (2, "zebra", False)),
)
"""Seed, look, and whether a header spans several columns."""

FIGURES = (0, 2, 4)

_ASKED: tuple[tuple[EditKind, int, str], ...] = (
    ("mask", -1, "Which panel is about {}?"),
    ("draw", -2, "What is the letter of the panel on {}?"),
    ("highlight", -1, "Give the letter of the panel with {}."),
)

_OF_COLUMNS: tuple[EditKind, ...] = ("mask", "highlight", "draw")
_OF_ROWS: tuple[EditKind, ...] = ("draw", "mask", "highlight")


@dataclass(frozen=True, slots=True)
class PartEdit:
    """A question, and the edit that a model's program makes for it.

    Attributes:
        picture: file of the picture.
        regions: all parts of the picture as drawn; boxes are in shares of its width and height.
        focus: labels of the parts that the program focuses on.
        named: how the program names these labels.
    """

    picture: str
    question: str
    answer: str
    thought: str
    regions: tuple[Region, ...]
    kind: RegionKind
    edit: EditKind
    focus: tuple[str, ...]
    named: str

    @property
    def program(self) -> str:
        """The model's code."""
        return f"focused = {edit_name(self.edit, self.kind)}(image_1, {self.named}, {self.kind}_bbox)\ndisplay(focused)"

    @property
    def turns(self) -> tuple[str, str]:
        """The model's replies."""
        return (
            f"THOUGHT 0: {self.thought}\n\nACTION 0:\n```python\n{self.program}\n```",
            f"THOUGHT 1: I see it.\nANSWER: It is {self.answer}. FINAL ANSWER: {self.answer}. TERMINATE",
        )

    def boxes(self, focused: bool) -> list[Box]:
        """The drawn boxes of the parts in focus, or of the others of their kind."""
        return [r.box for r in self.regions if r.kind == self.kind and (r.label in self.focus) == focused]


def draw_part_edits(folder: Path) -> list[PartEdit]:
    """Write pictures and `rows.jsonl` (image, question, answer) for `source=table`; returns the edit of each row."""
    edits = [edit for table in TABLES for edit in _of_table(folder, *table)]
    edits += [edit for seed in FIGURES for edit in _of_figure(folder, seed)]
    assert len({edit.question for edit in edits}) == len(edits)
    rows = [{"image": edit.picture, "question": edit.question, "answer": edit.answer} for edit in edits]
    (folder / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return edits


def _of_table(folder: Path, seed: int, look: TableLook, spanning: bool) -> Iterator[PartEdit]:
    """The cell in the last column of the middle row, once by its column and once by its row."""
    table, name = printed_table(seed, look, spanning, SIDE), f"table{seed}.png"
    table.canvas.image.save(folder / name)
    sheet, (first, *others) = table.drawn.sheet, table.drawn.regions
    named = [
        replace(r, label=f"{sheet.spanning} {r.label}") if r.kind == "columns" and sheet.spanning else r for r in others
    ]
    regions = _in_shares([first, *named], table.canvas.image.size)
    column = [r.label for r in regions if r.kind == "columns"][-1]
    row, by = len(sheet.rows) // 2, seed % 3
    what, answer, thought = f"{column} of {sheet.rows[row][0]}", sheet.rows[row][-1], "I need one row and one column."
    keep = (first.label, column) if _OF_COLUMNS[by] == "mask" else (column,)
    asked = (name, f"What is the {what}?", answer, thought, regions)
    yield PartEdit(*asked, "columns", _OF_COLUMNS[by], keep, repr(list(keep)))
    asked = (name, f"Read off the {what}.", answer, thought, regions)
    yield PartEdit(*asked, "rows", _OF_ROWS[by], (sheet.rows[row][0],), repr([sheet.rows[row][0]]))


def _of_figure(folder: Path, seed: int) -> Iterator[PartEdit]:
    canvas, panels = printed_figure(seed, SIDE)
    name = f"figure{seed}.png"
    canvas.image.save(folder / name)
    regions = _in_shares([panel.region for panel in panels], canvas.image.size)
    for edit, place, ask in _ASKED:
        title, letter = panels[place].title, panels[place].letter
        named = f"[label for label in subplots_bbox if {title!r} in label]"  # small letters may be read amiss
        asked = (name, ask.format(title), letter, f'The panel on "{title}" is asked for.', regions)
        yield PartEdit(*asked, "subplots", edit, (regions[place].label,), named)


def _in_shares(regions: Sequence[Region], size: tuple[int, int]) -> tuple[Region, ...]:
    width, height = size
    return tuple(
        replace(r, box=Box(r.box.x1 / width, r.box.y1 / height, r.box.x2 / width, r.box.y2 / height)) for r in regions
    )


def scripted(edits: Sequence[PartEdit]) -> Script:
    """A model that writes the program of the question that it is asked, and then answers."""

    def reply(request: StubRequest) -> StubReply:
        asked = "\n".join(request.texts)
        turns = next((edit.turns for edit in edits if edit.question in asked), ("OK",))
        return StubReply(turns[min(request.turn, len(turns) - 1)])

    return reply


def assert_edited(edit: PartEdit, view: NDArray[np.uint8], shown: NDArray[np.uint8]) -> None:
    """The picture that the program showed is the view with the drawn parts edited, and nothing else of note.

    Args:
        view, shown: pixels, height x width x 3, of one size.
    """
    assert view.shape == shown.shape
    told = f"{edit.picture}: {edit.program}"
    changed = np.abs(view.astype(int) - shown.astype(int)).max(axis=2) > 24
    if edit.edit == "mask":
        for box in edit.boxes(focused=False):
            printed = _part(shown, box)[_printed(_part(view, box))]
            assert (printed.min(axis=-1) > 250).mean() > 0.9, f"{told}: print is left"
        for box in edit.boxes(focused=True):
            assert _part(changed, box).mean() < 0.005, f"{told}: the part in focus has changed"
        assert (shown[changed].min(axis=-1) > 250).all(), f"{told}: something else than white was drawn"
        return
    found, wanted = _around(changed), _union(edit.boxes(focused=True))
    assert found.iou(wanted) > ENOUGH, f"{told}: {found} is not {wanted}"
    if edit.edit == "draw":
        for region in edit.regions:
            if region.kind == edit.kind:
                printed = _printed(_part(view, region.box))
                assert _part(changed, region.box)[printed].mean() < 0.05, f"{told}: the outline lies over print"


def _part(values: NDArray[Any], box: Box) -> NDArray[Any]:
    """The pixels in a box (in shares), without its rim."""
    height, width = values.shape[:2]
    rim = round(0.008 * max(width, height))
    x1, y1 = round(box.x1 * width) + rim, round(box.y1 * height) + rim
    x2, y2 = round(box.x2 * width) - rim, round(box.y2 * height) - rim
    return values[y1:y2, x1:x2]


def _printed(part: NDArray[Any]) -> NDArray[np.bool_]:
    """Which pixels of a part are no blank ground; a table without rules has more ground than its found columns."""
    ground = np.median(part.reshape(-1, 3), axis=0)
    printed: NDArray[np.bool_] = np.abs(part - ground).max(axis=-1) > 60
    return printed


def _around(changed: NDArray[np.bool_]) -> Box:
    """The box around all changed pixels, in shares."""
    assert changed.any()
    ys, xs = np.flatnonzero(changed.any(axis=1)), np.flatnonzero(changed.any(axis=0))
    height, width = changed.shape
    return Box(xs[0] / width, ys[0] / height, (xs[-1] + 1) / width, (ys[-1] + 1) / height)


def _union(boxes: Sequence[Box]) -> Box:
    whole = boxes[0]
    for box in boxes[1:]:
        whole = whole.union(box)
    return whole
