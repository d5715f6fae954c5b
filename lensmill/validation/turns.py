"""The turns of a conversation: their order, and the turns that a trainer learns."""

from collections.abc import Iterator

from lensmill.formats.checking import Finding
from lensmill.validation.conversation import Conversation, Role, Turn, shown

ROLES: dict[str, Role] = {"system": "system", "user": "user", "assistant": "assistant", "tool": "tool"}
"""Roles of chat templates."""

_LEARNS_NOTHING = "the trainer would learn nothing from the row"


def unknown_role(said: object, where: str, known: object, consequence: str) -> Finding:
    """A finding about a message whose role the trainer does not know."""
    return Finding(
        "unknown_role",
        where,
        f"the role is {shown(said, 30)!r}, {consequence}: write one of {', '.join(known)}",  # type: ignore[arg-type]
    )


def check_order(conversation: Conversation, consequence: str) -> Iterator[Finding]:
    """A system message first or nowhere; then users (or tools) and assistants take turns, and a user begins.

    A turn that is only a call may follow the assistant's thought, and tools may answer one after another.
    """
    turns = conversation.turns
    rest = turns[1:] if turns and turns[0].role == "system" else turns
    before: Turn | None = None
    for turn in rest:
        role = turn.role
        if role == "system":
            yield Finding("role_order", turn.where, f"a system message stands within the row: {consequence}")
            return
        if before is None:
            if role != "user":
                yield Finding("role_order", turn.where, f"the first turn is of role {turn.said}: {consequence}")
                return
        elif before.role == role == "user":
            yield Finding("role_order", turn.where, f"two turns of the user follow each other: {consequence}")
            return
        elif before.role == role == "assistant" and not (turn.calls and not turn.text):
            yield Finding("role_order", turn.where, f"two turns of the assistant follow each other: {consequence}")
            return
        elif role == "tool" and before.role == "user":
            yield Finding("role_order", turn.where, f"a tool answers where nobody has called: {consequence}")
            return
        elif role == "user" and before.role == "tool":
            yield Finding("role_order", turn.where, f"a user speaks before the assistant has read: {consequence}")
            return
        before = turn


def check_learnt(conversation: Conversation) -> Iterator[Finding]:
    """An assistant's turn with text, loss on at least one, no empty turn, and the assistant's words at the end."""
    turns = conversation.turns
    answers = [turn for turn in turns if turn.role == "assistant"]
    if not answers:
        yield Finding(
            "no_assistant_turn", turns[0].where if turns else "", f"no turn is the assistant's: {_LEARNS_NOTHING}"
        )
        return
    if not any(turn.learnt for turn in answers):
        yield Finding("no_loss", answers[-1].where, f"every turn is masked: {_LEARNS_NOTHING}")
    for turn, following in zip(turns, (*turns[1:], None), strict=True):
        if following is not None and following.calls and turn.role == following.role:
            continue  # a call without a thought
        if turn.role != "system" and not turn.calls and not turn.pictures and not turn.text.strip():
            yield Finding(
                "empty_turn",
                turn.where,
                f"the {turn.role}'s turn is empty, so that the model learns to say nothing"
                if turn.role == "assistant"
                else f"the {turn.role}'s turn is empty: write its text, or leave the row out",
            )
    if turns[-1].role != "assistant":
        yield Finding(
            "ends_without_answer",
            turns[-1].where,
            "the row ends with a turn that is not the assistant's: the row was cut off, or its answer is missing",
        )
    for turn in answers:
        if turn.pictures:
            yield Finding(
                "picture_in_assistant_turn",
                turn.where,
                "a picture stands in the assistant's turn, where templates drop it or the model learns to write it: "
                "give pictures to the user or the tool",
            )


def check_system(conversation: Conversation) -> Iterator[Finding]:
    """No picture in the system message."""
    for turn in conversation.turns:
        if turn.role == "system" and turn.pictures:
            yield Finding(
                "picture_in_system",
                turn.where,
                "a placeholder stands in the system message, where it takes the first "
                "picture away or stays as text: write other brackets, such as ‹image›",
            )
