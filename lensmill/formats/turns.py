"""Parts of a conversation that several formats need: the tools of a system text, and the call of a turn."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from lensmill.formats.boxes import CALL
from lensmill.formats.example import LeftOut
from lensmill.trajectory import Message

_TOOLS = re.compile(r"# Tools\n.*?<tools>\n(.*?)\n</tools>\n*", re.DOTALL)
_HOW_TO_CALL = re.compile(
    r"\n?Write each call as a JSON object within <tool_call></tool_call>:\n<tool_call>\n.*?</tool_call>", re.DOTALL
)


@dataclass(frozen=True, slots=True)
class Call:
    """A turn of the assistant with a call.

    Attributes:
        thought: the text before the call's tag, with its newline.
        text: the call as JSON text.
    """

    thought: str
    text: str


def system_and_tools(messages: Sequence[Message]) -> tuple[str, list[Any]]:
    """The system text without its description of tools, and the schemas of the tools.

    Raises:
        LeftOut: the messages describe no tools in the way of the zoom protocol.
    """
    system = "".join(part.text for part in messages[0].parts) if messages[0].role == "system" else ""
    found = _TOOLS.search(system)
    if found is None:
        raise LeftOut(
            "no_tools", "the system message lists no tools within <tools></tools>: export with format.layout=plain"
        )
    tools = [json.loads(line) for line in found.group(1).splitlines()]
    return _HOW_TO_CALL.sub("", _TOOLS.sub("", system)).strip(), tools


def call_of(text: str) -> Call | None:
    """The call of an assistant's text; None without a call.

    Raises:
        LeftOut: the text has several calls, or more text after the call, or a call that is no JSON.
    """
    found = list(CALL.finditer(text))
    if not found:
        return None
    match = found[0]
    before, call = text[: match.start()], match.group(1)
    if len(found) > 1:
        raise LeftOut(
            "several_calls", f"a turn has {len(found)} calls, and this layout one: export with format.layout=plain"
        )
    if text[match.end() :].strip() or not before.endswith("\n"):
        raise LeftOut("text_around_call", "a turn has text beside its call: export with format.layout=plain")
    try:
        value = json.loads(call)
    except ValueError as error:
        raise LeftOut("call_unreadable", f"a call is no JSON ({error}): export with format.layout=plain") from error
    if not isinstance(value, dict) or {*value} != {"name", "arguments"}:
        raise LeftOut(
            "call_unreadable", "a call has other fields than name and arguments: export with format.layout=plain"
        )
    return Call(before, call)
