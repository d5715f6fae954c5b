"""A verifier that is a model: it knows the answers, and what it lets out is checked by code (design invariant 8)."""

import re
from collections.abc import Awaitable, Callable, Sequence

from lensmill.agents.conversation import Conversation
from lensmill.agents.protocol import Review, Task
from lensmill.agents.search.prompting import PROMPTS
from lensmill.agents.search.secrecy import safe_advice
from lensmill.agents.search.structure import verdict_structure
from lensmill.agents.wording import question_text
from lensmill.models.chat import ChatModel, ModelCall, Sampling
from lensmill.picture import Encoded
from lensmill.tools.errors import shown
from lensmill.trajectory import Part
from lensmill.verdict import Verdict

Judge = Callable[[str], Awaitable[Verdict]]
"""Judges an answer of this sample, whatever the judge is."""

_VERDICT = re.compile(r"VERDICT[\s*_]{0,5}[:：][\s*_]{0,5}(correct|incorrect)", re.IGNORECASE)
_ADVICE = re.compile(r"ADVICE[\s*_]{0,5}[:：][\s*_]{0,5}([^\n]{1,2000})", re.IGNORECASE)


class ModelVerifier:
    """Reviews answers to one sample.

    Args:
        task: the question with its options, as the agent has it.
        answers: the right ones.
        judge: decides; where it can't (undecided, judge_error), the model does.
        record: each call of the model is added to it.
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
        record: list[ModelCall] | None = None,
    ) -> None:
        self._model, self._task, self._answers, self._judge = model, task, tuple(answers), judge
        self._sampling = sampling or Sampling(max_tokens=1024)
        self._images = () if view is None else (view,)
        self._episode, self._structured = episode, structured
        self._record, self._reviews = [] if record is None else record, 0

    async def review(self, answer: str) -> Review:
        """Whether an answer is right, and if not, advice that does not tell what is.

        Raises:
            ModelError, TooLong, PictureSize: the model could not be asked.
        """
        verdict = await self._judge(answer)
        if verdict.outcome == "correct":
            return Review(True)
        task, self._reviews = self._task, self._reviews + 1
        prompt = PROMPTS.fill(
            "verifier",
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
            record=self._record,
            role="verifier",
        )
        talk.tell(*[Part(image=index) for index in range(len(self._images))], f"\n{prompt}")
        reply = await talk.reply(self._images, verdict_structure() if self._structured else None)
        text = reply.text[:20_000].rpartition("</think>")[2]
        said = _VERDICT.search(text)
        if verdict.outcome != "incorrect" and said is not None and said[1].lower() == "correct":
            return Review(True)
        found = _ADVICE.search(text)
        advice = safe_advice(found[1] if found else "", self._answers, task.choices)
        return Review(False, advice)
