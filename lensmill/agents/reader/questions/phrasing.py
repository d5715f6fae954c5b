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


_READS = (
    "The value for {place} is {value}.",
    "At {place} it says {value}.",
    "{place} has {value}.",
    "For {place} I read {value}.",
)
_MEASURES = (
    "The value for {place} is {value}.",
    "By the axis, {place} is at {value}.",
    "{place} reaches {value} on the axis.",
    "For {place} I measure {value} against the axis.",
)
_NOUNS = ("{value}, at {place}.", "{value} ({place}).", "{value}, which is {place}.")
_LISTS = (
    "The values are {values}.",
    "I read {values}.",
    "These are the values: {values}.",
    "The chart gives {values}.",
)


def reads(grid: Grid, cell: Cell, noun_only: bool = False) -> str:
    """A sentence that gives the value of a cell."""
    ways = _NOUNS if noun_only else _MEASURES if cell.measured else _READS
    return _way(grid, ways).format(place=place(grid, cell), value=shown(cell))


def listed(grid: Grid, cells: tuple[Cell, ...]) -> str:
    """One sentence with the values, the first few of many."""
    parts = [f"{place(grid, cell)} {shown(cell)}" for cell in cells[:_MANY]]
    more = f" and {len(cells) - _MANY} more" if len(cells) > _MANY else ""
    return _way(grid, _LISTS).format(values=f"{', '.join(parts)}{more}")


def _way(grid: Grid, ways: tuple[str, ...]) -> str:
    return ways[grid.manner % len(ways)]


def called(extreme: Extreme) -> str:
    """The words for an extreme, e.g. "second highest"."""
    ordinal = _ORDINALS.get(extreme.rank, f"{extreme.rank}th ")
    return f"{ordinal}{'highest' if extreme.kind == 'high' else 'lowest'}"
