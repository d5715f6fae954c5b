"""Tool calls as models write them: JSON, lists of it, Python calls, <function=...>; with or without their wrapping."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lensmill.agents.replies.boxes import BOX_NAMES
from lensmill.agents.replies.loose_json import MAX_TEXT, Unreadable, read_at, read_values

_NAME_KEYS = ("name", "tool", "tool_name", "function", "function_name", "action")
_ARGUMENT_KEYS = ("arguments", "parameters", "args", "params", "input", "kwargs", "action_input")
_PYTHON = re.compile(r"([A-Za-z_][\w\\.]{0,80})\s{0,3}\(")
_FUNCTION = re.compile(r"<function\s{0,3}=\s{0,3}\"?([\w\\.]{1,80})\"?\s{0,3}>")
_PARAMETER = re.compile(r"<parameter\s{0,3}=\s{0,3}\"?([\w\\]{1,80})\"?\s{0,3}>([^<]{0,4000})")


@dataclass(frozen=True, slots=True)
class Call:
    """A call as it was meant; `name` is empty where the model named no tool. Positional arguments are numbered."""

    name: str
    arguments: Mapping[str, Any]


def read_calls(text: str, cut: bool = False) -> tuple[Call, ...]:
    """The calls in the text of one tool call.

    Args:
        cut: the reply ended at its token limit, so what is left open may lack its end.

    Raises:
        Unreadable: there is none; the message says what is wrong.
    """
    if len(text) > MAX_TEXT:
        raise Unreadable(f"it has {len(text)} characters; write at most {MAX_TEXT}")
    if _FUNCTION.search(text):
        return _functions(text)
    start = re.search(r"[{\[]", text)
    python = _PYTHON.search(text)
    if python and (start is None or python.start() < start.start()):
        return tuple(_python(text))
    found = read_values(text)
    if not found:
        raise Unreadable("it holds no JSON object")
    if cut and not all(value.complete for value in found):
        raise Unreadable("it was cut off before its end")
    values = [item for value in found for item in (value.value if isinstance(value.value, list) else [value.value])]
    calls = tuple(_call(value) for value in values if isinstance(value, dict))
    if not calls:
        raise Unreadable("it holds no JSON object")
    return calls


def _call(value: Mapping[str, Any]) -> Call:
    for key in ("tool_call", "function_call", "function"):  # {"function": {"name": ..., "arguments": ...}}
        if isinstance(value.get(key), dict):
            return _call(value[key])
    name = next((value[key] for key in _NAME_KEYS if isinstance(value.get(key), str)), "")
    held = next((value[key] for key in _ARGUMENT_KEYS if key in value), None)
    if isinstance(held, str):  # JSON within a JSON text, as function-calling APIs have it
        held = _nested(held)
    if isinstance(held, list) and len(held) == 1 and isinstance(held[0], dict):
        held = held[0]
    if isinstance(held, dict):
        return Call(_plain(name), held)
    if held is not None:
        return Call(_plain(name), {"0": held})
    rest = {key: item for key, item in value.items() if key not in _NAME_KEYS}
    if not rest and not name and len(value) == 1:
        raise Unreadable('it needs "name" and "arguments"')
    if not name and len(value) == 1 and not any(key in BOX_NAMES for key in value):
        ((only, inner),) = value.items()  # {"image_zoom_in_tool": {...}}
        if isinstance(inner, dict):
            return Call(_plain(only), inner)
    return Call(_plain(name), rest)


def _nested(text: str) -> Any:
    found = read_values(text)
    return found[0].value if found else text


def _python(text: str) -> list[Call]:
    calls: list[Call] = []
    at = 0
    while (match := _PYTHON.search(text, at)) is not None:
        found = read_at(text, match.end() - 1)
        value = found.value
        if isinstance(value, list):
            last = value[-1] if value and isinstance(value[-1], dict) else None
            value = last if last is not None and len(value) == 1 else {str(i): v for i, v in enumerate(value)}
        calls.append(Call(_plain(match[1]), value))
        at = found.end
    return calls


def _functions(text: str) -> tuple[Call, ...]:
    starts = list(_FUNCTION.finditer(text))
    ends = [match.start() for match in starts[1:]] + [len(text)]
    return tuple(
        Call(_plain(match[1]), {_plain(key): item.strip() for key, item in _PARAMETER.findall(text[match.end() : end])})
        for match, end in zip(starts, ends, strict=True)
    )


def _plain(name: str) -> str:
    return name.replace("\\_", "_").rpartition(".")[2].strip()
