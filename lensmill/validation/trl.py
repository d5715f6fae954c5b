"""TRL 1.16, supervised: `messages` of parts and `images` (SFTTrainer with a vision collator).

Source of the traps: TRL's `prepare_multimodal_messages` and its vision collator, measured over real rows.
"""

from collections.abc import Generator, Iterator, Mapping
from functools import partial
from typing import Any

from lensmill.formats.checking import Finding, Needs, Training
from lensmill.validation.conversation import Conversation, Picture, Reading, Turn, shown
from lensmill.validation.pictures import Entries, read_picture, read_pictures
from lensmill.validation.schema import Columns, Features, check_call_columns, field_of, is_image_feature, item_of
from lensmill.validation.spec import Validator
from lensmill.validation.strings import messages_in
from lensmill.validation.toolcalls import read_tool_calls
from lensmill.validation.turns import ROLES, unknown_role
from lensmill.validation.whole import Trainer, checked

TRAINER = Trainer(
    "TRL",
    "max_length",
    "TRL cuts it within a picture and stops",
    "TRL's row does not read as a chat, and templates refuse it",
)
ENTRIES = Entries("TRL", raw=False, relative=False)


def check(row: Mapping[str, Any], training: Training) -> Reading:
    """Findings about a row for SFT: `messages`, or `prompt` and `completion`, with `images`."""
    return (yield from checked(partial(_read, row, training), training, TRAINER))


def _read(row: Mapping[str, Any], training: Training) -> Reading:
    if row.get("messages") is None and "prompt" in row and "completion" in row:
        prompt = yield from read_messages(row, "prompt", training)
        completion = yield from read_messages(row, "completion", training)
        turns = (*(_masked(turn) for turn in prompt or ()), *(completion or ()))
        if prompt is None or completion is None:
            return None
    else:
        messages = yield from read_messages(row, "messages", training)
        if messages is None:
            return None
        turns = messages
    pictures = yield from read_images(row, training)
    turns = yield from placed(turns, len(pictures))
    yield from check_tools(row, pictures)
    return conversation_of(turns, pictures)


def _masked(turn: Turn) -> Turn:
    return Turn(turn.role, turn.where, turn.parts, False, turn.said, turn.calls)


def conversation_of(turns: tuple[Turn, ...], pictures: tuple[Picture, ...]) -> Conversation:
    """The conversation, with its messages as TRL hands them to the template: parts throughout."""
    rendered: list[Mapping[str, Any]] = []
    for turn in turns:
        content = [{"type": "image"} if part is None else {"type": "text", "text": part} for part in turn.parts]
        message: dict[str, Any] = {"role": turn.said, "content": content}
        if turn.calls:
            message["tool_calls"] = [
                {"type": "function", "function": {"name": call.name, "arguments": call.arguments}}
                for call in turn.calls
            ]
        rendered.append(message)
    return Conversation(turns, pictures, rendered=tuple(rendered))


def read_images(row: Mapping[str, Any], training: Training) -> Generator[Finding, None, tuple[Picture, ...]]:
    """The pictures of `images`, or of `image`, which TRL takes as a list of one."""
    if row.get("images") is None and row.get("image") is not None:
        return ((yield from read_picture(row["image"], "image", ENTRIES, training)),)
    return (yield from read_pictures(row.get("images"), "images", ENTRIES, training))


def read_messages(
    row: Mapping[str, Any], key: str, training: Training
) -> Generator[Finding, None, tuple[Turn, ...] | None]:
    """The turns of a column of messages; None if there are none."""
    messages = yield from messages_in(row, key)
    if messages is None:
        return None
    turns: list[Turn] = []
    for number, message in enumerate(messages):
        turn = yield from _read_message(message, f"{key}[{number}]", training)
        if turn is not None:
            turns.append(turn)
    return tuple(turns)


def _read_message(message: Any, where: str, training: Training) -> Generator[Finding, None, Turn | None]:
    if not isinstance(message, Mapping):
        yield Finding("message_shape", where, f"the message is of type {type(message).__name__}, not an object")
        return None
    said = message.get("role")
    if not isinstance(said, str) or said not in ROLES:
        yield unknown_role(said, f"{where}.role", ROLES, "which chat templates drop or write as it is")
        return None
    role, at = ROLES[said], f"{where}.content"
    calls = yield from read_tool_calls(message, where, training)
    parts = yield from _read_content(message.get("content"), at, bool(calls))
    if parts is None:
        return None
    turn = Turn(role, at, parts, role == "assistant", said, calls)
    if role == "tool" and turn.pictures:
        yield Finding(
            "picture_in_tool_turn",
            at,
            "TRL does not count pictures in tool turns, and stops: give the observation to the user",
        )
    return turn


