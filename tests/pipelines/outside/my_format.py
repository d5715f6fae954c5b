"""A format: a question, its answer and the view."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from lensmill.formats.checking import Finding, Needs, Training
from lensmill.formats.example import Example, LeftOut
from lensmill.formats.settings import FormatSettings
from lensmill.formats.spec import Exported, FormatSpec, Row, lines_for_files
from lensmill.validation.conversation import Conversation, Reading, Turn
from lensmill.validation.spec import Validator


@dataclass(frozen=True, slots=True, kw_only=True)
class QuizSettings(FormatSettings):
    """Questions with answers."""

    name: str = "quiz"
    shout: bool = False
    """write answers in capitals"""


def _rows(settings: QuizSettings, example: Example) -> Iterator[Row]:
    answer = example.trajectory.answer
    if answer is None:
        raise LeftOut("no_answer", "the episode has no answer")
    answer = answer.upper() if settings.shout else answer
    yield {"question": example.sample.question, "answer": answer, "images": [example.pictures[0]]}


def _columns(_settings: QuizSettings) -> Mapping[str, Any]:
    return {"question": "string", "answer": "string", "images": ["image"]}


def _check(row: Mapping[str, Any], _training: Training) -> Reading:
    if not row.get("answer"):
        yield Finding("no_answer", "answer", "the row has no answer: write one")
        return None
    return Conversation((Turn("user", "question", (str(row["question"]),)),), ())


def _snippet(needs: Needs) -> str:
    return f"rows: {needs.rows}\n"


def _fits(row: Mapping[str, Any]) -> int:
    return 9 if {*row} == {"question", "answer", "images"} else 0


def _picture(path: str, _folder: str) -> dict[str, Any]:
    return {"bytes": None, "path": path}


def _command(exported: Exported) -> str:
    return f"quiz {exported.name}\n"


SPEC = FormatSpec(
    settings=QuizSettings,
    version=4,
    columns=_columns,
    rows=_rows,
    validator=Validator(name="quiz", check=_check, snippet=_snippet, fits=_fits),
    container=lines_for_files,
    picture=_picture,
    absolute=False,
    command=_command,
)
