"""Which column is the question, the answer, the options and the rest: by name, then by content."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence

from storage.sources.option_fields import LISTS, named, option_columns, options_of, plain
from storage.sources.right_option import ANSWERS, ASIDE, INDICES
from storage.sources.rows import RowProblem
from storage.sources.table.paths import parts_of
from storage.sources.table.proposing.looking import CONTENT, SPEAKER, TURNS, Column

QUESTION_NAMES = (
    *("question", "query", "problem", "questions", "q", "user", "human", "instruction", "prompt", "text", "input"),
    *("question_text", "utterance", "ask", "statement", "request"),
)
ANSWER_NAMES = (
    *("answer", "answers", "gt_answer", "ground_truth", "gt", "label", "labels", "correct_answer", "correct"),
    *("solution", "assistant", "gpt", "response", "output", "target", "a", "multiple_choice_answer", "direct_answers"),
    *ANSWERS,
    *INDICES,
)
BOX_NAMES = re.compile(
    r"(?:gt|answer|target|evidence|grounding|object|ref|region|visual|crop)?(?:bboxe?s|bbox|boxe?s|box|bboxs|region|regions)"
    r"(?:2d|xyxy|xywh|coordinates|list)?"
)
"""Names of boxes of the evidence. Boxes of columns, rows, words or axes are no evidence."""

_ANY_BOX = re.compile(r"box")
SPLIT_NAMES = ("split", "set_name", "set", "partition")
SUBSET_NAMES = ("subset", "category", "question_type", "type", "task", "human_or_machine", "data_split", "answer_type")
LICENCE_NAMES = ("licence", "license")

_GENERIC = frozenset({"txt", "text", "content", "value", "json", "string"})
_SPLIT_VALUES = frozenset({"train", "val", "validation", "test", "dev", "testmini", "trainval"})
_MOST_SUBSETS = 50


def rank(column: Column, names: Sequence[str]) -> int | None:
    """The place of a column's name in a list of names; None if the list lacks the name."""
    wanted = [plain(name) for name in names]
    words = column.names
    while len(words) > 1 and words[0] in _GENERIC:
        words = words[1:]
    return wanted.index(words[0]) if words and words[0] in wanted else None


def by_rank(columns: Iterable[Column], names: Sequence[str], fits: Callable[[object], bool]) -> list[Column]:
    """Columns with one of these names whose values mostly fit, the best name first; then the shorter path."""
    found = [(place, len(parts_of(one.path)), one) for one in columns if (place := rank(one, names)) is not None]
    return [one for _, _, one in sorted(found, key=lambda entry: entry[:2]) if share(one.values, fits) >= 0.8]


def share(values: Sequence[object], fits: Callable[[object], bool]) -> float:
    """The share of values that fit; 0 without values."""
    return sum(map(fits, values)) / len(values) if values else 0.0


def is_text(value: object) -> bool:
    """Whether a value is a text with a word in it, and no picture's file name."""
    return isinstance(value, str) and bool(value.strip()) and len(value) <= 20_000


def is_answer(value: object) -> bool:
    """Whether a value may be an answer: a text, a number, or a list of those."""
    if isinstance(value, list):
        return bool(value) and all(isinstance(one, (str, int, float)) for one in value)
    return isinstance(value, (str, int, float)) and not isinstance(value, bool)


def turns(rows: Sequence[Mapping[str, object]], columns: Sequence[Column]) -> tuple[Column, Column] | None:
    """The question and the answer of rows that are conversations: the first turn of the user, and the next."""
    texts = {column.path: column for column in columns}
    for path, column in texts.items():
        parts = parts_of(path)
        if len(parts) < 3 or parts[-1] not in CONTENT or not parts[-2].isdigit() or int(parts[-2]) + 1 >= TURNS:
            continue
        head, place = ".".join(parts[:-2]), int(parts[-2])
        answer = texts.get(f"{head}.{place + 1}.{parts[-1]}")
        speakers = {_speaker(row, head, place) for row in rows} - {""}
        if answer is not None and speakers and speakers <= {"user", "human"} and share(column.values, is_text) > 0.8:
            return column, answer
    return None


