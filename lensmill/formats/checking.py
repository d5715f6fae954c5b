"""What a check of a training row says, and what the check must know about the training."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from lensmill.formats.target import TARGETS, Target


@dataclass(frozen=True, slots=True)
class Finding:
    """A reason why training on a row would fail, or would teach wrong things.

    Attributes:
        trap: a stable name of the kind of defect, e.g. "placeholder_count".
        where: the field of the row, e.g. "messages[3].content".
        message: one line: the defect, its consequence in this trainer, and the way out.
    """

    trap: str
    where: str
    message: str


class Template(Protocol):
    """A chat template."""

    @property
    def name(self) -> str:
        """The name of the template, for messages."""

    @property
    def placeholder(self) -> str:
        """The text that the template writes for a picture; "" if the template takes no pictures."""

    @property
    def in_place(self) -> bool:
        """Whether pictures stand where the messages have them."""

    def render(self, messages: Sequence[Mapping[str, Any]]) -> str:
        """The text of a conversation, as the trainer would tokenise the text.

        Raises:
            ValueError: the template refuses the messages.
        """


@dataclass(frozen=True, slots=True)
class Training:
    """What decides whether a row fits, besides the row.

    Attributes:
        target: the model, with the trainer's limit of a picture.
        max_tokens: the trainer's limit of a row in tokens; 0 for none.
        template: the chat template that the trainer will use; None leaves out the checks that need a template.
        count_tokens: tokens of a text; None estimates from the number of characters.
        folder: where relative paths of pictures start; "" does not look at picture files.
        boxes: the pixels in which a target with boxes in pixels finds them: "files" for those of the picture files,
            "target" for boxes that are converted to the size after the trainer's resize.
        specials: special tokens of the tokeniser, besides those of its family.
        files: contents of picture files that are not written yet, by their path as the row has the path.
    """

    target: Target = TARGETS["qwen2_5_vl"]
    max_tokens: int = 0
    template: Template | None = None
    count_tokens: Callable[[str], int] | None = None
    folder: str = ""
    boxes: Literal["files", "target"] = "files"
    specials: frozenset[str] = frozenset()
    files: Mapping[str, bytes] = field(default_factory=dict)


Check = Callable[[Mapping[str, Any], Training], Iterator[Finding]]
"""Checks one row as it is read back from its file: pictures are {"bytes", "path"} or paths. Without a finding the row
is sound. A row of any shape is accepted (hostile input): a missing or wrong field is a finding, never an exception."""


@dataclass(frozen=True, slots=True)
class Needs:
    """What rows need of a trainer.

    Attributes:
        tokens: of the longest row, text and pictures.
        pixels: of the largest picture.
        rows: number of rows.
        estimated: no tokenizer counted the text.
        options: other things that settings depend on, e.g. "relative_paths".
    """

    tokens: int = 0
    pixels: int = 0
    rows: int = 0
    estimated: bool = False
    options: tuple[str, ...] = ()

    def and_of(self, other: "Needs") -> "Needs":
        """The needs of both."""
        return Needs(
            max(self.tokens, other.tokens),
            max(self.pixels, other.pixels),
            self.rows + other.rows,
            self.estimated or other.estimated,
            tuple(sorted({*self.options, *other.options})),
        )

    @property
    def limit(self) -> int:
        """Tokens to allow a row: the largest need, rounded up to a multiple of 1,024, with a tenth to spare if the need
        is an estimate."""
        return max(1024, math.ceil(self.tokens * (1.1 if self.estimated else 1) / 1024) * 1024)
