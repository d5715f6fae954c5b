"""Decides cases before a model is asked, so that the answer cannot sway the model.

These are answers that are missing, empty, too long or several at once, and answers that address their judge. Such cases
need no reading, and a model is talked into a verdict more easily than a rule.
"""

import re
from collections.abc import Iterator, Sequence

from lensmill.judging.injection import speaks_to_the_judge
from lensmill.judging.lists import splits
from lensmill.judging.rules import MAX_ANSWER
from lensmill.judging.text import canonical, is_plain_answer, unwrapped, vocabulary, words
from lensmill.verdict import Verdict

_CLAIM = re.compile(
    r"\banswer(?:\s+is\b|\s*[:=])\s*([^\n.;,]{1,80})|<answer>(.{0,200}?)</answer>|\\boxed\{([^{}]{0,80})\}"
)
_MORE = (
    "more|less|fewer|over|older|higher|above|under|younger|lower|so|not|greater|later|earlier|below|beyond|better|worse"
)
_OR = re.compile(rf"(?<!\bmore) \bor (?!(?:{_MORE})\b)")
_SETTLED = vocabulary("not over because than wrong incorrect nor rather unlike instead")
"""Words with which an answer may choose between the options it mentions: "D, not B or C". Only a reader can tell."""
_BARS = re.compile(r"\w{3}\s+[/|]\s+\w{3}")  # not "60 km / h"
_BULLETS = re.compile(r"^\s*(?:[-*•·]|\(?\d{1,2}[.)])\s+\S", re.MULTILINE)


def screen(question: str, references: Sequence[str], choices: Sequence[str], answer: str | None) -> Verdict | None:
    """A verdict on an answer that must not be sent to a model; None lets the answer through."""
    if answer is None:
        return Verdict("undecided", "abstained", None, "the agent gave no answer")
    if len(answer) > MAX_ANSWER or len(canonical(answer)) > MAX_ANSWER:
        return Verdict("incorrect", "answer_too_long", None, f"the answer has more than {MAX_ANSWER} characters")
    if not canonical(answer):
        return Verdict("incorrect", "empty_answer", None, "the answer is empty")
    known = (question, *references, *choices)
    if speaks_to_the_judge(answer, known):
        return Verdict("incorrect", "judge_injection", None, "the answer speaks to its judge instead of answering")
    if not is_plain_answer(answer):
        return Verdict(
            "incorrect", "template_token", None, "the answer holds a template's token or a control character"
        )
    if _offers_several(answer, known, references):
        return Verdict("incorrect", "several_answers", None, "the answer offers several answers where one is asked for")
    return None


def _offers_several(answer: str, known: Sequence[str], references: Sequence[str]) -> bool:
    """Whether an answer leaves the choice to its judge. Alternatives in the question's own words count as one
    answer."""
    said = unwrapped(canonical(answer))
    if any(" ".join(words(said)) in " ".join(words(canonical(text[:4000]))) for text in known):
        return False
    if len(set(_claims(answer))) > 1:
        return True
    wanted = [canonical(reference) for reference in references]
    if _OR.search(said) and _SETTLED.isdisjoint(words(said)) and not any(" or " in reference for reference in wanted):
        return True
    if _BARS.search(said) and not any("/" in reference or "|" in reference for reference in wanted):
        return True
    return len(_BULLETS.findall(answer)) > 1 and not any(splits(reference) for reference in references)


def _claims(answer: str) -> Iterator[str]:
    """Each text that the answer declares to be the answer."""
    for found in _CLAIM.finditer(answer.casefold()):
        claimed = unwrapped(canonical(next(text for text in found.groups() if text is not None)))
        if claimed and not claimed.startswith("not "):
            yield " ".join(words(claimed))
