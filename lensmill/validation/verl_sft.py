"""verl 0.9.1, MultiTurnSFTDataset: `messages` of strings with `<image>`, and `images` of {bytes, path}."""

from collections.abc import Generator, Iterator, Mapping
from functools import partial
from typing import Any

from lensmill.formats.checking import Finding, Needs, Training
from lensmill.validation.conversation import Conversation, Reading, Turn, as_parts
from lensmill.validation.pictures import Entries, read_pictures
from lensmill.validation.schema import (
    Columns,
    Features,
    check_call_columns,
    check_tools_column,
    field_of,
    item_of,
    nulls_in,
)
from lensmill.validation.spec import Validator
from lensmill.validation.strings import check_count, check_other_media, messages_in, read_turn
from lensmill.validation.toolcalls import read_tool_calls
from lensmill.validation.turns import ROLES
from lensmill.validation.whole import Trainer, checked

TRAINER = Trainer(
    "verl",
    "data.max_length",
    'verl stops, or with truncation "right" cuts the pictures and learns nothing',
    "the chat template refuses the row, or writes a chat that no model sees",
)
ENTRIES = Entries("verl", by_path=False, strings=False, image_key=True, relative=False, null=False)
_UNKNOWN = "which chat templates drop or write as it is"
_STOPS = "verl stops"


def check(row: Mapping[str, Any], training: Training) -> Reading:
    """Findings about a row for multi-turn SFT."""
    return (yield from checked(partial(_read, row, training), training, TRAINER))


def _read(row: Mapping[str, Any], training: Training) -> Reading:
    turns = yield from read_messages(row, "messages", training)
    if turns is None:
        return None
    pictures = yield from read_pictures(row.get("images") if "images" in row else [], "images", ENTRIES, training)
    schemas = yield from _tools(row.get("tools"))
    messages = tuple(_as_message(turn) for turn in turns)
    conversation = Conversation(turns, pictures, schemas, messages)
    if isinstance(row.get("images", []), list | tuple):
        yield from check_count(turns, len(pictures), _STOPS)
    yield from check_other_media(conversation, row, _STOPS)
    return conversation


def _as_message(turn: Turn) -> dict[str, Any]:
    message = as_parts(turn)
    if turn.calls:
        calls = [{"type": "function", "function": {"name": c.name, "arguments": c.arguments}} for c in turn.calls]
        message["tool_calls"] = calls
    return message


def read_messages(
    row: Mapping[str, Any], key: str, training: Training
) -> Generator[Finding, None, tuple[Turn, ...] | None]:
    """The turns of a column of role and content; None if there are none."""
    messages = yield from messages_in(row, key)
    if messages is None:
        return None
    turns: list[Turn] = []
    bad = False
    for number, message in enumerate(messages):
        where = f"{key}[{number}]"
        calls = (yield from read_tool_calls(message, where, training)) if isinstance(message, Mapping) else ()
        for found in read_turn(message, where, ROLES, _UNKNOWN):
            if not isinstance(found, Turn):
                bad = True
                yield found
                continue
            turns.append(Turn(found.role, found.where, found.parts, found.learnt, found.said, calls))
        if isinstance(message, Mapping):
            yield from _masks(message, where)
    return None if bad else tuple(turns)


def _masks(message: Mapping[str, Any], where: str) -> Iterator[Finding]:
    for name in ("trainable", "loss_mask", "loss"):
        if message.get(name) is not None and not message[name]:
            yield Finding(
                "mask_ignored",
                f"{where}.{name}",
                f"verl 0.9.1 ignores {name} on a message and learns the turn: leave the row out, or the turn",
            )


def _tools(value: Any) -> Generator[Finding, None, tuple[tuple[str, Any], ...]]:
    if value is None or (isinstance(value, list) and not value):
        return ()
    if not isinstance(value, list):
        yield Finding(
            "tools_as_text",
            "tools",
            f"tools is of type {type(value).__name__}, and {_STOPS}: put the schemas into the system's text",
        )
        return ()
    return (("tools", value),)


def check_schema(columns: Columns, features: Features) -> Iterator[Finding]:
    """Column types that verl reads wrongly."""
    del features
    yield from check_images_column(columns)
    if columns.get("tools") in ("string", "large_string"):
        yield Finding(
            "tools_as_text", "tools", f"tools is a string, and {_STOPS}: put the schemas into the system's text"
        )
    yield from check_tools_column(columns)
    yield from check_message_column(columns, "messages")
    yield from check_call_columns(columns.get("messages"), "messages")


def check_message_column(columns: Columns, name: str) -> Iterator[Finding]:
    """Contents that are not strings."""
    content = field_of(item_of(columns.get(name)), "content")
    if content is not None and content not in ("string", "large_string"):
        yield Finding(
            "content_not_text",
            f"{name}[].content",
            f"contents are no strings, and {_STOPS}: write strings with <image> for a picture",
        )


def check_images_column(columns: Columns) -> Iterator[Finding]:
    """Pictures that were inferred, or that are paths."""
    images = columns.get("images")
    if images is None:
        return
    item = item_of(images)
    for place in nulls_in(images, "images"):
        yield Finding(
            "null_type",
            place,
            f"{place} has the Arrow type null, as it is inferred where all values are missing, and verl fails from the "
            "third row on: declare the schema, list<struct<bytes: binary, path: string>>",
        )
    if item in ("string", "large_string", "binary", "large_binary"):
        yield Finding(
            "image_entry", "images", f"images is a list of {item}, and {_STOPS}: write structs of bytes and path"
        )


def snippet(needs: Needs) -> str:
    """The settings of verl's SFT trainer."""
    return (
        f"data.max_length={needs.limit}    # the largest row needs {needs.tokens:,} tokens; the default is 1,024\n"
        "data.truncation=error    # right would cut pictures silently\n"
        "data.pad_mode=no_padding\n"
        "data.messages_key=messages\n"
    )


def fits(row: Mapping[str, Any]) -> int:
    """Whether a row has messages of strings and pictures in structs."""
    messages, images = row.get("messages"), row.get("images")
    first = messages[0] if isinstance(messages, list) and messages else None
    if not isinstance(first, Mapping) or not isinstance(first.get("content"), str):
        return 0
    return 3 if isinstance(images, list) and images and isinstance(images[0], Mapping) else 1


VALIDATOR = Validator(name="verl_sft", check=check, check_schema=check_schema, snippet=snippet, fits=fits)
