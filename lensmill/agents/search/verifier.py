"""A verifier that is a model: it knows the answers, and what it lets out is checked by code (design invariant 8)."""

import re
from collections.abc import Awaitable, Callable, Sequence

from lensmill.agents.asking import question_text
from lensmill.agents.conversation import Conversation
from lensmill.agents.protocol import Review, Task
from lensmill.agents.structure import verdict_structure
from lensmill.judging.text import canonical, words
from lensmill.models.chat import ChatModel, Sampling
from lensmill.picture import Encoded
from lensmill.prompts import fill
from lensmill.tools.errors import shown
from lensmill.trajectory import Part
from lensmill.verdict import Verdict

Judge = Callable[[str], Awaitable[Verdict]]
"""Judges an answer of this sample, whatever the judge is."""

NEUTRAL = "Look again, closely and elsewhere, and make sure that you have what the question asks about."
"""Advice that says nothing, in place of advice that says too much."""

MAX_ADVICE = 400
"""Characters. Longer advice argues the case, and is replaced."""

_COMPACT = 4
"""An answer of so many letters and digits is also found where blanks or signs are put between them."""

_NUMBERS = """zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen
seventeen eighteen nineteen twenty"""
_ORDINALS = "zeroth first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth"
_SPELLED = {word: str(number) for listed in (_NUMBERS, _ORDINALS) for number, word in enumerate(listed.split())}
_VERDICT = re.compile(r"VERDICT[\s*_]{0,5}[:：][\s*_]{0,5}(correct|incorrect)", re.IGNORECASE)
_ADVICE = re.compile(r"ADVICE[\s*_]{0,5}[:：][\s*_]{0,5}([^\n]{1,2000})", re.IGNORECASE)


def safe_advice(advice: str, answers: Sequence[str], choices: Sequence[str] = ()) -> str:
    """The advice, or a neutral one where it contains an answer or names an option, in any spelling known to us."""
    advice = " ".join(advice.split())
    if not advice or len(advice) > MAX_ADVICE:
        return NEUTRAL
    return NEUTRAL if gives_away(advice, answers, choices) else advice


def gives_away(advice: str, answers: Sequence[str], choices: Sequence[str] = ()) -> bool:
    """Does a text contain one of the answers, or name one of the options (which tells by leaving one out)?"""
    said = canonical(advice)
    plain = [_same_number(word) for word in words(said)]
    tight = re.sub(r"\W|_", "", said)
    for secret in (*answers, *choices):
        meant = canonical(secret)
        letter = re.fullmatch(r"\(?([a-z])[).]?", meant)
        if letter:
            if _names_letter(advice, ord(letter[1]) - ord("a") + 1):
                return True
            continue
        parts = [_same_number(word) for word in words(meant)]
        if parts and any(plain[i : i + len(parts)] == parts for i in range(len(plain) - len(parts) + 1)):
            return True
        inner = re.sub(r"\W|_", "", meant)
        if len(inner) >= _COMPACT and inner in tight:
            return True
        digits = re.sub(r"\D", "", meant)
        if digits and digits in re.findall(r"\d+", re.sub(r"(?<=\d)[\s,.'](?=\d)", "", said)):
            return True
    return bool(choices) and _names_letter(advice, len(choices))


def _names_letter(advice: str, count: int) -> bool:
    """Does a text name one of the first letters as an option? "A" may also be an article, and then a word follows."""
    last = chr(ord("A") + min(count, 26) - 1)
    named = rf"(?:\(|\b(?:options?|choices?|answers?|letters?)\s*\(?[\"']?)[A-{last}a-{last.lower()}]\b"
    alone = rf"(?<![\w'])[A-{last}](?![\w'])(?!(?<=A)\s+[a-z])"
    return bool(re.search(named, advice) or re.search(alone, advice))


def _same_number(word: str) -> str:
    """A small number written out, as its digits; thousands separators go."""
    if word in _SPELLED:
        return _SPELLED[word]
    ordinal = re.fullmatch(r"(\d+)(?:st|nd|rd|th)", word)
    if ordinal:
        return ordinal[1]
    if re.fullmatch(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?", word):
        return word.replace(",", "")
    return word


class ModelVerifier:
    """Reviews answers to one sample.

    Args:
        task: the question with its options, as the agent has it.
        answers: the right ones.
        judge: decides; where it can't (undecided, judge_error), the model does.
        view: what the agent sees, for advice about where to look; None for a model without eyes.
    """

    def __init__(
        self,
        model: ChatModel,
        task: Task,
        answers: Sequence[str],
        judge: Judge,
        sampling: Sampling | None = None,
        *,
        view: Encoded | None = None,
        episode: str = "",
        structured: bool = False,
    ) -> None:
        self._model, self._task, self._answers, self._judge = model, task, tuple(answers), judge
        self._sampling = sampling or Sampling(max_tokens=1024)
        self._images = () if view is None else (view,)
        self._episode, self._structured = episode, structured
        self._reviews = 0

    async def review(self, answer: str) -> Review:
        """Whether an answer is right, and if not, advice that does not tell what is.

        Raises:
            ModelError, TooLong, PictureSize: the model could not be asked.
        """
        verdict = await self._judge(answer)
        if verdict.outcome == "correct":
            return Review(True)
        task, self._reviews = self._task, self._reviews + 1
        prompt = fill(
            "search_verifier",
            question=question_text(task),
            answers=" | ".join(self._answers),
            answer=shown(answer, 1000),
        )
        talk = Conversation(
            self._model,
            self._sampling,
            seed=task.seed * 100 + self._reviews,
            episode=self._episode,
            rung=task.rung,
            role="verifier",
        )
        talk.tell(*[Part(image=index) for index in range(len(self._images))], f"\n{prompt}")
        reply = await talk.reply(self._images, verdict_structure() if self._structured else None)
        text = reply.text[:20_000].rpartition("</think>")[2]
        said = _VERDICT.search(text)
        if verdict.outcome != "incorrect" and said is not None and said[1].lower() == "correct":
            return Review(True, calls=tuple(talk.calls))
        found = _ADVICE.search(text)
        advice = safe_advice(found[1] if found else "", self._answers, task.choices)
        return Review(False, advice, tuple(talk.calls))
