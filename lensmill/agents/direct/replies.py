"""A reply to a direct question: a thought, perhaps, and the answer; a short reply without tags is the answer."""

from dataclasses import dataclass

from lensmill.agents.replies.final import one_answer, without_stop
from lensmill.agents.replies.tags import read_tags

NO_ANSWER = "The reply has no <answer>."
CUT = "The reply was cut off at its length limit before its answer."

_SHORT = 120
"""Characters of one line that count as an answer on their own."""


@dataclass(frozen=True, slots=True)
class DirectReply:
    """What a reply meant; `problem` says why there is no answer."""

    thought: str
    answer: str | None = None
    problem: str = ""


def read_direct_reply(reply: str, cut: bool = False) -> DirectReply:
    """A reply of the direct protocol. `cut`: it ended at its token limit."""
    tagged = read_tags(reply)
    if cut and (tagged.open_end or not tagged.answers):
        return DirectReply(tagged.thought, problem=CUT)
    if tagged.answers:
        answer, problem = one_answer(tagged.answers)
        return DirectReply(tagged.thought, answer, problem)
    alone = reply.strip()
    if alone and len(alone) <= _SHORT and "\n" not in alone and "<" not in alone:
        answer, problem = one_answer([without_stop(alone)])
        return DirectReply("", answer, problem)
    return DirectReply(tagged.thought, problem=NO_ANSWER)
