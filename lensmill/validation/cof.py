"""Chain-of-Focus: LLaMA-Factory's rows as its authors write them: `messages` of role and content, and paths."""

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from lensmill.formats.checking import Finding, Needs, Training
from lensmill.validation.boxes import numbers_of
from lensmill.validation.calls import BAD, calls_of
from lensmill.validation.conversation import Conversation, Reading
from lensmill.validation.llamafactory import TRAINER, read
from lensmill.validation.llamafactory import snippet as llamafactory_snippet
from lensmill.validation.spec import Validator
from lensmill.validation.whole import checked

_ROLES = ("system", "user", "assistant")


def check(row: Mapping[str, Any], training: Training) -> Reading:
    """Findings about a row of CoF-SFT-Data."""
    return (yield from checked(partial(_read, row, training), training, TRAINER))


def _read(row: Mapping[str, Any], training: Training) -> Reading:
    if row.get("messages") is None:
        yield Finding(
            "no_messages", "messages", "the row has no messages: Chain-of-Focus writes role and content there"
        )
        return None
    conversation = yield from read({key: value for key, value in row.items() if key != "conversations"}, training)
    if conversation is not None:
        yield from _layout(conversation)
    return conversation


def _layout(conversation: Conversation) -> Iterator[Finding]:
    for turn in conversation.turns:
        if turn.said not in _ROLES:
            yield Finding(
                "unknown_role",
                turn.where,
                f"the role is {turn.said!r}, and the tags of Chain-of-Focus name {', '.join(_ROLES)}: observations are "
                "turns of the user, and calls text of the assistant",
            )
            return
        for call in calls_of(turn):
            box = call.arguments.get("bbox_2d") if isinstance(call.arguments, Mapping) else None
            if call.arguments is not BAD and call.name.startswith("image_zoom") and numbers_of(box) is None:
                yield Finding(
                    "box_shape", call.where, "the zoom has no bbox_2d of four numbers: write [x1, y1, x2, y2]"
                )
    last = conversation.turns[-1]
    tagged = "<think>" in last.text or any(calls_of(turn) for turn in conversation.turns)
    if last.role == "assistant" and tagged and ("<answer>" not in last.text or "</answer>" not in last.text):
        yield Finding(
            "no_answer", last.where, "the last turn has no <answer>...</answer>, which its reward and evaluation read"
        )


def snippet(needs: Needs) -> str:
    """The entry of dataset_info.json, and the settings of a training YAML."""
    return (
        '"columns": {"messages": "messages", "images": "images"}, "formatting": "sharegpt",\n'
        '"tags": {"role_tag": "role", "content_tag": "content", "user_tag": "user", "assistant_tag": "assistant", '
        '"system_tag": "system"}\n' + llamafactory_snippet(needs)
    )


def fits(row: Mapping[str, Any]) -> int:
    """Whether a row has messages of strings and paths."""
    messages, images = row.get("messages"), row.get("images")
    first = messages[0] if isinstance(messages, list) and messages else None
    if not isinstance(first, Mapping) or not isinstance(first.get("content"), str):
        return 0
    return 2 if isinstance(images, list) and images and isinstance(images[0], str) else 0


VALIDATOR = Validator(name="cof", check=check, snippet=snippet, fits=fits)
