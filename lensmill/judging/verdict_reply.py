"""Parses a judge's reply. A reply that is not a plain verdict is requested again; no verdict is guessed."""

import json
import re
from collections.abc import Mapping
from typing import Any

from lensmill.verdict import Outcome

MAX_REPLY = 4000
"""Maximum characters after the reasoning. A verdict takes about twenty."""

_OUTCOMES: Mapping[str, Outcome] = {"correct": "correct", "incorrect": "incorrect", "undecided": "undecided"}
_ONE = "(" + "|".join(_OUTCOMES) + ")"
_REASONED = re.compile(r"</(?:think|thinking|reasoning|thought)>|◁/think▷|\[/think\]", re.IGNORECASE)
_FENCE = re.compile(r"```(?:json)?(.*)```", re.DOTALL | re.IGNORECASE)
_WORD = re.compile(rf"[\s\"'*`_]*{_ONE}[\s\"'*`_.!]*", re.IGNORECASE)
_LABELLED = re.compile(rf"[\s\"'*`_]*(?:final )?verdict[\s\"'*`_]*[:=][\s\"'*`_]*{_ONE}[\s\"'*`_.!]*", re.IGNORECASE)
_LOOSE = re.compile(rf"\{{\s*+[\"']?verdict[\"']?\s*+[:=]\s*+[\"']?{_ONE}[\"']?\s*+,?\s*+\}}", re.IGNORECASE)
_OBJECT_LAST = re.compile(r"([^{}]*)(\{[^{}]*\})\s*", re.DOTALL)
_NO_PROSE = re.compile(
    r"correct|undecided|verdict|n't\b|[<\[◁]"
    r"|\b(?:not|no|never|nor|neither|wrong|false|if|unless|would|should|could|might|may|cannot|either|or|unlike|contrary"
    r"|dis(?:agree|regard|put|card|count|miss|claim|believ|allow)\w*|un(?:true|just|like|sure|certain|do)\w*|revers\w*|opposite|invert\w*|flip\w*|contra\w*|ignor\w*|negat\w*|refus\w*|reject\w*|deny|denies"
    r"|doubt\w*|far from|instead|rather|hardly|anything|claim\w*|say\w*|said|told|quot\w*|written?|writes|asks?|asked"
    r"|overrul\w*|overturn\w*|mistak\w*|fake|forged?|inject\w*|skip|drop|cancel\w*|strike|scratch|retract\w*"
    r"|except|but|however|wait|actually|repl(?:y|ies)|respond|output|answer with|format|example|instruct\w*|lines?)\b",
    re.IGNORECASE,
)
"""Words that may negate or quote a verdict that follows."""


def read_verdict(reply: str) -> Outcome | None:
    """The one verdict in a reply, alone or as a JSON object after plain reasoning; None for any other reply.

    A verdict counts only after the reasoning has ended. It does not count inside an open `<think>`, next to a second
    verdict, or after words that may deny or quote it.
    """
    ends = list(_REASONED.finditer(reply))
    text = (reply[ends[-1].end() :] if ends else reply).strip()
    if len(text) > MAX_REPLY:
        return None
    if fenced := _FENCE.fullmatch(text):
        text = fenced[1].strip()
    for shape in (_WORD, _LABELLED, _LOOSE):
        if found := shape.fullmatch(text):
            return _OUTCOMES[found[1].lower()]
    last = _OBJECT_LAST.fullmatch(text)
    if last is None or _NO_PROSE.search(last[1]):
        return None
    if found := _LOOSE.fullmatch(last[2]):
        return _OUTCOMES[found[1].lower()]
    return _from_json(last[2])


def _from_json(text: str) -> Outcome | None:
    """The verdict of a JSON object whose other values mention no verdict."""
    try:
        pairs = json.loads(text, object_pairs_hook=lambda pairs: pairs)
    except (ValueError, RecursionError):
        return None
    verdicts: list[Any] = [value for key, value in pairs if key.strip().lower() == "verdict"]
    others = [value for key, value in pairs if key.strip().lower() != "verdict"]
    if len(verdicts) != 1 or not isinstance(verdicts[0], str):
        return None
    if any(not isinstance(value, str) or _NO_PROSE.search(value) for value in others):
        return None
    return _OUTCOMES.get(verdicts[0].strip().lower())
