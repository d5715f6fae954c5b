"""Posters and dashboards: charts and tables of real figures between invented notices, on one large picture."""

from collections.abc import Iterator
from dataclasses import replace
from random import Random

from lensmill.sample import Region
from storage.sources.synthetic.canvas import LEAST_TEXT, Canvas, Cramped
from storage.sources.synthetic.chart_parts import fitting_font
from storage.sources.synthetic.charts import draw_chart, grid_for, tables_in_turn
from storage.sources.synthetic.drawing import Area, ChartKind
from storage.sources.synthetic.illustration import Illustration
from storage.sources.synthetic.notices import TOPICS, announcement_entries, heading, small_print, topic_entries
from storage.sources.synthetic.panels import (
    Printed,
    draw_announcements,
    draw_foot,
    draw_list,
    draw_tiles,
    panel_title,
    rows_that_fit,
)
from storage.sources.synthetic.questions.charts import ask
from storage.sources.synthetic.questions.notices import ask_printed
from storage.sources.synthetic.questions.question import Question, in_turn
from storage.sources.synthetic.questions.subject import Subject
from storage.sources.synthetic.style import Style, choose_style, rgb
from storage.sources.synthetic.tables import choose_rows, column_drawings, draw_sheet, fits, sheet_of

MARGIN = 60
WIDTHS = ((4, 4, 4), (3, 5, 4), (5, 3, 4), (4, 3, 5), (3, 3, 3, 3), (7, 5), (5, 7), (3, 3, 6), (6, 3, 3))
"""How the panels of a row share the width, in twelfths."""

NARROW: tuple[ChartKind, ...] = ("v_bar", "h_bar", "h_bar", "pie", "line")
WIDE: tuple[ChartKind, ...] = ("v_bar", "grouped_v_bar", "line", "stacked_v_bar", "h_bar", "grouped_h_bar")


