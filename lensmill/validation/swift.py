"""ms-swift 4.6: `messages` of strings, with tool_call and tool_response, `objects`, and rejected sides."""

from collections.abc import Generator, Iterator, Mapping
from functools import partial
from typing import Any

from lensmill.formats.checking import Finding, Needs, Training
from lensmill.validation.calls import BAD, parsed, read_call
from lensmill.validation.conversation import Call, Conversation, Reading, Role, Turn, as_chat, shown
from lensmill.validation.literals import check_placeholders_in_texts
from lensmill.validation.objects import check_objects
from lensmill.validation.pictures import Entries, read_pictures
from lensmill.validation.schema import Columns, Features, check_call_columns, check_tools_column
from lensmill.validation.spec import Validator
from lensmill.validation.strings import check_count, check_other_media, messages_in, read_turn
from lensmill.validation.toolcalls import read_tool_calls
from lensmill.validation.whole import Trainer, check_conversation, checked

TRAINER = Trainer(
    "ms-swift",
    "max_length",
    "ms-swift drops the row silently",
    "ms-swift drops the row, or writes a chat that no model sees",
)
ENTRIES = Entries("ms-swift", raw=True, image_key=True)

_CALL_ROLES = ("tool_call", "function_call")
_ROLES: Mapping[str, Role] = {
    "system": "system",
    **dict.fromkeys(("user", "human"), "user"),
    **dict.fromkeys(("assistant", "gpt", *_CALL_ROLES), "assistant"),
    **dict.fromkeys(("tool", "tool_response", "observation"), "tool"),
}
_UNKNOWN = "which ms-swift does not know"
_COUNTS = "ms-swift puts missing <image> before the first question, and leaves surplus ones as text"
_TAKEN = "ms-swift replaces it, or leaves it as text"


def check(row: Mapping[str, Any], training: Training) -> Reading:
    """Findings about a row for SFT, or about a pair with `rejected_response` or `rejected_messages`."""
    conversation = yield from checked(partial(_read, row, training), training, TRAINER)
    if conversation is not None:
        yield from _rejected(row, conversation, training)
    return conversation


def _read(row: Mapping[str, Any], training: Training) -> Reading:
    key = "conversations" if row.get("messages") is None and row.get("conversations") is not None else "messages"
    turns = yield from _read_messages(row, key)
    if turns is None:
        return None
    pictures = yield from read_pictures(row.get("images"), "images", ENTRIES, training)
    yield from _missing_folder(row.get("images"), training)
    tools = row.get("tools")
    schemas = (("tools", tools),) if tools else ()
    if isinstance(tools, str) and tools and not isinstance(parsed(tools), list):
        yield Finding("tools_not_json", "tools", "tools is no JSON list: write the list of schemas as JSON")
    conversation = Conversation(turns, pictures, schemas, as_chat(turns), writes_boxes=True)
    if isinstance(row.get("images"), list | tuple | None):
        yield from check_count(turns, len(pictures), _COUNTS)
    yield from check_other_media(conversation, row, _TAKEN)
    yield from check_placeholders_in_texts(
        turns, ("<cot-process>", "<start-image>", "<img>", "</img>"), _TAKEN, schemas
    )
    calls = [turn for turn in turns if turn.calls]
    bare = tuple(Turn(turn.role, turn.where, (), calls=turn.calls) for turn in calls)
    yield from check_placeholders_in_texts(bare, ("<image>", "<video>", "<audio>", "<ref-object>"), _TAKEN)
    yield from check_objects(row.get("objects"), conversation)
    return conversation


def _read_messages(row: Mapping[str, Any], key: str) -> Generator[Finding, None, tuple[Turn, ...] | None]:
    messages = yield from messages_in(row, key)
    if messages is None:
        return None
    turns: list[Turn] = []
    for number, message in enumerate(messages):
        where = f"{key}[{number}]"
        turn = yield from _read_message(message, where)
        if turn is None:
            return None
        before = turns[-1] if turns else None
        thought = before.text if before is not None and before.role == "assistant" else ""
        if before is not None and turn.said in _CALL_ROLES and thought and not thought.endswith("\n"):
            yield Finding(
                "thought_without_newline",
                before.where,
                "the thought before a tool_call does not end with a newline, and ms-swift adds none, so that each turn "
                "differs from what models write: end the thought with \\n",
            )
        turns.append(turn)
    return tuple(turns)


def _read_message(message: Any, where: str) -> Generator[Finding, None, Turn | None]:
    tags = ("from", "value") if isinstance(message, Mapping) and "from" in message else ("role", "content")
    if not isinstance(message, Mapping):
        yield Finding("message_shape", where, f"the message is of type {type(message).__name__}, not an object")
        return None
    said, content = message.get(tags[0]), message.get(tags[1])
    if said in _CALL_ROLES:
        return (yield from _tool_call(str(said), content, f"{where}.{tags[1]}", _loss(message)))
    calls = yield from read_tool_calls(message, where, Training(), rendered=False)
    if isinstance(content, list) or (content is None and calls):
        message = {**message, tags[1]: _joined(content)}
    for found in read_turn(message, where, _ROLES, _UNKNOWN, *tags):
        if isinstance(found, Turn):
            learnt = found.learnt and _loss(message)
            return Turn(found.role, found.where, found.parts, learnt, found.said, calls)
        yield found
    return None