def _speaker(row: Mapping[str, object], head: str, place: int) -> str:
    value: object = row
    for part in parts_of(head):
        value = value.get(part) if isinstance(value, Mapping) else None
    turn = value[place] if isinstance(value, list) and place < len(value) else None
    keys = [key for key in SPEAKER if key in turn] if isinstance(turn, Mapping) else []
    return str(turn[keys[0]]).lower() if keys and isinstance(turn, Mapping) else ""


def questions(columns: Sequence[Column]) -> tuple[list[Column], str]:
    """Columns that may be the question, the best first, and why."""
    if found := by_rank(columns, QUESTION_NAMES, is_text):
        return found, "by name"
    asking = [one for one in columns if share(one.values, lambda value: str(value).rstrip().endswith("?")) >= 0.5]
    return [one for one in asking if share(one.values, is_text) >= 0.8], "its values end with a question mark"


def options(columns: Sequence[Column], answers: Column | None) -> tuple[str | list[str] | None, str]:
    """The column or columns of options, and why; None without options."""
    for column in by_rank(columns, LISTS, lambda value: isinstance(value, (str, list, dict))):
        if share([value for value in column.values if value not in ([], {}, "", "[]", "{}")], _are_options) >= 0.5:
            return column.path, "by name"
    tops: dict[str, dict[str, str]] = {}
    for column in columns:
        head, dot, last = column.path.rpartition(".")
        if share(column.values, lambda value: isinstance(value, (str, int, float))) >= 0.8:
            tops.setdefault(f"{head}{dot}", {})[last] = column.path
    for head, lasts in tops.items():
        groups = [group for group in option_columns(lasts) if len(group) > 1]
        if groups and not any(part in head for part in ("*", "[]")):
            return [f"{head}{last}" for last in max(groups, key=len)], "by their names"
    if answers is not None:
        for column in columns:
            if column is not answers and _hold_answers(column, answers):
                return column.path, "its lists hold the answers"
    return None, ""


def _are_options(value: object) -> bool:
    try:
        return options_of({"options": value}) is not None
    except RowProblem:
        return False


def _hold_answers(column: Column, answers: Column) -> bool:
    said = dict(zip(answers.rows, answers.values, strict=True)) if len(answers.rows) == len(set(answers.rows)) else {}
    pairs = [(value, said.get(row)) for row, value in zip(column.rows, column.values, strict=True)]
    held = [
        isinstance(value, list) and 2 <= len(value) <= 26 and isinstance(answer, str) and answer in value
        for value, answer in pairs
    ]
    return len(held) >= 2 and sum(held) >= 0.95 * len(held)


def only_first_can_be_right(columns: Sequence[Column], options_path: str) -> bool:
    """Whether no other column may say which option is right, so that the first may be meant, as in V*."""
    known = {plain(name) for name in (*ASIDE, *LISTS)}
    tops = {parts_of(column.path)[0] for column in columns} - {parts_of(options_path)[0]}
    return not named(dict.fromkeys(tops), ANSWERS + INDICES) and all(plain(top) in known for top in tops)


def split_column(columns: Sequence[Column]) -> Column | None:
    """The column that names the split of a row."""
    return next(iter(by_rank(columns, SPLIT_NAMES, lambda value: str(value).lower() in _SPLIT_VALUES)), None)


def subset_column(columns: Sequence[Column]) -> Column | None:
    """The column that names the kind of a row: few different short texts or numbers."""
    for column in by_rank(columns, SUBSET_NAMES, lambda value: isinstance(value, (str, int)) and len(str(value)) < 100):
        if len(set(map(str, column.values))) <= _MOST_SUBSETS:
            return column
    return None


def licence_column(columns: Sequence[Column]) -> Column | None:
    """The column that names the licence of a row."""
    return next(iter(by_rank(columns, LICENCE_NAMES, lambda value: isinstance(value, str))), None)


def boxes_columns(columns: Sequence[Column]) -> tuple[list[Column], list[Column]]:
    """Columns whose names speak of boxes of the evidence, and those of any other boxes."""
    boxes = [
        one for one in columns if one.names and (_ANY_BOX.search(one.names[0]) or BOX_NAMES.fullmatch(one.names[0]))
    ]
    evidence = [one for one in boxes if BOX_NAMES.fullmatch(one.names[0])]
    return evidence, [one for one in boxes if one not in evidence]
