"""Documents of one page: a letterhead, a block of fields, a table of figures, paragraphs and small print.

The organisations and all that is written besides the figures is invented; see `notices`.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from random import Random

from lensmill.sample import Region
from storage.sources.synthetic.canvas import LEAST_TEXT, Canvas, Cramped
from storage.sources.synthetic.charts import tables_in_turn
from storage.sources.synthetic.drawing import Area
from storage.sources.synthetic.illustration import Illustration
from storage.sources.synthetic.notices import (
    Entry,
    announcement_entries,
    clock,
    code,
    date,
    fresh,
    heading,
    number,
    phone,
    price,
    room,
    small_print,
)
from storage.sources.synthetic.panels import (
    Printed,
    draw_announcements,
    draw_foot,
    draw_list,
    panel_title,
    rows_that_fit,
)
from storage.sources.synthetic.questions.charts import ask
from storage.sources.synthetic.questions.notices import ask_printed
from storage.sources.synthetic.questions.question import in_turn
from storage.sources.synthetic.questions.subject import Subject
from storage.sources.synthetic.style import Style, choose_style
from storage.sources.synthetic.tables import choose_rows, column_drawings, draw_sheet, fits, sheet_of

MARGIN = 220
"""Blank edge of the page, in pixels of the design."""


@dataclass(frozen=True, slots=True)
class Field:
    """A line of a form: its name, a random value, and a question for the value."""

    name: str
    value: Callable[[Random], str]
    ask: str


FORMS: tuple[tuple[str, tuple[Field, ...]], ...] = (
    (
        "Invoice",
        (
            Field("Invoice code", code, "What is the invoice code?"),
            Field("Date of issue", date, "What is the date of issue?"),
            Field("Due date", date, "What is the due date?"),
            Field("Delivery charge", price, "How much is the delivery charge?"),
            Field("Deposit paid", price, "How much is the deposit paid?"),
            Field("Amount due", price, "What is the price to pay as the amount due?"),
            Field("Billing phone", phone, "What is the billing phone number?"),
        ),
    ),
    (
        "Delivery note",
        (
            Field("Parcel code", code, "What is the parcel code?"),
            Field("Dispatch date", date, "What is the dispatch date?"),
            Field("Arrival date", date, "What is the arrival date?"),
            Field("Arrival time", clock, "What is the arrival time?"),
            Field("Driver's phone", phone, "What is the driver's phone number?"),
            Field("Store room", room, "Which room is the store room?"),
            Field("Number of boxes", number, "What is the number of boxes?"),
        ),
    ),
    (
        "Confirmation of booking",
        (
            Field("Booking code", code, "What is the booking code?"),
            Field("Visit date", date, "What is the visit date?"),
            Field("Arrival time", clock, "What is the arrival time?"),
            Field("Meeting room", room, "Which room is the meeting room?"),
            Field("Ticket price", price, "What is the ticket price?"),
            Field("Guide's phone", phone, "What is the guide's phone number?"),
            Field("Number of guests", number, "What is the number of guests?"),
        ),
    ),
    (
        "Inspection report",
        (
            Field("Report code", code, "What is the report code?"),
            Field("Inspection date", date, "What is the inspection date?"),
            Field("Next inspection date", date, "What is the next inspection date?"),
            Field("Starting time", clock, "What is the starting time?"),
            Field("Plant room", room, "Which room is the plant room?"),
            Field("Inspector's phone", phone, "What is the inspector's phone number?"),
            Field("Repair costs", price, "How much are the repair costs?"),
        ),
    ),
    (
        "Loan agreement",
        (
            Field("Agreement code", code, "What is the agreement code?"),
            Field("Collection date", date, "What is the collection date?"),
            Field("Return date", date, "What is the return date?"),
            Field("Insurance fee", price, "How much is the insurance fee?"),
            Field("Handling fee", price, "How much is the handling fee?"),
            Field("Lender's phone", phone, "What is the lender's phone number?"),
            Field("Number of items", number, "What is the number of items?"),
        ),
    ),
)
"""Titles of documents with the fields that each may have."""


def illustrate_document(seed: int, index: int, questions: int, side: int) -> Illustration:
    """The document with number `index` of a seed. The same arguments give the same document.

    Args:
        seed: of the random choices.
        index: from 0.
        questions: maximum number of questions.
        side: longer side of the picture in pixels.
    """
    rng = Random(f"{seed} document {index}")
    look = choose_style(rng)
    style = replace(
        look,
        plot_background=look.background,
        text_size=rng.choice([50, 56, 62]),
        title_size=rng.choice([78, 88, 96]),
    )
    width, height = rng.choice([(2715, 3840), (2880, 3840), (2967, 3840)])
    canvas = Canvas(width, height, side, style.background)
    title, fields = FORMS[(seed + index) % len(FORMS)]
    body, printed = _head_and_foot(canvas, style, rng)
    body = panel_title(canvas, body, title, style)
    body = _fields(canvas, body, fields, style, rng, printed)
    subjects, regions, body = _table(canvas, body, style, rng, seed, index)
    entries = announcement_entries(rng, 14)
    printed += draw_announcements(canvas, body, entries, style)
    words = ask_printed(printed, "document", rng, (questions + 1) // 2 if subjects else questions)
    figures = ask(subjects, rng, questions - len(words))
    asked = tuple(in_turn(words, figures))
    return Illustration("document", canvas.png(), canvas.width, canvas.height, regions, asked)


def _head_and_foot(canvas: Canvas, style: Style, rng: Random) -> tuple[Area, list[Printed]]:
    """Draw the letterhead and the line at the foot. Return the area between them and what the foot says."""
    margin = canvas.px(MARGIN)
    name, line = heading(rng)
    right = canvas.width - margin
    canvas.text(margin, canvas.px(190), name, canvas.font(style.title_family, 84, bold=True), style.ink)
    canvas.text(margin, canvas.px(300), line.partition(", ")[2], canvas.font(style.family, 50), style.ink)
    canvas.line(margin, canvas.px(370), right, canvas.px(370), style.palette[0], 8)
    foot = Area(margin, canvas.height - canvas.px(170), right, canvas.height - canvas.px(90))
    printed = draw_foot(canvas, foot, small_print(rng), replace(style, text_size=LEAST_TEXT + 2))
    return Area(margin, canvas.px(450), right, foot.y1 - canvas.px(40)), printed


def _fields(
    canvas: Canvas, body: Area, fields: tuple[Field, ...], style: Style, rng: Random, printed: list[Printed]
) -> Area:
    """Draw some of the fields, in the form's order, and return the area below them."""
    chosen = sorted(rng.sample(range(len(fields)), rng.randint(4, len(fields))))
    entries: list[Entry] = []
    for place in chosen:
        field = fields[place]
        value = fresh(field.value, rng, [entry.value for entry in entries])
        entries.append(Entry(field.name, value, (field.ask,), field.value))
    pitch = canvas.text_size("Xg", canvas.font(style.family, style.text_size))[1] * 1.6
    width = round(body.width * rng.uniform(0.6, 1.0))
    block = Area(body.x1, body.y1, body.x1 + width, body.y1 + round(pitch * len(entries)))
    printed += draw_list(canvas, block, entries, style, rng)
    return Area(body.x1, block.y2 + canvas.px(70), body.x2, body.y2)


