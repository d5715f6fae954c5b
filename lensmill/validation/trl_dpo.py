"""TRL 1.16, preference pairs: `prompt`, `chosen` and `rejected`, with `images` of the prompt (DPOTrainer)."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from lensmill.formats.checking import Finding, Needs, Training
from lensmill.validation.conversation import Conversation, Reading, Turn
from lensmill.validation.literals import check_texts
from lensmill.validation.rendered import check_rendered
from lensmill.validation.spec import Validator
from lensmill.validation.trl import check_schema, check_tools, conversation_of, placed, read_images, read_messages
from lensmill.validation.whole import Trainer, checked

TRAINER = Trainer(
    "TRL",
    "max_length",
    "TRL cuts it within a picture and stops",
    "TRL's row does not read as a chat, and templates refuse it",
)


def check(row: Mapping[str, Any], training: Training) -> Reading:
    """Findings about a preference pair; its conversation is the prompt with the chosen side."""
    return (yield from checked(partial(_read, row, training), training, TRAINER))


def _read(row: Mapping[str, Any], training: Training) -> Reading:
    prompt = yield from read_messages(row, "prompt", training)
    chosen = yield from read_messages(row, "chosen", training)
    rejected = yield from read_messages(row, "rejected", training)
    if prompt is None or chosen is None or rejected is None:
        return None
    prompt = tuple(Turn(turn.role, turn.where, turn.parts, False, turn.said, turn.calls) for turn in prompt)
    if prompt and prompt[-1].role == "assistant":
        yield Finding(
            "prompt_ends_with_assistant",
            prompt[-1].where,
            "the prompt ends with the assistant's turn: the last turn belongs to both sides",
        )
        return None
    for name, side in (("chosen", chosen), ("rejected", rejected)):
        if any(turn.pictures for turn in side):
            yield Finding(
                "picture_in_completion",
                name,
                f"{name} holds pictures, and TRL gives pictures to the prompt only: end the pair where its sides part",
            )
            return None
        if len(side) != 1 or side[0].role != "assistant":
            yield Finding(
                "completion_turns",
                name,
                f"{name} has {len(side)} messages, and the trainer would take loss on all of them: write one message "
                "of the assistant",
            )
            return None
    if _same(chosen[0], rejected[0]):
        yield Finding(
            "equal_sides", "rejected", "chosen and rejected are the same, which teaches nothing: leave the pair out"
        )
    pictures = yield from read_images(row, training)
    prompt = yield from placed(prompt, len(pictures))
    yield from check_tools(row, pictures)
    if not chosen[0].text.strip() or not rejected[0].text.strip():
        yield Finding(
            "empty_turn", "chosen" if chosen[0].text.strip() == "" else "rejected", "a side is empty: write its text"
        )
        return None
    other = Conversation(rejected, ())
    yield from check_texts(other, training.target.name, training.specials)
    yield from check_rendered(conversation_of((*prompt, *rejected), pictures), training.template)
    return conversation_of((*prompt, *chosen), pictures)


def _same(one: Turn, other: Turn) -> bool:
    return one.text.strip() == other.text.strip() and one.calls == other.calls


def snippet(needs: Needs) -> str:
    """The settings of DPOConfig."""
    return (
        "DPOConfig(\n"
        f"    max_length=None,    # the largest row needs {needs.tokens:,} tokens; the default is 1,024\n"
        ")\n"
    )


def fits(row: Mapping[str, Any]) -> int:
    """Whether a row is a pair of messages of parts."""
    return 5 if isinstance(row.get("prompt"), list) and "chosen" in row and "rejected" in row else 0


VALIDATOR = Validator(name="trl_dpo", check=check, check_schema=check_schema, snippet=snippet, fits=fits)
