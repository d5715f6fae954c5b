"""The form of labelled cases: the outcome and rule of the strict rules, and the result of the published metric.

Each row is (answer, reference or references, strict outcome, rule, published relaxed accuracy). C, I and U stand for
correct, incorrect and undecided. Rows of one group share a question and options.
"""

from dataclasses import dataclass
from typing import Literal

C: Literal["correct"] = "correct"
I: Literal["incorrect"] = "incorrect"  # noqa: E741
U: Literal["undecided"] = "undecided"

Row = tuple[str, str | tuple[str, ...], str, str, bool]


@dataclass(frozen=True)
class Group:
    about: str
    rows: tuple[Row, ...]
    question: str = ""
    choices: tuple[str, ...] = ()
