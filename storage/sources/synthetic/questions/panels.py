"""Questions about the panels of a figure: how many there are, what each shows."""

from collections.abc import Sequence
from random import Random

from storage.sources.synthetic.drawing import DrawnPanel
from storage.sources.synthetic.questions.question import Question


def ask_panels(panels: Sequence[DrawnPanel], rng: Random, wanted: int) -> list[Question]:
    """Make up to `wanted` questions of different kinds."""
    lettered = [panel for panel in panels if panel.letter]
    makers = [_count, *([_letter, _title] if lettered else [])]
    return [maker(panels if maker is _count else lettered, rng) for maker in rng.sample(makers, len(makers))[:wanted]]


def _count(panels: Sequence[DrawnPanel], rng: Random) -> Question:
    text = rng.choice(["How many panels does the figure have?", "How many subplots are there?"])
    return Question("panel_count", text, (str(len(panels)),), tuple(panel.box for panel in panels))


def _letter(panels: Sequence[DrawnPanel], rng: Random) -> Question:
    panel = rng.choice(panels)
    text = rng.choice(['Which panel is titled "{}"?', 'What is the letter of the panel "{}"?']).format(panel.title)
    answers = dict.fromkeys((panel.letter.strip("()"), panel.letter))
    return Question("panel_letter", text, tuple(answers), panel.heading)


def _title(panels: Sequence[DrawnPanel], rng: Random) -> Question:
    panel = rng.choice(panels)
    text = rng.choice(["What is the title of panel {}?", "Which title is printed above panel {}?"])
    return Question("panel_title", text.format(panel.letter), (panel.title,), panel.heading)
