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


COUNT = (
    "How many {parts} does the figure have?",
    "How many {parts} are there in the figure?",
    "Of how many {parts} does the figure consist?",
    "What is the number of {parts} in the figure?",
    "How many separate {parts} are shown?",
    "Can you count the {parts} of the figure?",
    "How many {parts} make up the figure?",
)
PARTS = ("panels", "subplots", "charts", "plots", "subfigures", "diagrams")

LETTER = (
    'Which {part} is titled "{title}"?',
    'What is the letter of the {part} "{title}"?',
    'Which {part} shows "{title}"?',
    'Which {part} has the title "{title}"?',
    'Under which letter do you find the {part} "{title}"?',
    'What letter marks the {part} titled "{title}"?',
    'By which letter is the {part} "{title}" marked?',
    'Can you give the letter of the {part} titled "{title}"?',
)
TITLE = (
    "What is the title of {part} {letter}?",
    "Which title is printed above {part} {letter}?",
    "What title does {part} {letter} have?",
    "Which title does {part} {letter} bear?",
    "What is printed as the title of {part} {letter}?",
    "What is {part} {letter} titled?",
    "How is {part} {letter} titled?",
    "Can you read the title of {part} {letter}?",
)
PART = ("panel", "subplot", "chart", "plot", "subfigure")


def _count(panels: Sequence[DrawnPanel], rng: Random) -> Question:
    ways = tuple(form.format(parts=parts) for form in COUNT for parts in PARTS)
    evidence = tuple(panel.box for panel in panels)
    return Question("panel_count", rng.choice(ways), (str(len(panels)),), evidence, ways=ways)


def _letter(panels: Sequence[DrawnPanel], rng: Random) -> Question:
    panel = rng.choice(panels)
    ways = tuple(form.format(part=part, title=panel.title) for form in LETTER for part in PART)
    answers = tuple(dict.fromkeys((panel.letter.strip("()"), panel.letter)))
    return Question("panel_letter", rng.choice(ways), answers, panel.heading, ways=ways)


def _title(panels: Sequence[DrawnPanel], rng: Random) -> Question:
    panel = rng.choice(panels)
    ways = tuple(form.format(part=part, letter=panel.letter) for form in TITLE for part in PART)
    return Question("panel_title", rng.choice(ways), (panel.title,), panel.heading, ways=ways)
