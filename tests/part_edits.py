"""Drawn tables and figures with questions, and ReFocus's programs that edit the right parts for each question."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lensmill.geometry import Box
from lensmill.sample import Region, RegionKind
from lensmill.testing.script import Script, StubReply, StubRequest
from lensmill.tools import EditKind, edit_name
from storage.sources.synthetic.table_look import TableLook
from tests.perception.printed import PrintedTable, printed_figure, printed_table

SIDE = 900
"""Pixels of a picture's width."""

ENOUGH = 0.7
"""IoU of a found part with the drawn one. A table without rules shows no edges of its columns."""


@dataclass(frozen=True, slots=True)
class PartEdit:
    """A question, and the program that a model writes for it.

    Attributes:
        picture: file of the picture.
        shown, hidden: boxes of the parts that the program focuses on, and of the others of their kind, as drawn, in
            shares of the picture's width and height.
    """

    picture: str
    question: str
    answer: str
    thought: str
    program: str
    kind: RegionKind
    edit: EditKind
    shown: tuple[Box, ...]
    hidden: tuple[Box, ...]

    @property
    def turns(self) -> tuple[str, str]:
        """The model's replies."""
        return (
            f"THOUGHT 0: {self.thought}\n\nACTION 0:\n```python\n{self.program}\n```",
            f"THOUGHT 1: I see it.\nANSWER: It is {self.answer}. FINAL ANSWER: {self.answer}. TERMINATE",
        )


def draw_part_edits(folder: Path) -> list[PartEdit]:
    """Write pictures and `rows.jsonl` (image, question, answer) for `source=table`; returns the edit of each row."""
    edits: list[PartEdit] = []
    looks: tuple[tuple[int, TableLook, bool], ...] = (
        *((1, "grid", False), (5, "bare", False), (4, "plain", False)),
        *((3, "rules", True), (0, "rules", False), (2, "zebra", False)),
    )
    for seed, look, spanning in looks:
        table, name = printed_table(seed, look, spanning, SIDE), f"table{seed}.png"
        table.canvas.image.save(folder / name)
        edits += _table_edits(name, table, seed)
    for seed in (0, 2, 4):
        canvas, panels = printed_figure(seed, SIDE)
        name = f"figure{seed}.png"
        canvas.image.save(folder / name)
        asks: tuple[tuple[EditKind, int, str], ...] = (
            ("mask", -1, "Which panel is about {}?"),
            ("draw", -2, "What is the letter of the panel on {}?"),
            ("highlight", -1, "Give the letter of the panel with {}."),
        )
        for edit, place, ask in asks:
            panel = panels[place]
            task = (name, ask.format(panel.title), panel.letter, f'The panel on "{panel.title}" is asked for.')
            regions = [other.region for other in panels]
            named = f"[label for label in subplots_bbox if {panel.title!r} in label]"
            edits.append(_edit(task, canvas.image.size, regions, [panel.region.label], edit, named))
    assert len({edit.question for edit in edits}) == len(edits)
    rows = [{"image": edit.picture, "question": edit.question, "answer": edit.answer} for edit in edits]
    (folder / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return edits


def _table_edits(name: str, table: PrintedTable, seed: int) -> list[PartEdit]:
    """The first column with another one is kept, and a row is marked."""
    sheet, size = table.drawn.sheet, table.canvas.image.size
    spanned = [f"{sheet.spanning} {header}" if sheet.spanning and place else header
               for place, header in enumerate(sheet.headers)]  # fmt: skip
    regions = [
        Region(r.kind, spanned[place] if r.kind == "columns" else r.label, r.box)
        for place, r in enumerate(table.drawn.regions)
    ]
    columns, rows = ([r for r in regions if r.kind == kind] for kind in ("columns", "rows"))
    row, column = len(rows) // 2, len(columns) - 1
    what = f"{columns[column].label} of {rows[row].label}"
    thought = "I need one row and one column."
    task = (name, f"What is the {what}?", sheet.rows[row][column], thought)
    keep = [columns[0].label, columns[column].label]
    by_column: EditKind = ("mask", "highlight", "draw")[seed % 3]  # type: ignore[assignment]
    by_row: EditKind = ("draw", "mask", "highlight")[seed % 3]  # type: ignore[assignment]
    return [
        _edit(task, size, columns, keep if by_column == "mask" and len(columns) > 2 else keep[1:], by_column),
        _edit((name, f"Read off the {what}.", *task[2:]), size, rows, [rows[row].label], by_row),
    ]


def _edit(
    task: tuple[str, str, str, str],
    size: tuple[int, int],
    regions: Sequence[Region],
    focus: list[str],
    edit: EditKind,
    named: str = "",
) -> PartEdit:
    """`named` is how the program says which parts to focus on; the list of `focus` by default."""
    kind = regions[0].kind
    program = f"focused = {edit_name(edit, kind)}(image_1, {named or repr(focus)}, {kind}_bbox)\ndisplay(focused)"
    width, height = size
    shares = {r.label: Box(r.box.x1 / width, r.box.y1 / height, r.box.x2 / width, r.box.y2 / height) for r in regions}
    hidden = tuple(box for label, box in shares.items() if label not in focus)
    return PartEdit(*task, program, kind, edit, tuple(shares[label] for label in focus), hidden)


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
    changed = np.abs(view.astype(int) - shown.astype(int)).max(axis=2) > 24
    assert changed.any()
    if edit.edit == "mask":
        for box in edit.hidden:
            assert _part(shown, box).min(axis=-1).mean() > 253, f"{edit.question}: a part is not white"
        if edit.kind == "subplots":
            assert (shown[changed].min(axis=-1) > 250).all(), f"{edit.question}: something else than white was drawn"
        for box in edit.shown:
            assert _part(changed, box).mean() < 0.005, f"{edit.question}: the part in focus has changed"
        return
    found = _around(changed)
    wanted = _union(edit.shown)
    assert found.iou(wanted) > ENOUGH, f"{edit.question}: {found} is not {wanted}"
    if edit.edit == "draw":
        for box in (*edit.shown, *edit.hidden):
            assert _part(changed, box).mean() < 0.02, f"{edit.question}: the outline lies over a part"


def _part(values: NDArray[Any], box: Box) -> NDArray[Any]:
    """What lies in a box (in shares), without its rim."""
    height, width = values.shape[:2]
    rim = round(0.008 * max(width, height))
    return values[round(box.y1 * height) + rim : round(box.y2 * height) - rim,
                  round(box.x1 * width) + rim : round(box.x2 * width) - rim]  # fmt: skip


def _around(changed: NDArray[np.bool_]) -> Box:
    """The box around all changed pixels, in shares."""
    ys, xs = np.flatnonzero(changed.any(axis=1)), np.flatnonzero(changed.any(axis=0))
    height, width = changed.shape
    return Box(xs[0] / width, ys[0] / height, (xs[-1] + 1) / width, (ys[-1] + 1) / height)


def _union(boxes: Sequence[Box]) -> Box:
    whole = boxes[0]
    for box in boxes[1:]:
        whole = whole.union(box)
    return whole