def _table(
    canvas: Canvas, body: Area, style: Style, rng: Random, seed: int, index: int
) -> tuple[list[Subject], tuple[Region, ...], Area]:
    """Draw a table of real figures. Return its columns as subjects, its rows and columns, and the area below it."""
    upper = Area(body.x1, body.y1, body.x2, body.y1 + round(body.height * 0.6))
    room = min(12, rows_that_fit(canvas, upper, style, 1.6) - 4)
    for table in tables_in_turn("documents", seed, index):
        columns = list(table.columns)[:4]
        rows = choose_rows(table, rng, room)
        while len(columns) > 1 and not fits(canvas, upper.width, sheet_of(table, columns, rows, style), style):
            columns.pop()
        try:
            inner = panel_title(canvas, upper, table.title, replace(style, title_size=style.text_size + 8))
            drawn = draw_sheet(canvas, inner, sheet_of(table, columns, rows, style), style, rng)
        except Cramped:  # nothing was drawn but the title, which is painted over
            canvas.rectangle(*upper, style.background)
            continue
        drawings = column_drawings(table, columns, rows, drawn, table.title)
        subjects = [Subject(drawing, style, f'In the table "{table.title}", ', alone=False) for drawing in drawings]
        below = Area(body.x1, round(drawn.box.y2) + canvas.px(80), body.x2, body.y2)
        return subjects, drawn.regions, below
    raise Cramped("no table of facts fits onto a page")
