"""The figures of one chart: some rows and columns of a table, chosen at random, and the words for them."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from random import Random

from storage.sources.synthetic.facts import Column, FactTable

LEAST_CATEGORIES = 3
"""The least number of categories where the number of series is chosen: such charts differ in their series only."""


@dataclass(frozen=True, slots=True)
class Grid:
    """The figures of one chart.

    Attributes:
        categories, series: names along the axis and in the legend; series is ("",) for a single series.
        values: values[category index][series index], all with the same number of decimals.
        measure: the noun for the figures, e.g. "population".
        title: as printed above the chart, without the unit.
        row_prep, column_prep: join a category and a series (or the other way round) to the measure.
        fixed: a phrase that holds for all figures, e.g. "in 2010"; may be empty.
        category_first: whether a sentence names the category before the series.
        category_noun, categories_noun, series_noun, series_nouns: e.g. "state", "states", "census", "censuses".
        timeline: the categories are points in time.
        additive: figures may be summed: those of one series, or those of one category if `parts_in_rows`.
    """

    categories: tuple[str, ...]
    series: tuple[str, ...]
    values: tuple[tuple[Decimal, ...], ...]
    measure: str
    unit: str
    title: str
    category_prep: str
    series_prep: str
    fixed: str
    category_first: bool
    category_noun: str
    categories_noun: str
    series_noun: str
    series_nouns: str
    timeline: bool
    additive: bool
    parts_in_rows: bool
    source: str
    table: str

    @property
    def largest(self) -> Decimal:
        """The largest figure."""
        return max(max(row) for row in self.values)

    @property
    def largest_total(self) -> Decimal:
        """The largest sum of a category's figures."""
        return max(sum(row, Decimal(0)) for row in self.values)

    def phrase(self, category: str, series: str = "") -> str:
        """A noun phrase for a figure, e.g. "population of Ohio in 2010"."""
        parts = [f"{self.category_prep} {category}", f"{self.series_prep} {series}" if series else self.fixed]
        if not self.category_first:
            parts.reverse()
        return " ".join(part for part in (self.measure, *parts) if part)

    def within(self, series: str) -> str:
        """A phrase to follow the measure, e.g. " in 2010"; empty if none is needed."""
        said = f"{self.series_prep} {series}" if series else self.fixed
        return f" {said}" if said else ""


def _drawable(values: tuple[Decimal, ...]) -> bool:
    """Whether all values are positive and none is so much smaller than the largest that its mark would be invisible."""
    return min(values) > 0 and min(values) >= max(values) * Decimal("0.04")


def _pick_rows(
    table: FactTable, rng: Random, most: int, fits: Callable[[list[int]], bool], least: int = 4
) -> list[int] | None:
    """Indices of the rows to show: a section of a timeline, otherwise random rows in one of several orders."""
    count = len(table.names)
    for _ in range(24):
        size = min(count, rng.randint(least, most))
        if table.timeline:
            stride = rng.choice([1, 1, 2]) if count >= 2 * size else 1
            start = rng.randint(0, count - (size - 1) * stride - 1)
            rows = list(range(start, start + size * stride, stride))[:size]
        else:
            rows = sorted(rng.sample(range(count), size))
        if fits(rows):
            return rows
    return None


def _order(rows: list[int], key: Callable[[int], Decimal], names: tuple[str, ...], rng: Random) -> list[int]:
    match rng.choice(["down", "down", "up", "name", "file", "shuffled"]):
        case "down":
            return sorted(rows, key=key, reverse=True)
        case "up":
            return sorted(rows, key=key)
        case "name":
            return sorted(rows, key=lambda row: names[row])
        case "shuffled":
            return rng.sample(rows, len(rows))
    return rows


def single_grid(table: FactTable, rng: Random, most: int) -> Grid | None:
    """Figures of one column; None if no column of the table can be drawn as marks."""
    columns = [column for column in table.columns if column.numeric]
    rng.shuffle(columns)
    for column in columns:
        values = column.values
        rows = _pick_rows(table, rng, most, lambda rows, v=values: _drawable(tuple(v[row] for row in rows)))  # type: ignore[misc]
        if rows is None:
            continue
        if not table.timeline:
            rows = _order(rows, lambda row, v=values: v[row], table.names, rng)  # type: ignore[misc]
        return column_grid(table, column, rows)
    return None


