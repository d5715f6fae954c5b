"""A row after the target's chat template: every text and every picture is there, in order."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from lensmill.formats.checking import Finding, Template
from lensmill.validation.conversation import Conversation, Turn, as_parts, shown

_BLANKS = re.compile(r"\s+")


def check_rendered(conversation: Conversation, template: Template | None) -> Iterator[Finding]:
    """Render the row, and compare the text with the turns.

    Finds a template that refuses the row, texts and calls that vanish, and placeholders that are missing, too many or
    in another place. Nothing is found without a template.
    """
    if template is None or not conversation.turns:
        return
    messages = conversation.rendered or tuple(as_parts(turn) for turn in conversation.turns)
    try:
        text = template.render(messages)
    except ValueError as error:
        yield Finding("template_refuses", "", f"the template {shown(template.name)} refuses the row: {error}")
        return
    placeholder = template.placeholder
    if conversation.placeholders and not placeholder:
        yield Finding(
            "template_without_pictures",
            "",
            f"the template {shown(template.name)} writes nothing for a picture: give the template of the vision model",
        )
        return
    if placeholder and (found := text.count(placeholder)) != conversation.placeholders:
        yield Finding(
            "rendered_placeholders",
            "",
            f"the template {shown(template.name)} writes {found} pictures, and the row has "
            f"{conversation.placeholders} in its turns: each needs a part of type image, and no part another key",
        )
        return
    if any("tool_calls" in message for message in messages) and template.render(_without_calls(messages)) == text:
        where = next(call.where for turn in conversation.turns for call in turn.calls)
        yield Finding(
            "calls_vanish",
            where,
            f"the template {shown(template.name)} does not write tool_calls, so that the calls are not learnt: write "
            "calls as text, <tool_call>...</tool_call>",
        )
        return
    yield from _in_order(conversation, template, text)


def _in_order(conversation: Conversation, template: Template, text: str) -> Iterator[Finding]:
    at, plain_at, plain = 0, 0, ""
    for turn in conversation.turns:
        for part in turn.parts:
            if part is None and not template.in_place:
                continue
            wanted = template.placeholder if part is None else part.strip()
            if not wanted:
                continue
            if not plain and (found := text.find(wanted, at)) >= 0:
                at = found + len(wanted)
                continue
            if not plain:  # some templates change blanks: compare from here without them
                plain = _BLANKS.sub("", text[at:])
            wanted = _BLANKS.sub("", wanted)
            found = plain.find(wanted, plain_at)
            if found < 0:
                yield _lost(turn, part, template)
                return
            plain_at = found + len(wanted)


def _without_calls(messages: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [{key: value for key, value in message.items() if key != "tool_calls"} for message in messages]


def _lost(turn: Turn, part: str | None, template: Template) -> Finding:
    if part is None:
        return Finding(
            "picture_out_of_place",
            turn.where,
            f"the template {shown(template.name)} writes the pictures of this {turn.role} turn elsewhere",
        )
    return Finding(
        "text_lost",
        turn.where,
        f"the template {shown(template.name)} does not write this text, or elsewhere: {shown(part.strip(), 40)!r}",
    )
