"""The result of the rules: an answer with the rows and columns that it rests on."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TableAnswer:
    """An answer read off a table.

    Attributes:
        answer: short and final: a cell's text, a number, or Yes or No.
        thought: the reasoning in plain sentences.
        rows, columns: indices of the evidence, in the table's order.
    """

    answer: str
    thought: str
    rows: tuple[int, ...]
    columns: tuple[int, ...]
