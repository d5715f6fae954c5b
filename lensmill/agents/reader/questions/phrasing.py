"""Words for thoughts: what a value is called, and sentences that say what was read."""

from lensmill.agents.reader.questions.grid import Grid, clean_label
from lensmill.agents.reader.questions.numerals import written
from lensmill.agents.reader.questions.template import Extreme
from lensmill.perception.chart import Cell

_ORDINALS = {1: "", 2: "second ", 3: "third ", 4: "fourth ", 5: "fifth "}
_MANY = 12  # values named one by one in a thought


def place(grid: Grid, cell: Cell) -> str:
    """Where a value stands: its category, and its series where there are several."""
    category = f"'{clean_label(cell.category)}'"
    return category if grid.single or not cell.series else f"{category} ({clean_label(cell.series)})"


def shown(cell: Cell) -> str:
    """A value as printed, or as measured."""
    return f"about {written(cell.value)}" if cell.measured else cell.text.strip() or written(cell.value)


def reads(grid: Grid, cell: Cell, noun_only: bool = False) -> str:
    """A sentence that gives the value of a cell."""
    if noun_only:
        return f"{shown(cell)}, at {place(grid, cell)}."
    return f"The value for {place(grid, cell)} is {shown(cell)}."


def listed(grid: Grid, cells: tuple[Cell, ...]) -> str:
    """One sentence with the values, the first few of many."""
    parts = [f"{place(grid, cell)} {shown(cell)}" for cell in cells[:_MANY]]
    more = f" and {len(cells) - _MANY} more" if len(cells) > _MANY else ""
    return f"The values are {', '.join(parts)}{more}."


def called(extreme: Extreme) -> str:
    """The words for an extreme, e.g. "second highest"."""
    ordinal = _ORDINALS.get(extreme.rank, f"{extreme.rank}th ")
    return f"{ordinal}{'highest' if extreme.kind == 'high' else 'lowest'}"
