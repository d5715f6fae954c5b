"""Questions that leave labels out: "apart from Germany, which country has the highest share?"."""

import re
from dataclasses import replace

from lensmill.agents.reader.questions.answers import NoAnswer
from lensmill.agents.reader.questions.grid import Grid, clean_label
from lensmill.agents.reader.questions.template import Template
from lensmill.perception.chart import ChartReading

_CUE = (
    r"exclud(?:ing|es?|ed)|except(?:ing)?(?: for)?|apart from|aside from|besides|leaving out|leaving aside|ignoring"
    r"|omitting|disregarding|other than|not counting|not including|without(?: counting| including)?"
)
_LEFT_OUT = re.compile(
    rf"[,(]?\s*\b(?:{_CUE}) (?P<names>(?:the )?['\"]?[CS]\d+['\"]?(?:,? (?:and |or )?(?:the )?['\"]?[CS]\d+['\"]?)*)"
    r"(?: (?:bar|category|sector|group|country|line))?\s*(?P<end>[),]|(?=\?)|$| (?=(?:which|what|who|how|in|is|are)\b))"
)


def without_excluded(template: Template) -> tuple[Template, str]:
    """The question about the chart without the labels that it leaves out, and a sentence that says so.

    The sentence is empty where the question leaves nothing out.

    Raises:
        NoAnswer: it leaves out all labels of one kind.
    """
    match = _LEFT_OUT.search(template.text)
    if match is None:
        return template, ""
    marks = re.findall(r"[CS]\d+", match.group("names"))
    names = dict.fromkeys(template.names[mark] for mark in marks)
    reading = _kept(template.grid.reading, frozenset(names))
    text = (template.text[: match.start()] + " " + template.text[match.end() :]).strip(" ,")
    if not reading.cells or set(marks) & set(template.marks("CS", text)):
        raise NoAnswer("the question leaves out what it asks for")
    said = " and ".join(f"'{clean_label(name)}'" for name in names)
    return (
        replace(template, text=re.sub(r"\s+", " ", text), grid=Grid(reading, template.grid.manner)),
        f"I leave out {said}. ",
    )


def _kept(reading: ChartReading, left_out: frozenset[str]) -> ChartReading:
    return replace(
        reading,
        categories=tuple(label for label in reading.categories if label.text not in left_out),
        series=tuple(series for series in reading.series if series.name not in left_out),
        cells=tuple(cell for cell in reading.cells if not left_out & {cell.category, cell.series}),
    )
