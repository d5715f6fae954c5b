"""What the rules hand back: an answer with its evidence, or the reason there is none."""

from dataclasses import dataclass
from typing import Literal

from lensmill.perception.chart import AxisLabel, Cell
from lensmill.sample import RegionKind

Operation = Literal[
    "lookup",
    "latest",
    "extreme_label",
    "extreme_value",
    "sum",
    "difference",
    "ratio",
    "product",
    "average",
    "median",
    "mode",
    "count",
    "compare",
    "trend",
    "label_of_value",
    "position",
    "colour",
    "legend",
    "title",
    "list",
]


@dataclass(frozen=True, slots=True)
class ChartAnswer:
    """An answer read off a chart.

    Attributes:
        answer: short and final: a number without unit or thousands separators, a label, or Yes/No.
        operation: the rule that found it.
        cells: the values it rests on, in the order the thought names them.
        focus: the axis labels whose bands hold the evidence, for a tool that edits the picture; may be empty.
        focus_kind: which regions `focus` names.
        thought: the reasoning in plain sentences, with the values that were read.
    """

    answer: str
    operation: Operation
    cells: tuple[Cell, ...]
    focus: tuple[AxisLabel, ...]
    focus_kind: RegionKind
    thought: str


@dataclass(frozen=True, slots=True)
class Abstention:
    """No answer, and why in one sentence."""

    reason: str


class NoAnswer(Exception):
    """Raised inside the rules where reading on would mean guessing; the caller turns it into an `Abstention`."""
