"""Questions about the words on a poster: small print that must be found and read."""

from random import Random

from storage.sources.synthetic.notices import fresh
from storage.sources.synthetic.panels import Printed
from storage.sources.synthetic.questions.question import Question
from storage.sources.synthetic.questions.wordings import framed, frames, one_of


def ask_printed(printed: list[Printed], thing: str, rng: Random, wanted: int) -> list[Question]:
    """Make up to `wanted` questions for different values on a page, which wordings call `thing` ("poster").

    Some have options, whose wrong values may stand elsewhere on the page.
    """
    questions = []
    for item in rng.sample(printed, min(wanted, len(printed))):
        choices: tuple[str, ...] = ()
        if rng.random() < 0.4:
            choices = _options(item, printed, rng)
        ways = framed(item.entry.asks, ("", *frames((thing,))))
        text = one_of(ways, len(item.entry.asks), rng)
        questions.append(Question("read", text, (item.entry.value,), (item.box,), choices, ways))
    return questions


def _options(item: Printed, printed: list[Printed], rng: Random) -> tuple[str, ...]:
    """The value and three of its kind: values printed for other names, or values that are not on the poster."""
    entry = item.entry
    kin = [other.entry.value for other in printed if other.entry.alike is entry.alike and other is not item]
    kin = sorted({value for value in kin if value != entry.value})
    others = rng.sample(kin, min(3, len(kin))) if rng.random() < 0.5 else []
    everything = [other.entry.value for other in printed]
    while len(others) < 3:
        others.append(fresh(entry.alike, rng, [*everything, *others]))
    return tuple(rng.sample([entry.value, *others], 4))
