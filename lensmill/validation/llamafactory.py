"""LLaMA-Factory 0.9.5: sharegpt rows (`conversations` of from and value, or `messages` of role and content)."""

from collections.abc import Generator, Iterator, Mapping
from functools import partial
from typing import Any

from lensmill.formats.checking import Finding, Needs, Training
from lensmill.validation.calls import BAD, check_call, parsed, read_call
from lensmill.validation.conversation import Conversation, Picture, Reading, Role, Turn, as_chat
from lensmill.validation.pictures import Entries, read_pictures
from lensmill.validation.schema import Columns, Features, item_of
from lensmill.validation.spec import Validator
from lensmill.validation.strings import check_count, check_other_media, messages_in, read_turn, split
from lensmill.validation.whole import Trainer, checked

_DROPS = "and LLaMA-Factory drops the row with a warning"
_STOPS = "LLaMA-Factory stops the whole load"

TRAINER = Trainer("LLaMA-Factory", "cutoff_len", "it cuts the row within a picture", _DROPS.removeprefix("and "), 32)
ENTRIES = Entries("LLaMA-Factory")

_USERS: Mapping[str, Role] = {"human": "user", "user": "user", "observation": "tool", "tool": "tool"}
_MODELS: Mapping[str, Role] = {
    "gpt": "assistant",
    "assistant": "assistant",
    "function_call": "assistant",
    "function": "assistant",
}
_ROLES: Mapping[str, Role] = {**_USERS, **_MODELS, "system": "system"}
_CALLS = ("function_call", "function")


def check(row: Mapping[str, Any], training: Training) -> Reading:
    """Findings about a row for SFT, or about a preference pair (`chosen` and `rejected` of one message)."""
    return (yield from checked(partial(read, row, training), training, TRAINER))


def read(row: Mapping[str, Any], training: Training) -> Reading:
    """Read a row of either layout."""
    key = "conversations" if row.get("conversations") is not None or row.get("messages") is None else "messages"
    messages = yield from messages_in(row, key)
    if messages is None:
        return None
    turns: list[Turn] = []
    for number, message in enumerate(messages):
        turn = yield from _read_message(message, f"{key}[{number}]")
        if turn is None:
            return None
        turns.append(turn)
    system = row.get("system")
    if isinstance(system, str) and system:
        if turns and turns[0].role == "system":
            turns = turns[1:]
        turns.insert(0, Turn("system", "system", split(system), said="system"))
    elif system is not None and not isinstance(system, str):
        yield Finding("content_not_text", "system", f"system is of type {type(system).__name__}: write a string")
    turns = yield from _sides(row, turns)
    pictures: tuple[Picture, ...] = yield from read_pictures(row.get("images"), "images", ENTRIES, training)
    schemas = yield from _tools(row.get("tools"))
    conversation = Conversation(tuple(turns), pictures, schemas, as_chat(turns))
    yield from _system_literal(conversation)
    if isinstance(row.get("images"), list | tuple | None):
        yield from check_count([turn for turn in turns if turn.role != "system"], len(pictures), _STOPS)
    yield from check_other_media(conversation, row, _STOPS)
    return conversation


def _read_message(message: Any, where: str) -> Generator[Finding, None, Turn | None]:
    if isinstance(message, Mapping) and message.get("tool_calls"):
        yield Finding(
            "tool_calls",
            f"{where}.tool_calls",
            "LLaMA-Factory drops the thought of a message with tool_calls, and gives nulls to its arguments: write a "
            "function_call turn with <tool_call> tags",
        )
        return None
    tags = ("from", "value") if isinstance(message, Mapping) and "from" in message else ("role", "content")
    for found in read_turn(message, where, _ROLES, _DROPS, *tags):
        if isinstance(found, Turn):
            if found.said in _CALLS:
                return (yield from _function_call(found))
            return found
        yield found
    return None


def _function_call(turn: Turn) -> Generator[Finding, None, Turn]:
    """A turn of role function_call: a thought, and one call in tags, or a bare call."""
    text = turn.text
    blocks = text.split("<tool_call>")[1:]
    if len(blocks) > 1:
        yield Finding(
            "two_calls",
            turn.where,
            "the turn holds several calls, and LLaMA-Factory moves the first behind the others: one call a turn, or "
            "role gpt with the same text",
        )
        return turn
    if blocks:
        call = read_call(blocks[0].partition("</tool_call>")[0], turn.where)
        if "</tool_call>" not in blocks[0] or call.arguments is BAD:
            yield Finding("call_not_json", turn.where, f"the call is not JSON within <tool_call> tags: {_STOPS}")
        return turn
    value = parsed(text)
    if isinstance(value, list) and len(value) > 1:
        yield Finding(
            "two_calls", turn.where, "the turn holds a list of calls: write one call a turn, within <tool_call> tags"
        )
        return turn
    call = read_call(text, turn.where)
    if call.arguments is BAD and not (isinstance(value, list) and len(value) == 1):
        yield Finding(
            "call_without_tags",
            turn.where,
            f"the turn is of role {turn.said} and holds no <tool_call> tags: {_STOPS}; write the thought, then "
            "<tool_call>, the JSON and </tool_call>, or use the role gpt",
        )
        return turn
    if call.arguments is not BAD:
        yield from check_call(call)
    return turn


