"""The checks that every format shares, in one order."""

from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass

from lensmill.formats.checking import Finding, Training
from lensmill.resolution import PATCH_FACTOR
from lensmill.validation.boxes import check_boxes
from lensmill.validation.budget import check_budget
from lensmill.validation.calls import check_calls, check_schemas
from lensmill.validation.conversation import Conversation, Reading
from lensmill.validation.literals import check_texts
from lensmill.validation.pictures import check_pictures
from lensmill.validation.rendered import check_rendered
from lensmill.validation.turns import check_learnt, check_order, check_system


@dataclass(frozen=True, slots=True)
class Trainer:
    """What the shared checks must know of a trainer.

    Attributes:
        name: for messages.
        limit: its setting for the tokens of a row.
        longer: what happens to a longer row.
        order: what happens to turns in another order.
        smallest: pixels of a side below which the trainer itself enlarges pictures; models of patches enlarge sides
            below one patch in any case.
        learns: rows hold the turns that are learnt (all but prompts for RL).
    """

    name: str
    limit: str
    longer: str
    order: str
    smallest: int = 0
    learns: bool = True


def check_conversation(
    conversation: Conversation, training: Training, trainer: Trainer, calls: bool = True
) -> Iterator[Finding]:
    """Everything that can be said of a row in the common form.

    Args:
        calls: look at calls and their boxes; a rejected side may hold wrong ones.
    """
    patch = PATCH_FACTOR if training.target.family.tokens_per_image is None else 0
    yield from check_pictures(conversation.pictures, trainer.name, max(trainer.smallest, patch))
    yield from check_texts(conversation, training.target.name, training.specials)
    yield from check_system(conversation)
    yield from check_order(conversation, trainer.order)
    if trainer.learns:
        yield from check_learnt(conversation)
    yield from check_schemas(conversation)
    if calls:
        yield from check_calls(conversation)
        yield from check_boxes(conversation, training)
    yield from check_budget(conversation, training, trainer.limit, trainer.longer)


def checked(reading: Callable[[], Reading], training: Training, trainer: Trainer) -> Reading:
    """Read a row, check the conversation, and render it if nothing was found: the template costs most, and would only
    say again what is known."""
    found = False
    reader: Generator[Finding, None, Conversation | None] = reading()
    while True:
        try:
            finding = next(reader)
        except StopIteration as end:
            conversation: Conversation | None = end.value
            break
        found = True
        yield finding
    if conversation is None:
        return None
    for finding in check_conversation(conversation, training, trainer):
        found = True
        yield finding
    if not found:
        yield from check_rendered(conversation, training.template)
    return conversation