def _read_content(content: Any, at: str, calls: bool) -> Generator[Finding, None, tuple[str | None, ...] | None]:
    if isinstance(content, str):
        return (content,)
    if content is None and calls:
        return ()
    if not isinstance(content, list | tuple):
        found = "null" if content is None else f"of type {type(content).__name__}"
        yield Finding("content_shape", at, f"the content is {found}: write a list of parts")
        return None
    parts: list[str | None] = []
    for number, part in enumerate(content):
        where = f"{at}[{number}]"
        kind = part.get("type") if isinstance(part, Mapping) else None
        if not isinstance(part, Mapping) or kind not in ("text", "image"):
            yield Finding(
                "part_type",
                where,
                f"the part is {shown(kind if kind else part, 40)!r}: TRL's rows have parts of type text and image",
            )
            continue
        keys = [key for key in ("image", "image_url", "video", "audio") if key in part]
        if keys:
            yield Finding(
                "part_key",
                where,
                f"the part has a key {keys[0]!r}; Qwen's templates take a part with such a key for a picture, even "
                "where the key is null, and its text is lost: keep the keys type and text only",
            )
        text = part.get("text")
        if kind == "image":
            parts.append(None)
        elif isinstance(text, str):
            parts.append(text)
        else:
            yield Finding(
                "text_null", where, f"the text is {shown(text, 30)}, and templates write None or stop: write a string"
            )
    return tuple(parts)


def placed(turns: tuple[Turn, ...], pictures: int) -> Generator[Finding, None, tuple[Turn, ...]]:
    """The turns after TRL has put pictures into string contents; yields findings about the count."""
    users = [number for number, turn in enumerate(turns) if turn.role == "user"]
    strings = pictures and users and not any(turn.pictures for turn in turns)
    if strings:
        literal = [turn for turn in turns if turn.role != "system" and "<image>" in turn.text]
        several = pictures > 1 and len(users) > 1
        if literal or several:
            yield Finding(
                "string_contents",
                literal[0].where if literal else turns[users[0]].where,
                f"contents have no parts of type image, so TRL puts all {pictures} pictures before the first question, "
                'and <image> stays as text: write parts, {"type": "image"} where a picture stands',
            )
            return turns
        first = turns[users[0]]
        head = Turn(first.role, first.where, (*[None] * pictures, *first.parts), first.learnt, first.said, first.calls)
        return (*turns[: users[0]], head, *turns[users[0] + 1 :])
    found = sum(turn.pictures for turn in turns)
    if found != pictures:
        yield Finding(
            "placeholder_count",
            "images",
            f"{found} parts of type image stand in the turns, and images has {pictures}, which stops TRL: list each "
            "picture once for each part, in order",
        )
    return turns


def check_tools(row: Mapping[str, Any], pictures: tuple[Picture, ...]) -> Iterator[Finding]:
    """A `tools` column, which the vision collator never hands to the template."""
    if row.get("tools") and pictures:
        yield Finding(
            "tools_ignored",
            "tools",
            "TRL's vision collator never shows tools to the template: put the schemas into the system's text",
        )


def check_schema(columns: Columns, features: Features) -> Iterator[Finding]:
    """Column types that TRL reads wrongly."""
    yield from check_images_column(columns, features)
    for name in ("messages", "prompt", "completion", "chosen", "rejected"):
        if name in columns:
            yield from _message_column(columns, name)


def check_images_column(columns: Columns, features: Features) -> Iterator[Finding]:
    """Pictures without the Image feature, which reach the collator as dicts or paths."""
    for name in ("images", "image"):
        if name in columns and columns[name] != "null" and not is_image_feature(features, name):
            yield Finding(
                "no_image_feature",
                name,
                f"{name} has no Image feature of datasets, so TRL gets dicts or paths and stops: write the file with "
                f"Features({{'{name}': List(Image())}}), or cast_column after loading",
            )


def _message_column(columns: Columns, name: str) -> Iterator[Finding]:
    part = item_of(field_of(item_of(columns[name]), "content"))
    for key in ("image", "image_url", "video"):
        if field_of(part, key) is not None:
            yield Finding(
                "part_key",
                f"{name}[].content[].{key}",
                f"every part has the key {key!r}, and Qwen's templates take all parts for pictures: keep type and text",
            )
    yield from check_call_columns(columns[name], name)


def snippet(needs: Needs) -> str:
    """The settings of SFTConfig, and how the rows are loaded."""
    return (
        "SFTConfig(\n"
        f"    max_length=None,             # the largest row needs {needs.tokens:,} tokens; the default is 1,024\n"
        "    assistant_only_loss=True,    # else loss falls on questions and image tokens; needs transformers >= 5.18\n"
        ")\n"
    )


def fits(row: Mapping[str, Any]) -> int:
    """Whether a row has messages of parts."""
    messages = row.get("messages") or row.get("completion")
    if not isinstance(messages, list) or not messages:
        return 0
    parts = any(isinstance(message, Mapping) and isinstance(message.get("content"), list) for message in messages)
    return 3 if parts else 0


VALIDATOR = Validator(name="trl", check=check, check_schema=check_schema, snippet=snippet, fits=fits)
