"""Made-up observations: results that a model wrote itself, and pictures that it describes before they exist.

Messages keep a model's text verbatim, also parts that the agent cut away before it continued. Training on such parts
teaches a model not to look. A plan ("I zoom in to see what it shows") is no made-up observation, and neither is a text
about a crop that exists.
"""

import re
from collections.abc import Iterator, Sequence

from lensmill.agents.refocus.replies import read_refocus_reply
from lensmill.agents.replies.tags import read_pieces
from lensmill.template_tokens import RESULT_TAGS
from lensmill.trajectory import Message, Step

_PICTURE = r"(?:picture|image|photo|view|crop|version|part|region|area|section|portion|patch|figure|chart)"
_CLOSER = rf"(?:zoomed|cropped|magnified|enlarged)(?:[- ](?:in|out|up))?(?:\s\w+){{0,2}}\s{_PICTURE}"
_EDITED = r"(?:edited|masked|annotated|highlighted|modified)\s(?:picture|image|crop|version)"
_LOOKED = (
    r"\b(?:after|having|now that|upon)\s(?:(?:i|we)(?:'ve|\shave)?\s)?"
    r"(?:zoom|cropp|magnif|enlarg)(?:ing|ied|ying|ed)\b"
    r"(?!\s(?:seasons?|cycles?|years?)\b|\s(?!in\b|out\b|it\b|closer\b)\w+\s(?:is|are|was|were|ends?|ended)\b)"
    r"|\bnow that (?:i|we) (?:zoom|look) (?:in|closer)"
    r"|(?<!by )\bzooming (?:in|closer)[^.,;]{0,40}, (?:i|we|it|the)\b"
)
"""Words for an action that the writer did or claims to have done; not the time "after cropping season"."""

_DERIVED = re.compile(
    rf"\b(?:the|this|that|my|our|each|both)\s(?:(?!the\b)\w+\s)?(?:{_CLOSER}|{_EDITED})\b"
    r"|\b(?:the|this|that|my)\s(?:zoomed-in|zoom-in|close-up|zoom)\s(?=shows?|showed|reveal|display)"
    rf"|\bpicture [1-9]\d?\b|{_LOOKED}",
    re.IGNORECASE,
)
_ACT = re.compile(_LOOKED, re.IGNORECASE)
_HEAD = re.compile(
    r"\b(?:zoom|crop|magnif|enlarg|edit|mask|annotat|highlight|modif|close-up|picture [1-9])", re.IGNORECASE
)
"""The word by which a question may speak of the same thing: an enlarged section of a map, a field's crop."""

_CROP = re.compile(
    r"\b(?:the|this|that|my)\s(?:first\s|second\s)?crop(?=\s(?:\w+ly\s)?(?:shows?|showed|reveal|display))"
    r"|\b(?:from|in)\sthe\scrop(?=,?\s(?:i|we|it|one|the)\b)",
    re.IGNORECASE,
)
_CLAIM = re.compile(
    r"\b(?:shows?|showed|shown|reveals?|revealed|displays?|displayed|indicates?|indicated|confirms?|confirmed"
    r"|contains?|depicts?|sees?|saw|seen|reads?|says?|finds?|found|observed?|noticed?|visible|clear|clearly|is|are|was"
    r"|were|has|makes)\b|[:=]\s*\d",
    re.IGNORECASE,
)
_DONE = re.compile(
    r"\b(?:i|we)(?:'ve|\shave)?\s(?:now\s|already\s)?(?:zoomed|cropped|magnified)\b"
    r"|\bthe\s(?:(?:tool|code|zoom)(?:'s)?\s(?:call\s)?|function(?:'s)?\scall\s)"
    r"(?:output|result|response|(?:returned|returns)(?!\sto\b)|printed|showed)\b"
    r"|\bthe\sfunction(?:'s)?\s(?:(?:returned|returns|printed)\s(?:(?:the|an?|its|this|as)\s)?)?"
    r"(?:output|results?|response)\b",
    re.IGNORECASE,
)
_PLAN_BEFORE = re.compile(
    r"\b(?:will|would|should|shall|might|may|must|let(?:'s|\sme|\sus)|needs?\sto|wants?\sto|going\sto|plan|try|then"
    r"|to\s(?:see|check|read|find|look|make|get|be|confirm|verify)|so\sthat|in\sorder|expect|hope|what|how)\b|'ll\b"
)
_CONDITION = re.compile(r"\b(?:if|whether|once|when|unless|until|before)\b", re.IGNORECASE)
_PLAN_AFTER = re.compile(r"[^.;]{0,25}(?:\b(?:will|would|should|shall|might|may|must)\b|'ll\b)")
_CLAUSE = re.compile(r"[,;:]\s|\band\b|\bbut\b|\bso\b(?!\sthat)")
_RESULT = re.compile(rf"<(?:{RESULT_TAGS})>", re.IGNORECASE)
_MARK = r"(?:^|>)[ \t*#_]{0,8}"
_COLON = r"[ \t*_]{0,4}\d{0,2}[ \t*_]{0,4}[:：]"
_OBSERVATION = re.compile(
    rf"{_MARK}(?:observation|(?:tool|function)[ _](?:response|result|output))(?:{_COLON}|[ \t*_]{{0,4}}$)",
    re.IGNORECASE | re.MULTILINE,
)
_REFOCUS_OBSERVATION = re.compile(rf"\bOBSERVATION{_COLON}")
_TURN = re.compile(
    rf"{_MARK}(?i:user|human|assistant)[ \t*_]{{0,4}}[:：](?![ \t]*[-+$€£¥~]?\d)"
    r"|^(?:user|assistant|tool|system)[ \t]*$",
    re.MULTILINE,
)
_ACTION = re.compile(rf"</?(?:tool|function)_call>|```|{_MARK}action{_COLON}", re.IGNORECASE | re.MULTILINE)
_CALLED = re.compile(r".*</(?:tool|function)_call>|.*?\bACTION\b[^\n]{0,20}\n\s{0,20}```.*```", re.DOTALL)
_TAG = re.compile(r"</?\w{1,20}>")
_UNSAID = re.compile(r"```.*?(?:```|\Z)|<tool_call>.*?(?:</tool_call>|\Z)", re.DOTALL)
_SENTENCE = re.compile(r"(?<=[.!?。])\s|\n")
_BEFORE = 300
"""Characters before a phrase that may hold a plan."""