class _Poster:
    """A poster during drawing: its content so far, and the tables and topics that are not used yet."""

    def __init__(self, canvas: Canvas, style: Style, rng: Random, seed: int, index: int) -> None:
        self.canvas, self.style, self.rng = canvas, style, rng
        self.tables = tables_in_turn("posters", seed, index * 5)
        self.topics = rng.sample(TOPICS, len(TOPICS))
        self.announced = False
        self.measures: set[str] = set()
        self.subjects: list[Subject] = []
        self.printed: list[Printed] = []
        self.regions: list[Region] = []

    def fill(self, area: Area, kind: str) -> None:
        """Draw one panel."""
        rng, canvas = self.rng, self.canvas
        look = replace(
            self.style,
            labels=rng.choice(["outside", "outside", "inside", "none"]),
            text_size=rng.choice([34, 36, 38, 42]),
            title_size=rng.choice([46, 50, 56]),
            legend=rng.choice(["top", "bottom"]),
            axis_title=False,
            source_line=rng.random() < 0.5,
        )
        look = replace(look, value_ticks=look.labels == "none" or look.value_ticks)
        ways = {
            "chart": self._chart,
            "table": self._table,
            "list": self._list,
            "announcements": self._announcements,
        }
        for attempt in (kind, kind, "list", "announcements"):
            canvas.rectangle(*area, look.background, look.faint)
            try:
                title = ways[attempt](area, area.inset(canvas.px(36)), look)
            except Cramped:
                continue
            self.regions.append(Region("subplots", title, area.box))
            return
        canvas.rectangle(*area, look.background, look.faint)

    def _chart(self, area: Area, _: Area, look: Style) -> str:
        kinds = WIDE if area.width > self.canvas.px(1300) else NARROW
        most = 6 if area.height > self.canvas.px(700) else 5
        for kind in self.rng.sample(kinds, len(kinds)):
            for table in list(self.tables):
                grid = grid_for(kind, table, self.rng, most)
                if grid is None or grid.measure in self.measures:
                    continue
                try:
                    drawing = draw_chart(self.canvas, area, kind, grid, look, self.rng)
                except Cramped:  # this kind of chart does not fit; the next one paints over it
                    self.canvas.rectangle(*area, look.background, look.faint)
                    break
                self.tables.remove(table)
                self.measures.add(grid.measure)
                self.subjects.append(Subject(drawing, look, f'In the chart "{drawing.title}", ', alone=False))
                return drawing.title
        raise Cramped("no figures are left for another chart, or no room")

    def _table(self, _: Area, inner: Area, look: Style) -> str:
        room = rows_that_fit(self.canvas, inner, look, 1.6) - 4
        for table in self.tables:
            columns = [column for column in table.columns if column.name not in self.measures][:4]
            if not columns or (table.comparable and table.measure in self.measures) or room < 4:
                continue
            self.measures.update([column.name for column in columns] + ([table.measure] if table.comparable else []))
            self.tables.remove(table)
            rows = choose_rows(table, self.rng, min(14, room))
            while len(columns) > 1 and not fits(self.canvas, inner.width, sheet_of(table, columns, rows, look), look):
                columns.pop()
            body = panel_title(self.canvas, inner, table.title, look)
            drawn = draw_sheet(self.canvas, body, sheet_of(table, columns, rows, look), look, self.rng)
            context = f'In the table "{table.title}", '
            drawings = column_drawings(table, columns, rows, drawn, table.title)
            self.subjects += [Subject(drawing, look, context, alone=False) for drawing in drawings]
            return table.title
        raise Cramped("no figures are left for another table")

    def _list(self, area: Area, inner: Area, look: Style) -> str:
        if not self.topics:
            raise Cramped("no topic is left for another list")
        topic = self.topics.pop()
        title = self.rng.choice(topic.titles)
        body = panel_title(self.canvas, inner, title, look)
        room = rows_that_fit(self.canvas, body, look, 1.4)
        if self.rng.random() < 0.25 and area.width > self.canvas.px(1100):
            entries = topic_entries(topic, self.rng, 3 if area.width < self.canvas.px(1600) else 4)
            self.printed += draw_tiles(self.canvas, body, entries, look)
        else:
            entries = topic_entries(topic, self.rng, min(room, 12))
            self.printed += draw_list(self.canvas, body, entries, look, self.rng)
        return title

    def _announcements(self, _: Area, inner: Area, look: Style) -> str:
        title = "Also posted" if self.announced else self.rng.choice(["Please note", "Announcements", "Notices"])
        body = panel_title(self.canvas, inner, title, look)
        taken = [item.entry.name for item in self.printed]
        entries = [entry for entry in announcement_entries(self.rng, 14) if entry.name not in taken]
        drawn = draw_announcements(self.canvas, body, entries[: 14 if self.announced else 8], look)
        if not drawn or title in [region.label for region in self.regions]:
            raise Cramped("no announcement is left for another panel")
        self.announced = True
        self.printed += drawn
        return title

    def _settled(self, subject: Subject) -> Subject:
        """The subject, sometimes without its context, if no other measure on the poster sounds like it."""
        words = set(subject.grid.measure.split())
        others = [other.grid.measure for other in self.subjects if other.grid.measure != subject.grid.measure]
        if self.rng.random() < 0.6 or any(words & set(other.split()) for other in others):
            return subject
        return replace(subject, context="")

    def questions(self, wanted: int) -> list[Question]:
        """Questions for words and for figures in turn, words first."""
        words = ask_printed(self.printed, "poster", self.rng, (wanted + 1) // 2 if self.subjects else wanted)
        figures = ask([self._settled(subject) for subject in self.subjects], self.rng, wanted - len(words))
        return in_turn(words, figures)


def illustrate_poster(seed: int, index: int, questions: int, side: int) -> Illustration:
    """The poster with number `index` of a seed. The same arguments give the same poster.

    Args:
        seed: of the random choices.
        index: from 0.
        questions: maximum number of questions.
        side: longer side of the picture in pixels.
    """
    rng = Random(f"{seed} poster {index}")
    style = _poster_style(rng)
    width, height = rng.choice([(3840, 2560), (3840, 2880), (3840, 3200), (3840, 3840)])
    page = rgb("#0E1420") if style.ink[0] > 128 else rgb(rng.choice(["#E9ECF0", "#F3EFE6", "#DFE7EC", "#FFFFFF"]))
    canvas = Canvas(width, height, side, page)
    poster = _Poster(canvas, style, rng, seed, index)
    body = _head_and_foot(poster)
    for area, kind in _layout(canvas, body, rng):
        poster.fill(area, kind)
    asked = tuple(poster.questions(questions))
    return Illustration("poster", canvas.png(), canvas.width, canvas.height, tuple(poster.regions), asked)


def _poster_style(rng: Random) -> Style:
    style = choose_style(rng)
    if rng.random() < 0.25:
        night = rgb("#182233")
        return replace(style, background=night, plot_background=night, ink=rgb("#E8ECF2"), faint=rgb("#41506A"))
    card = rgb(rng.choice(["#FFFFFF", "#FFFFFF", "#FBFBF8"]))
    return replace(style, background=card, plot_background=card)


def _head_and_foot(poster: _Poster) -> Area:
    """Draw the poster's name and its line of small print. Return the area between them."""
    canvas, style, rng = poster.canvas, poster.style, poster.rng
    margin = canvas.px(MARGIN)
    title, line = heading(rng)
    small = canvas.font(style.family, 52)
    ink = canvas.text(canvas.width - margin, canvas.px(140), line, small, style.ink, "right")
    room = round(ink.x1) - 2 * margin
    face = fitting_font(canvas, title, style.title_family, 120, room, style.title_bold)
    canvas.text(margin, canvas.px(130), title, face, style.ink)
    canvas.line(margin, canvas.px(225), canvas.width - margin, canvas.px(225), style.ink, 6)
    foot = Area(margin, canvas.height - canvas.px(110), canvas.width - margin, canvas.height - canvas.px(30))
    poster.printed += draw_foot(canvas, foot, small_print(rng), replace(style, text_size=LEAST_TEXT + 2))
    return Area(margin, canvas.px(265), canvas.width - margin, foot.y1 - canvas.px(10))


def _layout(canvas: Canvas, body: Area, rng: Random) -> Iterator[tuple[Area, str]]:
    """Panels and their content, row by row: at least two charts, a table, a list and announcements."""
    count = max(3, body.height // canvas.px(rng.choice([620, 720, 820])))
    gap = canvas.px(36)
    shares = [rng.uniform(0.85, 1.2) for _ in range(count)]
    splits = [rng.choice(WIDTHS) for _ in range(count)]
    kinds = ["chart", "chart", "table", "list", "announcements"]
    spare = sum(map(len, splits)) - len(kinds)
    kinds += [rng.choice(["chart", "chart", "list", "list", "table"]) for _ in range(spare)]
    kinds = kinds[: sum(map(len, splits))]
    rng.shuffle(kinds)
    top = body.y1
    for share, split in zip(shares, splits, strict=True):
        height = round((body.height - gap * (count - 1)) * share / sum(shares))
        left = body.x1
        for twelfths in split:
            width = round((body.width + gap) * twelfths / 12) - gap
            yield Area(left, top, left + width, top + height), kinds.pop()
            left += width + gap
        top += height + gap
