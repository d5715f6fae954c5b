"""The tokens that a row needs, and the settings that follow from the largest row."""

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from lensmill.formats.checking import Finding, Training
from lensmill.validation.conversation import Conversation

_LONGEST_TOKEN = 5.0
"""Bytes of a token, at most, on average over English text and JSON: fewer tokens than this are not to be hoped
for."""

_SHORTEST_TOKEN = 2.5
"""Bytes of a token, at least, on average; digits are tokens of their own in Qwen's vocabulary."""

PER_TURN = 5
"""Tokens of a template around each turn."""


@dataclass(frozen=True, slots=True)
class Needs:
    """What a trainer needs for some rows.

    Attributes:
        rows: their number.
        tokens: of the largest row: pictures and text.
        image_tokens: of the row with the most of them.
        pixels: of the largest picture.
        pictures: of the row with the most of them.
        estimated: the text was not counted by a tokeniser.
        options: what else a snippet must know, by name, e.g. {"relative_paths": True}.
    """

    rows: int = 0
    tokens: int = 0
    image_tokens: int = 0
    pixels: int = 0
    pictures: int = 0
    estimated: bool = False
    options: Mapping[str, bool] = field(default_factory=dict)

    def __add__(self, other: "Needs") -> "Needs":
        """The needs of both."""
        options = {
            key: self.options.get(key, False) or other.options.get(key, False)
            for key in {**self.options, **other.options}
        }
        return Needs(
            self.rows + other.rows,
            max(self.tokens, other.tokens),
            max(self.image_tokens, other.image_tokens),
            max(self.pixels, other.pixels),
            max(self.pictures, other.pictures),
            self.estimated or other.estimated,
            options,
        )

    @property
    def limit(self) -> int:
        """The tokens to allow a row: the largest need, rounded up to a multiple of 1,024, with a tenth to spare if the
        need is an estimate."""
        need = self.tokens * (1.1 if self.estimated else 1)
        return max(1024, math.ceil(need / 1024) * 1024)


def needs_of(conversation: Conversation, training: Training) -> Needs:
    """The needs of one row."""
    images, pixels = _pictures(conversation, training)
    texts = [part for turn in conversation.turns for part in turn.parts if part]
    text = sum(_tokens(part, training.count_tokens, _SHORTEST_TOKEN) for part in texts)
    total = images + text + PER_TURN * len(conversation.turns)
    relative = any(p.path and not p.path.startswith(("/", "file:", "http", "data:")) for p in conversation.pictures)
    thoughtless = any(turn.role == "assistant" and "<think>" not in turn.text for turn in conversation.turns)
    return Needs(
        1,
        total,
        images,
        pixels,
        len(conversation.pictures),
        training.count_tokens is None,
        {"relative_paths": relative, "turns_without_thought": thoughtless},
    )


def check_budget(conversation: Conversation, training: Training, setting: str, consequence: str) -> Iterator[Finding]:
    """A row that is longer than the trainer's limit, whatever the tokeniser.

    Args:
        setting: the trainer's name for the limit.
        consequence: of a longer row.
    """
    if not training.max_tokens:
        return
    images, _ = _pictures(conversation, training)
    texts = [part for turn in conversation.turns for part in turn.parts if part]
    text = sum(_tokens(part, training.count_tokens, _LONGEST_TOKEN) for part in texts)
    total = images + text + PER_TURN * len(conversation.turns)
    if total > training.max_tokens:
        about = "" if training.count_tokens else "at least about "
        yield Finding(
            "too_long",
            "",
            f"the row needs {about}{total} tokens ({images} of pictures), and {setting} is {training.max_tokens}: "
            f"{consequence}; raise {setting}, or leave the row out",
        )


def _pictures(conversation: Conversation, training: Training) -> tuple[int, int]:
    tokens = pixels = 0
    for picture in conversation.pictures:
        if picture.known:
            pixels = max(pixels, picture.width * picture.height)
            try:
                tokens += training.target.image_tokens(picture.width, picture.height)
            except ValueError:
                continue
    return tokens, pixels


@lru_cache(maxsize=4096)
def _tokens(text: str, count: Callable[[str], int] | None, length: float) -> int:
    return count(text) if count is not None else math.ceil(len(text.encode("utf-8", "surrogatepass")) / length)
