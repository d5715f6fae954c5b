"""`tool_calls` of a message, as OpenAI writes them."""

from collections.abc import Generator, Mapping
from typing import Any

from lensmill.formats.checking import Finding, Training
from lensmill.validation.conversation import Call, shown

_RENDERS = ("qwen3_vl", "llama3_2_vision")
"""Targets whose own templates write `tool_calls`."""


def read_tool_calls(
    message: Mapping[str, Any], where: str, training: Training, rendered: bool = True
) -> Generator[Finding, None, tuple[Call, ...]]:
    """The calls of a message; none if the key is missing, null or empty.

    Args:
        rendered: the trainer hands them to the chat template; then yields a finding where the template drops them.
    """
    value = message.get("tool_calls")
    if not value:
        return ()
    at = f"{where}.tool_calls"
    if not isinstance(value, list | tuple):
        yield Finding("call_shape", at, f"tool_calls is {shown(value, 40)}: write a list of calls")
        return ()
    calls: list[Call] = []
    for number, entry in enumerate(value):
        function = entry.get("function", entry) if isinstance(entry, Mapping) else None
        name = function.get("name") if isinstance(function, Mapping) else None
        if not isinstance(function, Mapping) or not isinstance(name, str):
            yield Finding("call_shape", f"{at}[{number}]", "the call has no function with a name")
            continue
        calls.append(Call(f"{at}[{number}]", name, function.get("arguments", {})))
    if calls and rendered and training.template is None and training.target.name not in _RENDERS:
        yield Finding(
            "calls_vanish",
            at,
            f"the chat template of {training.target.name} does not write tool_calls, so that the calls are not learnt: "
            "write calls as text, <tool_call>...</tool_call>",
        )
    return tuple(calls)
