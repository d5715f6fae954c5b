"""Tool calls: those that stand in texts as `<tool_call>`, and what makes a model learn wrong ones."""

import json
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from lensmill.formats.checking import Finding
from lensmill.validation.conversation import Call, Conversation, Turn, shown

_COUNTS = ("minItems", "maxItems", "minLength", "maxLength", "minProperties", "maxProperties")
BAD = object()
"""The arguments of a call that is not JSON."""


def parsed(text: str) -> Any:
    """A JSON value, or `BAD`."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return BAD


def between(text: str, opening: str, closing: str) -> list[str]:
    """The texts between pairs of tags, in order; in one pass, whatever the text."""
    found, at = [], 0
    while (start := text.find(opening, at)) >= 0 and (end := text.find(closing, start + len(opening))) >= 0:
        found.append(text[start + len(opening) : end])
        at = end + len(closing)
    return found


def _is_open(text: str) -> bool:
    """Whether the last call of a text has no end."""
    _, found, rest = text.rpartition("<tool_call>")
    return bool(found) and "</tool_call>" not in rest and rest.lstrip().startswith("{")


def calls_of(turn: Turn) -> tuple[Call, ...]:
    """Every call of an assistant's turn, those in fields first."""
    if turn.role != "assistant":
        return ()
    text = turn.text
    if "<tool_call>" not in text:
        return turn.calls
    return turn.calls + tuple(read_call(block, turn.where) for block in between(text, "<tool_call>", "</tool_call>"))


def read_call(text: str, where: str) -> Call:
    """A call from its JSON text; the arguments are `BAD` if the text is not a call in JSON."""
    if text.lstrip().startswith("<function="):  # Qwen3-Coder's own form
        return Call(where, "", {})
    value = parsed(text.replace("<bbox>", '"<bbox>"') if "<bbox>" in text else text)
    if not isinstance(value, dict) or not isinstance(value.get("name"), str):
        return Call(where, "", BAD)
    return Call(where, value["name"], value.get("arguments", {}))


def answered(conversation: Conversation, number: int) -> bool:
    """Whether the call in a turn was carried out: the next turns hold a picture, or there is no next turn.

    A call that brought only text may be a recorded mistake, with the tool's complaint: nobody has to mend it.
    """
    said = False
    for turn in conversation.turns[number + 1 :]:
        if turn.role == "assistant":
            if said:
                return False
        elif turn.pictures:
            return True
        else:
            said = True
    return not said


def check_calls(conversation: Conversation) -> Iterator[Finding]:
    """Calls that no parser reads, arguments encoded twice, and nulls that Arrow has put into arguments."""
    for number, turn in enumerate(conversation.turns):
        if turn.role == "assistant" and _is_open(turn.text) and answered(conversation, number):
            yield Finding(
                "call_not_closed",
                turn.where,
                "a call begins and has no </tool_call>: the turn was cut off, or lacks its end",
            )
        for call in calls_of(turn):
            if call.arguments is BAD:
                if answered(conversation, number):
                    yield Finding(
                        "call_not_json", call.where, "the call is not a JSON object with a name: no parser will read it"
                    )
                continue
            yield from check_call(call, in_text=call not in turn.calls)


def check_call(call: Call, in_text: bool = True) -> Iterator[Finding]:
    """One call that could be read."""
    arguments = call.arguments
    if isinstance(arguments, str):
        value = parsed(arguments)
        if value is BAD or not isinstance(value, dict):
            yield Finding("call_arguments", call.where, f"the arguments {shown(arguments, 40)!r} are no JSON object")
            return
        if in_text:
            yield Finding(
                "double_encoded",
                call.where,
                "the arguments are JSON within a string, and the model would learn to write them so: write an object",
            )
        arguments = value
    if not isinstance(arguments, Mapping):
        yield Finding("call_arguments", call.where, f"the arguments are {shown(arguments, 40)}: write a JSON object")
        return
    nulls = [str(key) for key, value in arguments.items() if value is None]
    if nulls:
        yield Finding(
            "null_argument",
            call.where,
            f"the call gives null to {', '.join(nulls[:3])}, as Arrow does when calls have unlike keys, and the model "
            "would learn it: keep arguments as a JSON string, and leave the key out",
        )


def check_schemas(conversation: Conversation) -> Iterator[Finding]:
    """Tool schemas, in a column or in the system's text, that Arrow has changed."""
    for where, schema in conversation.schemas:
        yield from _schema_findings(schema if isinstance(schema, str) else json.dumps(schema, default=str), where)
    for turn in conversation.turns:
        if turn.role == "system" and "<tools>" in turn.text:
            for block in between(turn.text, "<tools>", "</tools>"):
                yield from _schema_findings(block, turn.where)


def _schema_findings(text: str, where: str) -> Iterator[Finding]:
    for found in _changed(text):
        yield Finding(
            "schema_changed_by_arrow",
            where,
            f"a tool schema says {found}, which comes from unlike schemas in one Arrow column, and the model would "
            "learn it: keep schemas as a JSON string",
        )


@lru_cache(maxsize=1024)
def _changed(text: str) -> tuple[str, ...]:
    value = parsed(text)
    values = [value] if value is not BAD else [parsed(line) for line in text.splitlines() if line.strip()]
    found: list[str] = []
    for schema in values:
        _walk(schema, found, 0)
    return tuple(dict.fromkeys(found))[:3]


def _walk(value: Any, found: list[str], depth: int) -> None:
    if depth > 30:
        return
    if isinstance(value, dict):
        for key, item in value.items():
            if item is None and key not in ("default", "const"):
                found.append(f'"{shown(key, 30)}": null')
            elif isinstance(item, float) and key in _COUNTS:
                found.append(f'"{key}": {item}')
            else:
                _walk(item, found, depth + 1)
    elif isinstance(value, list):
        for item in value[:1000]:
            _walk(item, found, depth + 1)
