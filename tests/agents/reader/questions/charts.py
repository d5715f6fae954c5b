"""Charts made by hand for the tests: readings without pictures."""

from collections.abc import Mapping, Sequence

from lensmill.geometry import Box
from lensmill.perception.chart import AxisLabel, Cell, ChartKind, ChartReading, Series

BLUE, NAVY, GRAY = (40, 118, 221), (15, 40, 62), (186, 186, 186)


def chart(
    values: Mapping[str, float | Sequence[float]],
    series: Mapping[str, tuple[int, int, int]] | None = None,
    kind: ChartKind = "v_bar",
    title: str = "",
    measured: bool = False,
) -> ChartReading:
    """A reading whose category bands are 10 px wide columns (rows for horizontal bars), ten apart."""
    labels = tuple(
        AxisLabel(name, Box(10 * place, 90, 10 * place + 8, 95), Box(10 * place, 0, 10 * place + 10, 95))
        for place, name in enumerate(values)
    )
    entries = tuple(Series(name, colour) for name, colour in (series or {"": BLUE}).items())
    cells = tuple(
        Cell(name, entry.name, float(value), "" if measured else f"{value:g}", label.value_box, measured)
        for (name, row), label in zip(values.items(), labels, strict=True)
        for entry, value in zip(entries, row if isinstance(row, Sequence) else [row], strict=True)
    )
    across, down = ((), labels) if kind == "h_bar" else (labels, ())
    return ChartReading(kind, None, title, across, down, labels, entries, cells, ())


YEARS = chart({"2009": 3, "2010": 5, "2011": 4, "2012": 8, "2013": 9, "2014": 10.5})
COUNTRIES = chart(
    {"Germany": 30, "France": 20, "United Kingdom": 12.5, "United States": 11, "Latin America & Caribbean": 5},
    kind="h_bar",
)
SECTORS = chart(
    {"2009": (38, 28, 34), "2010": (36.5, 29.5, 34), "2011": (31.5, 30, 38.5)},
    {"Agriculture": BLUE, "Industry": NAVY, "Services": GRAY},
)
SMOKERS = chart(
    {"16-24": (20, 18), "25-34": (28, 22), "35-49": (25, 15), "65 and over": (9, 6)}, {"Men": BLUE, "Women": NAVY}
)
OPINIONS = chart({"Yes": 24.6, "No": 67.9, "No opinion": 7.5})
