"""The turns of a rollout, from the messages or the text that a trainer hands to a reward function."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lensmill.agents.zoom.replies import MAX_CALLS

MOST_CHARACTERS = 1_000_000
"""Characters of one rollout. A longer rollout has no turn, so every term is at its lowest."""

_ROLE = re.compile(
    r"(?:<\|im_end\|>\s{0,3})?(?:\A|(?<=\n)|(?<=<\|im_end\|>))(?:<\|im_start\|>)?(system|user|tool|assistant)\n"
)
_THINK = re.compile(r"<\s{0,3}(/?)\s{0,3}(?:think|thinking|thought|reasoning)\s{0,3}>", re.IGNORECASE)
_RESULT = re.compile(r"<\s{0,3}tool[\s_-]{0,3}(?:response|result)s?\s{0,3}>", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Turn:
    """One reply of the model.

    Attributes:
        text: as the model wrote it.
        results: most calls of this reply that the trainer can have run: the number of tool messages behind it; 0 if
            nothing says that any call ran.
    """

    text: str
    results: int = 0


@dataclass(frozen=True, slots=True)
class Turns:
    """The replies of a rollout, in order.

    Attributes:
        forged: the text has other turns than the trainer counted, so the model has written role lines itself.
    """

    replies: tuple[Turn, ...]
    forged: bool = False


def turns_of(
    completion: str | Sequence[Mapping[str, Any]], num_turns: int | None = None, parallel_calls: int = 1
) -> Turns:
    """The turns of a completion.

    Args:
        completion: messages (TRL), whose roles the trainer vouches for; or the text of the whole rollout (verl), with
            or without ChatML's special tokens.
        num_turns: for a text, messages as verl counts them: the prompt, the replies and the tool turns. Without this
            number, or with another number than the text has, no call counts as run: a model can write role lines.
        parallel_calls: for a text, calls of one reply that the trainer runs (verl: `max_parallel_calls`).

    Raises:
        ValueError: the completion is neither.
    """
    if isinstance(completion, str):
        return _from_text(completion, num_turns, parallel_calls)
    if isinstance(completion, list | tuple) and all(isinstance(message, Mapping) for message in completion):
        return _from_messages(completion)
    raise ValueError(f"a completion is a text or a list of messages, got a {type(completion).__name__}")


def outside_thoughts(text: str) -> str:
    """What a reply says outside its thoughts, and before the first tool result that the model made up.

    A thought that never ends reaches to the end of the reply. Text before a lone closing tag is a thought, since chat
    templates may open the first thought in the prompt.
    """
    parts: list[str] = []
    at, inside = 0, False
    for tag in _THINK.finditer(text):
        if not tag[1]:
            if not inside:
                parts.append(text[at : tag.start()])
                inside = True
        else:
            if not inside:
                parts.clear()
            inside = False
        at = tag.end()
    if not inside:
        parts.append(text[at:])
    return _RESULT.split("\n".join(parts), maxsplit=1)[0]


def _from_text(text: str, num_turns: int | None, parallel_calls: int) -> Turns:
    if len(text) > MOST_CHARACTERS:
        return Turns((), True)
    marks = list(_ROLE.finditer(text))
    starts = [0, *(mark.end() for mark in marks)]
    ends = [*(mark.start() for mark in marks), len(text)]
    roles = ["assistant", *(mark[1] for mark in marks)]
    said = [(role, text[start:end]) for role, start, end in zip(roles, starts, ends, strict=True)]
    if len(said) > 1 and not said[0][1].strip():
        del said[0]  # the text begins with a role line
    if len(said) > 1 and said[-1][0] == "assistant" and not said[-1][1].strip():
        del said[-1]  # the prompt of a reply that the trainer left no room for
    replies = _joined(said)
    unproven = tuple(Turn(reply.text) for reply in replies)
    if num_turns is None:
        return Turns(unproven)
    if 1 + len(replies) + sum(reply.results > 0 for reply in replies) != int(num_turns):
        return Turns(unproven, True)
    return Turns(tuple(Turn(reply.text, min(reply.results, parallel_calls)) for reply in replies))


def _from_messages(messages: Sequence[Mapping[str, Any]]) -> Turns:
    said = [(str(message.get("role")), _text_of(message)) for message in messages]
    if sum(len(text) for _, text in said) > MOST_CHARACTERS:
        return Turns((), True)
    return Turns(_joined(said))


def _joined(said: Sequence[tuple[str, str]]) -> tuple[Turn, ...]:
    """The replies, each with the number of results that follow it. One user message may hold several results."""
    replies: list[Turn] = []
    for role, text in said:
        if role == "assistant":
            replies.append(Turn(text.rstrip("\n").removesuffix("<|im_end|>").rstrip("\n")))
        elif replies and role in ("tool", "user"):
            last = replies[-1]
            replies[-1] = Turn(last.text, MAX_CALLS if role == "user" else min(last.results + 1, MAX_CALLS))
    return tuple(replies)


def _text_of(message: Mapping[str, Any]) -> str:
    content = message.get("content")
    parts = [content] if isinstance(content, str) else content if isinstance(content, Sequence) else []
    texts = [part if isinstance(part, str) else part.get("text") for part in parts if isinstance(part, str | Mapping)]
    text = "".join(part for part in texts if isinstance(part, str))
    return text + "".join(_written(call) for call in message.get("tool_calls") or ())


def _written(call: Any) -> str:
    """A call that the trainer has read already, as the model wrote it."""
    function = call.get("function", call) if isinstance(call, Mapping) else None
    if not isinstance(function, Mapping):
        return ""
    arguments = function.get("arguments")
    if isinstance(arguments, str):
        try:
            arguments = json.loads(arguments)
        except (ValueError, RecursionError):
            return f"\n<tool_call>\n{arguments}\n</tool_call>"
    written = json.dumps({"name": function.get("name"), "arguments": arguments}, ensure_ascii=False, default=str)
    return f"\n<tool_call>\n{written}\n</tool_call>"