def pie_grid(table: FactTable, rng: Random) -> Grid | None:
    """Figures of one column whose rows may be summed; None without such a column."""
    columns = [column for column in table.columns if column.numeric and column.additive]
    if not columns:
        return None
    column = rng.choice(columns)
    rows: list[int] | None = list(range(len(table.names)))
    if not table.whole:
        most = min(7, len(table.names))
        rows = _pick_rows(table, rng, most, lambda rows: _drawable(tuple(column.values[row] for row in rows)))
    if rows is None:
        return None
    return column_grid(table, column, _order(rows, lambda row: column.values[row], table.names, rng))


def column_grid(table: FactTable, column: Column, rows: list[int]) -> Grid:
    """Some rows of one column."""
    fixed = f"{table.column_prep} {column.name}" if table.comparable else ""
    measure = table.measure if table.comparable else column.name
    title = f"{table.title} {fixed}" if table.comparable else f"{table.title}: {column.name}"
    if table.comparable and (table.timeline or table.parts):
        title = f"{table.title} ({column.name})"
    if column.name.lower() in table.title.lower():
        title = table.title
    return Grid(
        categories=tuple(table.names[row] for row in rows),
        series=("",),
        values=tuple((column.values[row],) for row in rows),
        measure=measure,
        unit=column.unit,
        title=title,
        category_prep=table.row_prep,
        series_prep=table.column_prep,
        fixed=fixed,
        category_first=not (table.timeline or table.parts),
        category_noun=table.row,
        categories_noun=table.rows,
        series_noun="",
        series_nouns="",
        timeline=table.timeline,
        additive=column.additive,
        parts_in_rows=False,
        source=table.source,
        table=table.key,
    )


def multi_grid(table: FactTable, rng: Random, most: int, stacked: bool = False, series: int = 0) -> Grid | None:
    """Figures of several columns that hold the same measure; None without such columns.

    Args:
        table: the facts.
        rng: random choices.
        most: maximum number of categories.
        stacked: put the parts that may be summed (the rows) into the series.
        series: number of rows that become series; 0 for a random number.
    """
    columns = [column for column in table.columns if column.numeric]
    if not table.comparable or len(columns) < 2 or (stacked and not (columns[0].additive or table.parts)):
        return None
    chosen = sorted(rng.sample(range(len(columns)), rng.randint(2, min(4, len(columns)))))
    columns = [columns[place] for place in (range(len(columns)) if stacked or series else chosen)]

    def fits(rows: list[int]) -> bool:
        return _drawable(tuple(column.values[row] for column in columns for row in rows))

    if series and (
        table.parts or not columns[0].additive or len(columns) < LEAST_CATEGORIES or series > len(table.names)
    ):
        return None
    turned = bool(series) or (stacked and not table.parts)
    turned = turned or (columns[0].additive and not stacked and rng.random() < 0.25)
    rows = _pick_rows(table, rng, series or (4 if turned else most), fits, series or 4)
    if rows is None:
        return None
    if not table.timeline:
        rows = _order(rows, lambda row: columns[-1].values[row], table.names, rng)
    names, heads = tuple(table.names[row] for row in rows), tuple(column.name for column in columns)
    values = tuple(tuple(column.values[row] for column in columns) for row in rows)
    if turned:
        values = tuple(zip(*values, strict=True))
    return Grid(
        categories=heads if turned else names,
        series=names if turned else heads,
        values=values,
        measure=table.measure,
        unit=columns[0].unit,
        title=table.title,
        category_prep=table.column_prep if turned else table.row_prep,
        series_prep=table.row_prep if turned else table.column_prep,
        fixed="",
        category_first=table.timeline == turned and not table.parts,
        category_noun=table.column if turned else table.row,
        categories_noun=table.columns_name if turned else table.rows,
        series_noun=table.row if turned else table.column,
        series_nouns=table.rows if turned else table.columns_name,
        timeline=turned or table.timeline,
        additive=columns[0].additive,
        parts_in_rows=turned or table.parts,
        source=table.source,
        table=table.key,
    )