def _joined(content: Any) -> Any:
    """Parts as the string that ms-swift makes of them; the content itself if they are something else."""
    if content is None:
        return ""
    texts = []
    for part in content:
        match part:
            case {"type": "text", "text": str(text)}:
                texts.append(text)
            case {"type": "image"} | {"type": "image_url"}:
                texts.append("<image>")
            case _:
                return content
    return "".join(texts)


def _loss(message: Mapping[str, Any]) -> bool:
    """ms-swift honours `loss` on a message; None leaves the default."""
    return message.get("loss") is None or bool(message.get("loss"))


def _tool_call(said: str, content: Any, where: str, learnt: bool) -> Generator[Finding, None, Turn | None]:
    if isinstance(content, Mapping):
        value = content
        call = Call(where, str(value.get("name", "")), value.get("arguments", {})) if value.get("name") else None
    elif isinstance(content, str):
        if "<bbox>" in content:
            yield Finding(
                "bbox_in_tool_call",
                where,
                "<bbox> stands in a tool_call message, which ms-swift parses as JSON first, and stops: write the call "
                "as text of the assistant's turn",
            )
            return None
        call = read_call(content, where)
        call = None if call.arguments is BAD else call
    else:
        call = None
    if call is None:
        yield Finding(
            "call_not_json",
            where,
            f"the tool_call is not a JSON object with name and arguments: {shown(content, 40)!r}",
        )
        return None
    return Turn("assistant", where, ("",), learnt, said, (call,))


def _missing_folder(images: Any, training: Training) -> Iterator[Finding]:
    """Relative paths, if nobody says where they start."""
    if training.folder or not isinstance(images, list):
        return
    for number, entry in enumerate(images):
        path = entry.get("path") if isinstance(entry, Mapping) and not entry.get("bytes") else entry
        if isinstance(path, str) and path and not path.startswith(("/", "file:", "data:")) and "://" not in path:
            yield Finding(
                "relative_path",
                f"images[{number}]",
                f"{shown(path)} is relative, and ms-swift starts at ROOT_IMAGE_DIR or its working directory: write "
                "an absolute path, or check with the folder of the pictures",
            )
            return


def _rejected(row: Mapping[str, Any], conversation: Conversation, training: Training) -> Iterator[Finding]:
    """The rejected side of a preference pair."""
    response, messages = row.get("rejected_response"), row.get("rejected_messages")
    last = conversation.turns[-1]
    if response is not None:
        if not isinstance(response, str):
            if not isinstance(response, list):
                yield Finding("side_shape", "rejected_response", "rejected_response is not a string")
            return
        if not response.strip():
            yield Finding("empty_turn", "rejected_response", "the rejected side is empty: write its text")
        if response.strip() == last.text.strip():
            yield Finding("equal_sides", "rejected_response", "both sides are the same: leave the pair out")
        if any(turn.role == "tool" for turn in conversation.turns) or "<image>" in response:
            yield Finding(
                "rejected_response",
                "rejected_response",
                "ms-swift replaces everything after the last user turn by rejected_response, and puts all pictures "
                "before its first question: write rejected_messages and rejected_images",
            )
    if messages is None:
        return
    turns = yield from _read_messages(row, "rejected_messages")
    if turns is None:
        return
    images = row.get("rejected_images")
    wanted = sum(turn.pictures for turn in turns)
    if images is None and wanted:
        yield Finding(
            "rejected_images",
            "rejected_images",
            f"rejected_messages has {wanted} <image>, and rejected_images is missing: write its pictures",
        )
        return
    pictures = yield from read_pictures(images, "rejected_images", ENTRIES, training)
    yield from check_count(turns, len(pictures), _COUNTS, "rejected_images")
    other = Conversation(turns, pictures, rendered=as_chat(turns))
    if [(turn.role, turn.parts) for turn in turns] == [(turn.role, turn.parts) for turn in conversation.turns]:
        yield Finding("equal_sides", "rejected_messages", "both sides are the same: leave the pair out")
    yield from check_conversation(other, training, TRAINER, calls=False)


def check_schema(columns: Columns, features: Features) -> Iterator[Finding]:
    """Column types that ms-swift reads wrongly."""
    del features
    yield from check_tools_column(columns)
    yield from check_call_columns(columns.get("messages"), "messages")


def snippet(needs: Needs) -> str:
    """The environment and the arguments of `swift sft` and `swift rlhf`."""
    lines = [f"export MAX_PIXELS={max(needs.pixels, 12_845_056)}"]
    if "relative_paths" in needs.options:
        lines.append("export ROOT_IMAGE_DIR=FOLDER_OF_THE_PICTURES")
    if "objects" in needs.options:
        lines.append("export QWENVL_BBOX_FORMAT=new    # else <|box_start|> is written into calls")
    lines += [
        f"--max_length {needs.limit}    # the largest row needs {needs.tokens:,} tokens; others are dropped silently",
        "--strict true    # a row that fails stops the run; else it is dropped",
        "--agent_template hermes",
    ]
    return "\n".join(lines) + "\n"


def fits(row: Mapping[str, Any]) -> int:
    """Whether a row has roles or columns that only ms-swift has."""
    if "objects" in row:
        return 6
    messages = row.get("messages")
    roles = [m.get("role") for m in messages if isinstance(m, Mapping)] if isinstance(messages, list) else []
    return 6 if "tool_call" in roles or "tool_response" in roles else 0


VALIDATOR = Validator(name="swift", check=check, check_schema=check_schema, snippet=snippet, fits=fits)
