"""Questions and statements about tables."""

import pytest

from lensmill.agents.environment import Environment
from lensmill.agents.protocol import Rollout, Task
from lensmill.agents.reader.agent import ReaderAgent
from lensmill.agents.reader.looking import Looking
from lensmill.agents.reader.questions.answers import NoAnswer
from lensmill.agents.reader.tables import answer_from_table, is_statement, judge_statement, route
from lensmill.geometry import Box
from lensmill.perception.tables.table import Column, Row, TableCell, TableReading
from lensmill.picture import draw_view
from lensmill.tools import ToolSettings
from tests.agents.reader.printed_world import PrintedWorld
from tests.perception.drawn import rows
from tests.perception.printed import printed_table

HEADERS = ("Hut", "Valley", "Beds", "Round", "Guide")
ROWS = (
    ("Alder", "North", "12", "1", "Ann Lee"),
    ("Birch", "North", "30", "1", "None"),
    ("Cedar", "South", "7", "2", "Bo Kim"),
    ("Elder", "East", "21", "2", "None"),
    ("Fir", "North", "18", "3", "Cy Poe"),
)


def table() -> TableReading:
    """Five huts."""
    cells = tuple(
        tuple(
            TableCell(text, Box(100 * c, 20 * r + 20, 100 * c + 100, 20 * r + 40), None) for c, text in enumerate(texts)
        )
        for r, texts in enumerate(ROWS)
    )
    columns = tuple(Column(name, "", Box(100 * c, 0, 100 * c + 100, 120)) for c, name in enumerate(HEADERS))
    rows = tuple(Row(texts[0], Box(0, 20 * r + 20, 500, 20 * r + 40)) for r, texts in enumerate(ROWS))
    return TableReading("Huts", Box(0, 0, 500, 120), columns, rows, cells, 0, "rules", "rules")


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("Who is the guide of Cedar?", "Bo Kim"),
        ("How many beds does Elder have?", "21"),
        ("In which valley is Birch?", "North"),
        ("Which hut has the most beds?", "Birch"),
        ("What is the lowest number of beds?", "7"),
        ("How many huts are in the North valley?", "3"),
        ("How many huts have no guide?", "2"),
        ("How many huts belong to round 2?", "2"),
        ("What is the sum of beds?", "88"),
        ("What is the difference in beds between Birch and Alder?", "18"),
        ("Which hut has Ann Lee as guide?", "Alder"),
    ],
)
def test_questions(question: str, answer: str) -> None:
    assert answer_from_table(question, table()).answer == answer


@pytest.mark.parametrize(
    ("statement", "answer"),
    [
        ("birch have the most beds", "Yes"),
        ("cedar have the most beds", "No"),
        ("birch have 18 more beds than alder", "Yes"),
        ("birch have 17 more beds than alder", "No"),
        ("alder have fewer beds than cedar", "No"),
        ("the north valley occur more often than the south valley", "Yes"),
        ("alder , cedar and fir be all hut", "Yes"),
        ("the hut be in 3 different valley", "Yes"),
        ("the hut be in 4 different valley", "No"),
        ("Is it true that ann lee be the guide of alder?", "Yes"),
        ("more than half of the hut be in north", "Yes"),
    ],
)
def test_statements(statement: str, answer: str) -> None:
    assert is_statement(statement)
    assert judge_statement(statement, table()).answer == answer


@pytest.mark.parametrize(
    "question",
    [
        "Who is the guide?",
        "In which valley are huts of round 1 and 2?",
        "How many huts have over 10 beds?",
        "Which hut has the second most beds?",
        "?",
    ],
)
def test_the_rules_abstain_where_a_question_is_not_covered(question: str) -> None:
    with pytest.raises(NoAnswer):
        answer_from_table(question, table())


@pytest.mark.parametrize(
    "statement",
    ["cedar be the only hut in the south", "alder be old", "birch have the most beds , 31 in all", "the hut be nice"],
)
def test_the_rules_abstain_where_a_statement_says_more_than_they_check(statement: str) -> None:
    with pytest.raises(NoAnswer):
        judge_statement(statement, table())


async def ask(question: str, seed: int = 1, choices: tuple[str, ...] = ()) -> Rollout:
    """The reader on a drawn table with an OCR without errors."""
    canvas = printed_table(seed, "grid").canvas
    task = Task(question, 1344, choices=choices)
    environment = Environment(task, canvas.image, draw_view(canvas.image, 1344), ToolSettings(zoom_floor=896))
    world = PrintedWorld([(line.text, line.box) for line in canvas.kept])
    return await ReaderAgent(reader=world).run(environment)


async def test_the_reader_marks_the_row_that_its_answer_rests_on() -> None:
    sheet = printed_table(1, "grid").drawn.sheet
    rollout = await ask(f"What is the {sheet.headers[1]} of {sheet.rows[2][0]}?")
    actions = [step.action for step in rollout.trajectory.steps if step.action]
    assert rollout.trajectory.answer == sheet.rows[2][1]
    assert actions[0].tool == "focus_on_rows_with_highlight"
    assert actions[0].arguments["labels"] == [sheet.rows[2][0]]


async def test_a_statement_with_options_is_answered_with_an_option() -> None:
    sheet = printed_table(1, "grid").drawn.sheet
    first, second = sheet.rows[0], sheet.rows[1]
    assert first[1] != second[1]
    for value, answer in ((first[1], "True"), (second[1], "False")):
        rollout = await ask(f"{first[0]} has the {sheet.headers[1]} {value}", choices=("False", "True"))
        assert rollout.trajectory.answer == answer


def test_a_picture_with_bars_is_no_table_though_its_print_stands_in_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    sheet = rows({"Cheese": 62, "Milk": 41, "Eggs": 9})
    monkeypatch.setattr(route, "read_table", lambda *_: table())
    task = Task("What is the value of Milk?", 896)
    environment = Environment(task, sheet.image, draw_view(sheet.image, 896), ToolSettings(zoom_floor=896))
    world = PrintedWorld([(line.text, line.box) for line in sheet.lines])
    assert route.conclude_from_table(Looking(environment, world, 5)) is None


def test_the_column_that_names_the_rows_is_not_compared_even_where_a_word_of_the_title_got_into_its_header() -> None:
    years = ("1990", "2000", "2010")
    body = tuple(zip(years, ("71.8", "76.2", "74.1"), ("78.8", "79.3", "81.0"), strict=True))
    columns = tuple(
        Column(name, "", Box(100 * c, 0, 100 * c + 100, 80)) for c, name in enumerate(("Life Year", "Men", "Women"))
    )
    cells = tuple(
        tuple(
            TableCell(text, Box(100 * c, 20 * r + 20, 100 * c + 100, 20 * r + 40), None) for c, text in enumerate(row)
        )
        for r, row in enumerate(body)
    )
    lines = tuple(Row(year, Box(0, 20 * r + 20, 300, 20 * r + 40)) for r, year in enumerate(years))
    reading = TableReading("expectancy", Box(0, 0, 300, 80), columns, lines, cells, 0, "rules", "rules")
    assert answer_from_table("What is the year with the greatest life expectancy of men?", reading).answer == "2000"