def _sides(row: Mapping[str, Any], turns: list[Turn]) -> Generator[Finding, None, list[Turn]]:
    """Of a preference pair: the turns with the chosen one; findings about the sides."""
    chosen, rejected = row.get("chosen"), row.get("rejected")
    if chosen is None and rejected is None:
        return turns
    sides: list[Turn] = []
    for name, side in (("chosen", chosen), ("rejected", rejected)):
        if not isinstance(side, Mapping):
            kind = "missing" if side is None else f"of type {type(side).__name__}"
            yield Finding("side_shape", name, f"{name} is {kind}, {_DROPS}: write one message, as in the conversation")
            return turns
        turn = yield from _read_message(side, name)
        if turn is None:
            return turns
        if turn.role != "assistant":
            yield Finding(
                "side_shape", name, f"{name} is of role {turn.said}, {_DROPS}: write a message of the assistant"
            )
            return turns
        if turn.pictures:
            yield Finding("picture_in_completion", name, f"{name} says <image>: pictures belong to the conversation")
            return turns
        sides.append(turn)
    if turns and turns[-1].role == "assistant":
        yield Finding(
            "prompt_ends_with_assistant",
            turns[-1].where,
            f"the conversation of a pair ends with the model's turn, {_DROPS}",
        )
        return turns
    if sides[0].text.strip() == sides[1].text.strip():
        yield Finding(
            "equal_sides", "rejected", "chosen and rejected are the same, which teaches nothing: leave the pair out"
        )
    if not sides[1].text.strip():
        yield Finding("empty_turn", "rejected", "the rejected side is empty: write its text")
    return [*turns, sides[0]]


def _tools(value: Any) -> Generator[Finding, None, tuple[tuple[str, Any], ...]]:
    if value is None or value == "":
        return ()
    if not isinstance(value, str):
        yield Finding(
            "tools_not_text",
            "tools",
            f"tools is of type {type(value).__name__}: {_STOPS}; write the list of schemas as a JSON string",
        )
        return ()
    schemas = parsed(value)
    if not isinstance(schemas, list):
        yield Finding("tools_not_json", "tools", f"tools is no JSON list: {_STOPS}; write the list of schemas as JSON")
        return ()
    return (("tools", value),)


def _system_literal(conversation: Conversation) -> Iterator[Finding]:
    for where, schema in conversation.schemas:
        for literal in ("<image>", "<video>", "<audio>"):
            if literal in schema:
                yield Finding(
                    "placeholder_literal",
                    where,
                    f"a schema says {literal}, which stays as text or takes a picture away: write ‹image›",
                )


def check_schema(columns: Columns, features: Features) -> Iterator[Finding]:
    """Column types that LLaMA-Factory reads wrongly."""
    del features
    if isinstance(item_of(columns.get("tools")), Mapping):
        yield Finding("tools_not_text", "tools", f"tools is a list, not a string: {_STOPS}; write JSON text")


def snippet(needs: Needs) -> str:
    """The settings of a training YAML."""
    lines = [
        f"cutoff_len: {max(2048, needs.limit)}    # the largest row needs {needs.tokens:,} tokens; default 2,048",
        f"image_max_pixels: {max(needs.pixels, 12_845_056)}    # the default, 589,824, shrinks pictures: boxes shift",
        "image_min_pixels: 784",
        "overwrite_cache: true",
    ]
    if "turns_without_thought" in needs.options:
        lines.append(
            "enable_thinking: false       # with Qwen3-VL: template: qwen3_vl_nothink, for some turns have no <think>"
        )
    return "\n".join(lines) + "\n"


def fits(row: Mapping[str, Any]) -> int:
    """Whether a row is of from and value."""
    messages = row.get("conversations")
    first = messages[0] if isinstance(messages, list) and messages else None
    return 5 if isinstance(first, Mapping) and "from" in first else 0


VALIDATOR = Validator(name="llamafactory", check=check, check_schema=check_schema, snippet=snippet, fits=fits)
