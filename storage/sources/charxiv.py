"""CharXiv: questions about charts of papers: reasoning (one a figure), and descriptive (four a figure, of 19 kinds).

`data/{reasoning,descriptive}_{val,test}.json` are objects of rows by figure; pictures are `images/{figure_id}.jpg`.
Descriptive rows name kinds of questions by number. The words of the questions here are ours; the kinds, the rules of
their answers and where a subplot is named follow CharXiv (Wang et al. 2024, table 5, and its released `constants.py`).
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from storage.sources.parts import PartsSource
from storage.sources.protocol import SourceError
from storage.sources.rows import RowProblem, shown
from storage.sources.spec import FileSourceSettings, SourceSpec, find_files
from storage.sources.table.layouts.layout import Row
from storage.sources.table.named import is_file
from storage.sources.table.settings import TableSettings
from storage.sources.table.source import TableSource

LICENCE = "cc-by-sa-4.0 (questions); copyright of the papers' authors (charts)"
Kind = Literal["reasoning", "descriptive"]
KINDS: tuple[Kind, ...] = ("reasoning", "descriptive")

_X = " If the x-axis is drawn above and below the plot, read the one below; it may be shared by several subplots."
_Y = " If the y-axis is drawn on both sides of the plot, read the left one; it may be shared by several subplots."
_BARE = " Leave out a unit or a scale that stands apart from the ticks."
_EVEN = " Answer Not Applicable if the ticks have no numbers, or if the steps between them differ."
_LINES = " Grid lines, ticks and auxiliary lines do not count. Answer Not Applicable if this is no plot of lines."
_LEGEND = (
    " Labels of a legend beside the plot count if they are about this plot. Answer Not Applicable if there are none."
)
_BAR = " Leave out a percent sign. Answer Not Applicable if there is no colour bar for this plot."

QUESTIONS = (
    "what is the title as written? Answer Not Applicable if there is none, or only a letter.",
    "what is the label of the x-axis?" + _X + " Answer Not Applicable if there is none.",
    "what is the label of the y-axis?" + _Y + " Answer Not Applicable if there is none.",
    "which labelled tick of the x-axis is leftmost?" + _X + _BARE,
    "which labelled tick of the x-axis is rightmost?" + _X + _BARE,
    "which labelled tick of the y-axis is lowest in the picture?" + _Y + _BARE,
    "which labelled tick of the y-axis is highest in the picture?" + _Y + _BARE,
    "by how much do neighbouring numbers at the ticks of the x-axis differ?" + _X + _BARE + _EVEN,
    "by how much do neighbouring numbers at the ticks of the y-axis differ?" + _Y + _BARE + _EVEN,
    "how many lines are drawn?" + _LINES,
    "does any line cross another? Answer Yes or No." + _LINES,
    "how many separate labels does the legend have?" + _LEGEND,
    "which labels does the legend have, from top to bottom, then from left to right? Part them by commas." + _LEGEND,
    "by how much do the largest and the smallest number at the ticks of the colour bar differ?" + _BAR,
    "what is the largest number at the ticks of the colour bar?" + _BAR,
    "what is the general trend of the data from left to right? Answer in a few words.",
    "how many ticks of all axes have a label? Ticks of an axis that several subplots share count too.",
    "how are the subplots laid out? Answer n by m: rows by columns, and 1 by 1 if there are no subplots.",
    "how many subplots are there? Answer 1 if there are none.",
)
"""Kind 1 first. The rules after a question decide its recorded answer."""

_WHOLE = (18, 19)
"""Kinds about the whole figure."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CharXivSettings(FileSourceSettings):
    """CharXiv: reasoning and descriptive questions about charts of papers, with the place of the subplot."""

    name: Literal["charxiv"] = "charxiv"
    path: str
    """the folder with data/ and images/, or data/ itself beside images/"""
    kinds: tuple[Kind, ...] = KINDS
    """reasoning, descriptive or both"""
    split: Literal["val", "test"] = "val"
    """the split; the answers of the test split are not public, so that its rows fail"""


def charxiv(settings: CharXivSettings) -> PartsSource:
    """The source.

    Raises:
        SourceError: there is no file of any chosen kind.
    """
    found: list[TableSource] = []
    problem = SourceError(f"sources/charxiv: {settings.path} holds none of the kinds {', '.join(settings.kinds)}")
    alone = Path(settings.path).name if is_file(settings.path, "charxiv") else ""
    for kind in settings.kinds:
        if alone and not alone.startswith(kind):
            continue
        try:
            found.append(_kind(settings, kind))
        except SourceError as error:
            problem = error
    if not found:
        raise problem
    return PartsSource("charxiv", found, (settings.split,), settings.kinds)


def _kind(settings: CharXivSettings, kind: Kind) -> TableSource:
    reasoning = kind == "reasoning"
    columns = {"question": "query", "answers": "answer", "image": "figure_id"}
    table = TableSettings(
        path=settings.path,
        columns=columns if reasoning else {**columns, "question": "__questions__.*", "answers": "answers.*"},
        picture_name="{}.jpg",
        split=settings.split,
        subset=kind,
        dataset="charxiv",
        licence=LICENCE,
    )
    name = f"{kind}_{settings.split}.json"
    prepare: Callable[[Row], Row] | None = None if reasoning else with_questions
    return TableSource(table, "charxiv", (name, f"data/{name}"), ("images",), prepare)


def with_questions(row: Row) -> Row:
    """A descriptive row with its questions in words.

    Raises:
        RowProblem: a kind that is not known, or no place of the subplot.
    """
    numbers = row.get("qids")
    if not isinstance(numbers, list):
        raise RowProblem("missing_field", f'field "qids" must list the kinds of questions, got {shown(numbers)}')
    if not isinstance(row.get("answers"), list):
        raise RowProblem("missing_field", 'field "answers" is empty, as in the test split; read the split val')
    return {**row, "__questions__": [_question(number, row.get("subplot_loc")) for number in numbers]}


def _question(number: object, place: object) -> str:
    if not isinstance(number, int) or not 1 <= number <= len(QUESTIONS):
        raise RowProblem("bad_field", f'field "qids" has the kind {shown(number)}, known are 1 to {len(QUESTIONS)}')
    return ("In the figure, " if number in _WHOLE else _place(place)) + QUESTIONS[number - 1]


def _place(place: object) -> str:
    if isinstance(place, str) and place.strip():
        return f"In {place.strip()}, "
    if isinstance(place, list) and len(place) == 2 and all(type(part) is int and part >= 0 for part in place):
        return "In the plot, " if place[0] == 0 else f"In the subplot at row {place[0]} and column {place[1]}, "
    raise RowProblem("bad_field", f'field "subplot_loc" must be a row and a column, or words, got {shown(place)}')


SPEC = SourceSpec(
    settings=CharXivSettings,
    build=charxiv,
    version=2,
    licence=LICENCE,
    look_for=find_files,
    not_in_recipe=frozenset({"kinds", "split"}),
)
