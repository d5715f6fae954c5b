"""The model judge: a language model compares an answer with the references and says correct, incorrect or undecided.

`screening` first decides cases that need no reading. The model gets the rest as one JSON object, in which the answer is
data: no character of the answer can end its string, start another turn or hide. A reply that is not a verdict is
requested again. A judge that cannot be asked or does not answer gives `judge_error`, which does not count against the
answer.
"""

import hashlib
import json
import re
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from lensmill.judging.screening import screen
from lensmill.judging.verdict_reply import read_verdict
from lensmill.models.chat import ChatModel, ChatRequest, ModelError, Sampling
from lensmill.trajectory import Message, Part
from lensmill.verdict import Outcome, Verdict

MODEL_JUDGE_VERSION = 2
"""Increased when answers are presented, screened or parsed differently, so that old and new verdicts never mix."""

PROMPT = (Path(__file__).parent / "prompts" / "judge.txt").read_text(encoding="utf-8")
PROMPT_HASH = hashlib.sha256(PROMPT.encode()).hexdigest()[:16]

STRUCTURE: Mapping[str, Any] = {"regex": r'\{"verdict": "(correct|incorrect|undecided)"\}'}
"""A regex, because servers that enforce a JSON schema may still pad the reply with blanks up to the limit."""

ATTEMPTS = 3
"""Replies requested before the judge counts as failed."""

RETRY_TEMPERATURE = 0.7
"""Temperature of a retry. At temperature 0 a model without a verdict would give none again."""

MAX_DATA = 20_000
"""Maximum characters of question, references, options and answer together; longer cases are not sent to a model."""

_SELECTORS = re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef]")
"""Variation selectors: they are invisible and can encode any text."""
_MARKER = re.compile(r"<(?=[|｜/!<a-zA-Z])|\[(?=/?(?:INST|SYS)\b)", re.IGNORECASE)


class ModelJudge:
    """A chat model as a judge.

    Args:
        model: any chat model; it gets text only.
        votes: an odd number of replies. More than half must agree; otherwise the answer stays undecided.
        sampling: votes differ only above temperature 0.
    """

    def __init__(self, model: ChatModel, votes: int = 1, sampling: Sampling | None = None) -> None:
        if votes < 1 or votes % 2 == 0:
            raise ValueError("votes must be an odd number, so that two outcomes cannot tie")
        self._model = model
        self._votes = votes
        self._sampling = sampling or Sampling(max_tokens=1024)

    async def judge(
        self, question: str, references: Sequence[str], choices: Sequence[str], answer: str | None, key: str
    ) -> Verdict:
        """See `Judge`. A model that fails gives a `judge_error` whose rule is the kind of failure, never an
        exception."""
        known = [reference for reference in references if reference.strip()]
        if not known:
            raise ValueError("an answer needs at least one reference to be judged by, got none that is not blank")
        screened = screen(question, known, choices, answer)
        if screened is not None or answer is None:
            return screened or Verdict("undecided", "abstained")
        if sum(map(len, (question, answer, *known, *choices))) > MAX_DATA:
            return Verdict("undecided", "too_long_to_ask", None, f"the question has over {MAX_DATA} characters in all")
        messages = (
            Message("system", (Part(PROMPT),)),
            Message("user", (Part(as_data(question, known, choices, answer)),)),
        )
        try:
            return await self._elect(messages, key)
        except ModelError as error:
            return Verdict("judge_error", error.error_class, None, f"{self._model.name}: {error}"[:500])

    async def _elect(self, messages: tuple[Message, ...], key: str) -> Verdict:
        """Collect votes one after the other, until more than half of all votes agree."""
        cast: Counter[Outcome] = Counter()
        for vote in range(self._votes):
            outcome = await self._vote(messages, key, vote)
            if outcome is None:
                reason = f"{self._model.name} gave no verdict in {ATTEMPTS} replies"
                return Verdict("judge_error", "no_verdict", None, reason)
            cast[outcome] += 1
            if cast[outcome] * 2 > self._votes:
                of = f"{cast[outcome]} of {vote + 1} votes" if self._votes > 1 else "the verdict"
                return Verdict(outcome, "model", None, f"{of} of {self._model.name}")
        split = ", ".join(f"{count} {outcome}" for outcome, count in sorted(cast.items()))
        return Verdict("undecided", "model_votes", None, f"votes of {self._model.name}: {split}")

    async def _vote(self, messages: tuple[Message, ...], key: str, vote: int) -> Outcome | None:
        for attempt in range(ATTEMPTS):
            sampling = self._sampling
            if attempt:
                sampling = replace(sampling, temperature=max(sampling.temperature, RETRY_TEMPERATURE))
            seed = seed_of(key, vote, attempt)
            reply = await self._model.chat(
                ChatRequest(messages, sampling=sampling, seed=seed, episode=key, structure=STRUCTURE)
            )
            if (outcome := read_verdict(reply.text)) is not None:
                return outcome
        return None


def seed_of(*parts: object) -> int:
    """A seed of 31 bits that depends only on `parts`."""
    text = "\0".join(map(str, parts))
    return int.from_bytes(hashlib.sha256(text.encode("utf-8", "replace")).digest()[:4]) >> 1


def as_data(question: str, references: Sequence[str], choices: Sequence[str], answer: str) -> str:
    """The case for the model, as one JSON object.

    JSON keeps the answer within its string. Invisible characters are removed. Characters that a server's chat template
    could read as the end of the message are written as JSON escapes.
    """
    content = {
        "question": _visible(question),
        "references": [_visible(reference) for reference in references],
        "choices": [_visible(choice) for choice in choices],
        "prediction": _visible(answer),
    }
    text = json.dumps(content, ensure_ascii=False, indent=1)
    return _neutralised(text)


def _visible(text: str) -> str:
    """A text without control, formatting and private characters. Line breaks stay; lone surrogates become U+FFFD."""
    kept = []
    for character in _SELECTORS.sub("", text):
        category = unicodedata.category(character)
        if category == "Cs":
            kept.append("\ufffd")
        elif category[0] != "C" or character == "\n":
            kept.append(character)
        elif character.isspace():
            kept.append(" ")
    return "".join(kept)


def _neutralised(text: str) -> str:
    return _MARKER.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
