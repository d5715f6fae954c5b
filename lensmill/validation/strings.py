"""Messages whose contents are strings with `<image>` where a picture stands: LLaMA-Factory, ms-swift and verl."""

from collections.abc import Generator, Iterator, Mapping, Sequence
from typing import Any

from lensmill.formats.checking import Finding
from lensmill.validation.conversation import Conversation, Role, Turn, shown

_IMAGE = "<image>"


def split(text: str) -> tuple[str | None, ...]:
    """A content as texts and pictures."""
    if _IMAGE not in text:
        return (text,)
    parts: list[str | None] = []
    for number, piece in enumerate(text.split(_IMAGE)):
        if number:
            parts.append(None)
        if piece:
            parts.append(piece)
    return tuple(parts)


def messages_in(row: Mapping[str, Any], key: str) -> Generator[Finding, None, Sequence[Any] | None]:
    """The messages of a column. A column that is missing or of another type gives a finding, and None."""
    value = row.get(key)
    if value is None:
        yield Finding("no_messages", key, f"the row has no {key}: the trainer finds no conversation")
    elif isinstance(value, str):
        yield Finding("messages_as_text", key, f"{key} is a string: write the messages as a list, not as JSON text")
    elif not isinstance(value, list | tuple) or not value:
        yield Finding("no_messages", key, f"{key} is not a list with messages")
    else:
        return value
    return None


def read_turn(
    message: Any,
    where: str,
    roles: Mapping[str, Role],
    unknown: str,
    role_key: str = "role",
    content_key: str = "content",
) -> Iterator[Finding | Turn]:
    """A message with a string. Yields findings, and the turn if there is one.

    Args:
        roles: the trainer's words for the roles.
        unknown: what the trainer does with another role.
    """
    if not isinstance(message, Mapping):
        yield Finding("message_shape", where, f"the message is of type {type(message).__name__}, not an object")
        return
    said, content = message.get(role_key), message.get(content_key)
    at = f"{where}.{content_key}"
    if not isinstance(said, str) or said not in roles:
        yield Finding(
            "unknown_role",
            f"{where}.{role_key}",
            f"the role is {shown(said, 30)!r}, {unknown}: write one of {', '.join(roles)}",
        )
        return
    if not isinstance(content, str):
        kind = {"list": "a list of parts", "tuple": "a list of parts", "NoneType": "null"}.get(
            type(content).__name__, f"of type {type(content).__name__}"
        )
        yield Finding(
            "content_not_text", at, f"the content is {kind}, and the trainer needs a string with <image> for a picture"
        )
        return
    yield Turn(roles[said], at, split(content), roles[said] == "assistant", said)


def check_count(turns: Sequence[Turn], pictures: int, consequence: str, column: str = "images") -> Iterator[Finding]:
    """As many `<image>` as pictures."""
    found = sum(turn.pictures for turn in turns)
    if found != pictures:
        more = (
            "a text that says <image> needs other brackets, such as ‹image›"
            if found > pictures
            else ("write <image> where each picture stands, in order")
        )
        yield Finding(
            "placeholder_count",
            column,
            f"{found} <image> stand in the turns, and {column} has {pictures}: {consequence}; {more}",
        )


def check_other_media(conversation: Conversation, row: Mapping[str, Any], consequence: str) -> Iterator[Finding]:
    """`<video>` and `<audio>` in texts, which the trainer replaces by media that the row does not have."""
    for medium in ("video", "audio"):
        column = row.get(f"{medium}s")
        there = len(column) if isinstance(column, list | tuple) else 0
        literal = f"<{medium}>"
        places = [turn for turn in conversation.turns if any(part and literal in part for part in turn.parts)]
        found = sum(part.count(literal) for turn in places for part in turn.parts if part)
        if found != there:
            where = places[0].where if places else f"{medium}s"
            yield Finding(
                "placeholder_literal",
                where,
                f"{found} {literal} stand in the turns, and {medium}s has {there}: {consequence}; write other "
                f"brackets, such as ‹{medium}›",
            )