def makes_up(messages: Sequence[Message], steps: Sequence[Step]) -> bool:
    """Whether a conversation holds an observation that its model made up.

    Args:
        messages: in order; pictures are counted as their parts name them.
        steps: of the same episode, for thoughts that a server told apart from the reply.
    """
    asked = "".join(part.text for message in messages if message.role == "user" for part in message.parts)
    named = frozenset(head.casefold() for head in _HEAD.findall(_question(asked)))
    tools = any(message.role == "system" for message in messages)
    pictures = observations = -1
    for message in messages:
        if message.role == "user":
            pictures += sum(part.image is not None for part in message.parts)
            observations += 1
        elif message.role == "assistant":
            text = "".join(part.text for part in message.parts)
            if _turn_makes_up(text, pictures > 0, observations > 0, tools, named):
                return True
    return any(_tells(thought, tools, named) for thought in _before_pictures(steps))


def _question(asked: str) -> str:
    found = re.search(r"^Question: (.*)$", asked, re.MULTILINE)
    return found[1] if found else ""


def _before_pictures(steps: Sequence[Step]) -> Iterator[str]:
    for step in steps:
        yield step.thought
        if step.observation is not None and step.observation.images:
            return


def _turn_makes_up(text: str, pictures: bool, observations: bool, tools: bool, named: frozenset[str]) -> bool:
    """Whether a turn makes something up. The arguments say whether pictures besides the view, and observations, came
    before the turn, whether there can be any, and which heads the question names."""
    if any(mark.search(text) for mark in (_RESULT, _TURN, _REFOCUS_OBSERVATION)) or _answers_beside_call(text):
        return True
    action = _ACTION.search(text)
    reach = action.start() if action else len(text)
    if _OBSERVATION.search(text, reach) or (
        tools and not observations and _heads_result(text, reach, action is not None)
    ):
        return True
    called = _CALLED.match(text)
    if called and any(_claims(sentence) for sentence in _SENTENCE.split(_TAG.sub("", text[called.end() :]))):
        return True
    return not pictures and _tells(text, tools, named)


def _claims(sentence: str) -> bool:
    """Whether a sentence after a call describes a result, although no result has come yet."""
    claim = _CLAIM.search(sentence)
    return claim is not None and not (_PLAN_BEFORE.search(sentence) or _CONDITION.search(sentence))


def _answers_beside_call(text: str) -> bool:
    """Whether a turn that asks for a picture also answers: such an answer was given without the picture."""
    kinds = {piece.kind for piece in read_pieces(text) if piece.text}
    if kinds >= {"call", "answer"}:
        return True
    refocus = read_refocus_reply(text)
    return refocus.code is not None and refocus.answer is not None


def _heads_result(text: str, reach: int, acts: bool) -> bool:
    """Whether the heading of a result comes before `reach`. A heading that opens the thought of a turn with an action
    is about the given picture."""
    return any(
        not (acts and _opens_thought(text, found.start() + (text[found.start()] == ">")))
        for found in _OBSERVATION.finditer(text, 0, reach)
    )


def _opens_thought(text: str, at: int) -> bool:
    return text[max(0, at - 10) : at].rstrip().casefold().endswith("<think>")


def _tells(text: str, tools: bool, named: frozenset[str]) -> bool:
    """Whether a text describes a picture made from the first one, or the result of a call, as if it existed.

    Args:
        tools: there are tools. Without any, an "enlarged section" is a part of the picture that was given, and only
            what somebody says to have done tells.
        named: heads that the question names, so that a field's crop is no picture.
    """
    return any(_told(sentence, tools, named) for sentence in _SENTENCE.split(_UNSAID.sub(" ", text)))


def _told(sentence: str, tools: bool, named: frozenset[str]) -> bool:
    """Whether a sentence states a fact and not a plan. Linear in the length, since a sentence may have any length."""
    last = max((claim.start() for claim in _CLAIM.finditer(sentence)), default=-1)
    condition = _CONDITION.search(sentence)
    sure = condition.start() if condition else len(sentence)
    patterns = (_DERIVED, _CROP, _DONE) if tools else (_ACT, _DONE)
    for pattern in patterns:
        for match in pattern.finditer(sentence):
            if match.start() > sure:
                break
            if pattern is not _DONE and (last < match.end() or _asked_about(match.group(), named)):
                continue
            before = sentence[max(0, match.start() - _BEFORE) : match.start()]
            if not (_PLAN_BEFORE.search(_CLAUSE.split(before)[-1]) or _PLAN_AFTER.match(sentence, match.end())):
                return True
    return False


def _asked_about(phrase: str, named: frozenset[str]) -> bool:
    """Whether a phrase names the subject of the question. An action of "I" never does."""
    head = _HEAD.search(phrase)
    return head is not None and head[0].casefold() in named and not _ACT.search(phrase)
