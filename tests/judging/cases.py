"""The shape of labelled cases: what the strict rules must say, by which rule, and what the published metric says.

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
