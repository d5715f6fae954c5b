"""The wordings of questions: for each kind many forms, each with or without a frame such as "According to the chart".

A form says the same as every other form of its kind. Fields of forms:

    phrase      a figure in words: "population of Ohio in 2010"
    measured    the measure with what holds for all figures: "population in 2010"; `a_measured` has its article
    noun, nouns a category: "state", "states"
    when        the category as a point in time: "in which year"
    value       a figure as printed
    word        a degree: "highest", "second largest", "lower", "more than"
    here, there names of two categories (or series); `other` stands for the second figure: "that of Texas", "in 2000"
    first, second, third    figures, by name or by rank: "the second highest population in 2010"
    pair        two figures at once: "population of Ohio and Texas in 2010"
"""

from collections.abc import Mapping, Sequence
from random import Random

from lensmill.geometry import Box
from storage.sources.synthetic.questions.question import Question
from storage.sources.synthetic.questions.subject import Subject

FRAMES = (
    "according to the {}, ",
    "going by the {}, ",
    "based on the {}, ",
    "judging by the {}, ",
    "in the {} shown, ",
    "looking at the {}, ",
)
"""What a question may begin with, if its picture shows nothing else."""

BARE = 0.5
"""The share of questions without a frame, where there are frames."""

_NAMING = (
    "which {noun} has the {word} {measured}?",
    "what {noun} has the {word} {measured}?",
    "what is the {noun} with the {word} {measured}?",
    "which is the {noun} with the {word} {measured}?",
    "which {noun} shows the {word} {measured}?",
    "which {noun} is shown with the {word} {measured}?",
    "can you name the {noun} with the {word} {measured}?",
    "for which {noun} is the {measured} the {word}?",
    "the {word} {measured} belongs to which {noun}?",
    "which {noun} is listed with the {word} {measured}?",
)

_DIFFERENCE = (
    "what is the difference between {first} and {second}?",
    "what's the difference between {first} and {second}?",
    "how large is the difference between {first} and {second}?",
    "how big is the gap between {first} and {second}?",
    "by how much do {first} and {second} differ?",
    "can you work out the difference between {first} and {second}?",
)

FORMS: Mapping[str, tuple[str, ...]] = {
    "lookup": (
        "what is the {phrase}?",
        "what was the {phrase}?",
        "what's the {phrase}?",
        "how much is the {phrase}?",
        "what value is given for the {phrase}?",
        "what value is shown for the {phrase}?",
        "which value is printed for the {phrase}?",
        "what figure is given for the {phrase}?",
        "which number is shown for the {phrase}?",
        "can you tell me the {phrase}?",
        "could you read off the {phrase}?",
        "what does the {phrase} amount to?",
    ),
    "lookup year": (
        "what is the {phrase}?",
        "what was the {phrase}?",
        "what's the {phrase}?",
        "which year is given for the {phrase}?",
        "what year is shown as the {phrase}?",
        "can you tell me the {phrase}?",
    ),
    "lookup roughly": (
        "what is the approximate {phrase}?",
        "about how much is the {phrase}?",
        "what is the {phrase}, roughly?",
        "roughly how much is the {phrase}?",
        "approximately how much is the {phrase}?",
        "what is the {phrase}, approximately?",
        "what is your estimate of the {phrase}?",
        "about what value does the {phrase} have?",
        "can you estimate the {phrase}?",
        "around how much is the {phrase}?",
    ),
    "reverse": (
        "which {noun} has a value of {value} for {measured}?",
        "which {noun} has {a_measured} of {value}?",
        "what {noun} has {a_measured} of {value}?",
        "for which {noun} is the {measured} {value}?",
        "for which {noun} is {value} given as the {measured}?",
        "which {noun} is shown with {a_measured} of {value}?",
        "which {noun} is listed with {a_measured} of {value}?",
        "what is the {noun} with {a_measured} of {value}?",
        "can you name the {noun} with {a_measured} of {value}?",
        "{a_measured} of {value} belongs to which {noun}?",
    ),
    "reverse when": (
        "{when} was the {measured} {value}?",
        "{when} is the {measured} {value}?",
        "{when} did the {measured} stand at {value}?",
        "{when} was the {measured} exactly {value}?",
        "{when} is {a_measured} of {value} shown?",
        "{when} is the {measured} given as {value}?",
        "which {noun} has {a_measured} of {value}?",
        "what {noun} has {a_measured} of {value}?",
        "which {noun} is shown with {a_measured} of {value}?",
    ),
    "extreme": _NAMING,
    "series_extreme": _NAMING,
    "extreme when": (
        "{when} was the {measured} the {word}?",
        "{when} is the {measured} the {word}?",
        "{when} do we see the {word} {measured}?",
        "{when} does the {word} {measured} occur?",
        "{when} is the {word} {measured} shown?",
        *(form for form in _NAMING if "belongs" not in form),
    ),
    "extreme value": (
        "what is the {word} {measured}?",
        "what was the {word} {measured}?",
        "what's the {word} {measured}?",
        "how much is the {word} {measured}?",
        "what is the {word} {measured} shown?",
        "what is the value of the {word} {measured}?",
        "what value does the {word} {measured} have?",
        "what figure is given for the {word} {measured}?",
        "of all {nouns} shown, what is the {word} {measured}?",
        "can you tell me the {word} {measured}?",
    ),
    "difference": (
        "what is the difference in {measured} between {here} and {there}?",
        "what is the difference between {here} and {there} in {measured}?",
        "by how much do {here} and {there} differ in {measured}?",
        "how much do {here} and {there} differ in {measured}?",
        "how large is the difference in {measured} between {here} and {there}?",
        "how big is the gap in {measured} between {here} and {there}?",
        "what is the gap between {here} and {there} in {measured}?",
        "how far apart are {here} and {there} in {measured}?",
        "how great a difference in {measured} is there between {here} and {there}?",
        "by how much does the {measured} differ between {here} and {there}?",
        "can you work out the difference in {measured} between {here} and {there}?",
    ),
    "comparison": (
        "is the {phrase} {word} than {other}?",
        "was the {phrase} {word} than {other}?",
        "is it true that the {phrase} is {word} than {other}?",
        "is it the case that the {phrase} is {word} than {other}?",
        "is it correct that the {phrase} is {word} than {other}?",
        "would you say that the {phrase} is {word} than {other}?",
        "can one say that the {phrase} is {word} than {other}?",
    ),
    "sum of two": (
        "what is the total {pair}?",
        "what is the combined {pair}?",
        "how much is the total {pair}?",
        "how much is the combined {pair}?",
        "what is the sum of the {pair}?",
        "what is the {pair} in total?",
        "what is the {pair} taken together?",
        "what does the {pair} add up to?",
        "can you add up the {pair}?",
        "what is the {pair}, added together?",
    ),
    "sum of all": (
        "what is the total {measure} of all {nouns} shown{within}?",
        "what is the combined {measure} of all {nouns} shown{within}?",
        "how much is the total {measure} of all {nouns} shown{within}?",
        "what is the sum of the {measure} of all {nouns} shown{within}?",
        "what does the {measure} of all {nouns} shown{within} add up to?",
        "what is the {measure} of all {nouns} shown{within}, added together?",
        "can you add up the {measure} of all {nouns} shown{within}?",
    ),
    "count": (
        "how many {nouns} have {a_measured} {word} {value}?",
        "for how many {nouns} is the {measured} {word} {value}?",
        "how many of the {nouns} have {a_measured} {word} {value}?",
        "how many of the {nouns} shown have {a_measured} {word} {value}?",
        "what is the number of {nouns} with {a_measured} {word} {value}?",
        "how many {nouns} are there with {a_measured} {word} {value}?",
        "how many {nouns} show {a_measured} {word} {value}?",
        "can you count the {nouns} with {a_measured} {word} {value}?",
    ),
    "count all": (
        "how many {nouns} are shown?",
        "how many {nouns} are there?",
        "how many {nouns} are listed?",
        "how many {nouns} are included?",
        "how many {nouns} are compared?",
        "how many different {nouns} are shown?",
        "what is the number of {nouns} shown?",
        "can you count the {nouns} shown?",
    ),
    "steps_2": (
        "what is {first}?",
        "what was {first}?",
        "what's {first}?",
        "how much is {first}?",
        "what is the value of {first}?",
        "can you tell me {first}?",
    ),
    "steps_3": _DIFFERENCE,
    "steps_4": _DIFFERENCE,
    "steps_5": (
        "what is the average of {first}, {second} and {third}?",
        "what's the average of {first}, {second} and {third}?",
        "how much is the average of {first}, {second} and {third}?",
        "what is the mean of {first}, {second} and {third}?",
        "what is the mean value of {first}, {second} and {third}?",
        "can you work out the average of {first}, {second} and {third}?",
    ),
}
"""Kind of question -> its forms, without frame."""


def article(noun: str) -> str:
    """The noun with "a" or "an"."""
    return f"{'an' if noun[:1].lower() in 'aeiou' else 'a'} {noun}"


def frames(things: Sequence[str]) -> tuple[str, ...]:
    """What a question may begin with on a picture that is called one of `things`."""
    return tuple(frame.format(thing) for frame in FRAMES for thing in things)


def framed(forms: Sequence[str], beginnings: Sequence[str]) -> tuple[str, ...]:
    """Every form with every beginning (empty for none), as sentences; all forms with the first beginning come first."""
    return tuple(_sentence(beginning, form) for beginning in beginnings for form in forms)


def one_of(ways: Sequence[str], bare: int, rng: Random) -> str:
    """One of the wordings; half of the time one of the first `bare`, which have no frame."""
    return rng.choice(ways[:bare] if rng.random() < BARE else ways)


def frames_of(subject: Subject) -> tuple[str, ...]:
    """What questions about a subject may begin with, first of all the context that they need (or nothing)."""
    if subject.context or not subject.alone:
        return (subject.context,)
    things = ("table",) if subject.drawing.kind == "table" else ("chart", "graph")
    return ("", *frames(things))


def worded(
    subject: Subject,
    rng: Random,
    kind: str,
    words: Mapping[str, str],
    answer: str,
    evidence: tuple[Box, ...],
    choices: tuple[str, ...] = (),
) -> Question:
    """A question in one of its wordings.

    Args:
        subject: the chart that is asked about.
        rng: chooses the wording.
        kind: a key of `FORMS`; its first word is the question's family.
        words: the fields of the forms.
        answer: the right answer.
        evidence: boxes of the evidence.
        choices: options, if any.
    """
    plain = [form.format(**words) for form in FORMS[kind]]
    ways = framed(plain, frames_of(subject))
    text = one_of(ways, len(plain), rng)
    return Question(FAMILIES.get(kind, kind), text, (answer,), evidence, choices, ways)


FAMILIES = {
    "lookup year": "lookup",
    "lookup roughly": "lookup",
    "reverse": "reverse_lookup",
    "reverse when": "reverse_lookup",
    "extreme when": "extreme",
    "extreme value": "extreme_value",
    "sum of two": "sum",
    "sum of all": "sum",
    "count all": "count",
}
"""The family of each kind whose name is not that of its family."""


def _sentence(beginning: str, form: str) -> str:
    text = f"{beginning}{form[0].lower()}{form[1:]}" if beginning else form
    return text[0].upper() + text[1:]
