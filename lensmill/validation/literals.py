"""Literals: texts in data that a tokeniser, a chat template or a trainer takes for structure.

Tokenisers of Qwen, Gemma and Llama read a special token wherever its letters stand, so `<|im_end|>` in a thought
ends the turn. LLaMA-Factory, ms-swift and verl put a picture wherever `<image>` stands. Protocol tags such as
`<tool_call>` belong to turns and prompts and are no findings.
"""

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

from lensmill.formats.checking import Finding
from lensmill.template_tokens import template_tokens
from lensmill.validation.conversation import Conversation, Turn, shown

_ALWAYS = re.compile(
    r"<\|[^\s|<>]{1,64}\|>|<｜[^\s｜<>]{1,64}｜>|◁/?\w{1,24}▷|<<?/?SYS>>?"
    r"|<(?:start|end)_of_(?:turn|image|audio|utterance)>|<image_soft_token>|<IMG_CONTEXT>"
    r"|<(?:vision|img|box|ref|quad|object_ref)_(?:start|end|pad)>|<im_(?:start|end|patch)>|\[/?INST\]"
)
"""Special tokens that no other text looks like, whatever family they are of."""

_OF_FAMILY = {
    "internvl": re.compile(r"</?(?:img|quad|ref|box)>"),
    "gemma3": re.compile(r"<(?:bos|eos|pad|unk|mask)>|\[multimodal\]|<unused\d{1,4}>"),
}
"""Special tokens of one family that may be plain text for the others, e.g. HTML."""

MEDIA = ("<image>", "<video>", "<audio>")
"""Placeholders of LLaMA-Factory, ms-swift and verl."""

SWIFT = (*MEDIA, "<bbox>", "<ref-object>", "<cot-process>", "<start-image>")
"""Placeholders of ms-swift."""


@lru_cache(maxsize=4096)
def special_tokens(text: str, family: str, more: frozenset[str] = frozenset()) -> tuple[str, ...]:
    """Special tokens of chat models in a text.

    Args:
        text: any text.
        family: name of the target.
        more: special tokens of a given tokeniser.
    """
    if "<" not in text and "[" not in text and "◁" not in text:
        return ()
    found = _ALWAYS.findall(text)
    if (own := _OF_FAMILY.get(family)) is not None:
        found += own.findall(text)
    if not text.isascii():  # letters of a token with invisible characters between them
        found += [token for token in template_tokens(text, tags=False) if _ALWAYS.fullmatch(token)]
    found += [token for token in more if len(token) > 2 and token in text]
    return tuple(dict.fromkeys(found))


def literal_findings(where: str, text: str, family: str, more: frozenset[str] = frozenset()) -> Iterator[Finding]:
    """Findings for the special tokens in one text, and for characters that no tokeniser can encode."""
    if tokens := special_tokens(text, family, more):
        yield Finding(
            "special_token",
            where,
            f"the text holds {', '.join(tokens[:3])}, which the tokeniser reads as structure: write other brackets "
            "(lensmill.template_tokens.neutral)",
        )
    if not text.isascii() and _SURROGATE.search(text):
        yield Finding("lone_surrogate", where, "the text holds half a character (a lone surrogate): remove it")


def check_texts(conversation: Conversation, family: str, more: frozenset[str] = frozenset()) -> Iterator[Finding]:
    """Special tokens in turns and tool schemas."""
    for turn in conversation.turns:
        for part in turn.parts:
            if part:
                yield from literal_findings(turn.where, part, family, more)
        for call in turn.calls:
            yield from literal_findings(call.where, f"{call.name} {_flat(call.arguments)}", family, more)
    for where, schema in conversation.schemas:
        yield from literal_findings(where, schema if isinstance(schema, str) else _flat(schema), family, more)


def check_placeholders_in_texts(
    turns: Iterable[Turn], literals: Iterable[str], consequence: str, schemas: Iterable[tuple[str, object]] = ()
) -> Iterator[Finding]:
    """Literals that the trainer would replace, in texts that have been read (their placeholders are parts by now)."""
    wanted = tuple(literals)
    texts = [(turn.where, part) for turn in turns for part in turn.parts if part and "<" in part]
    texts += [(call.where, _flat(call.arguments)) for turn in turns for call in turn.calls]
    texts += [(where, schema if isinstance(schema, str) else _flat(schema)) for where, schema in schemas]
    for where, text in texts:
        if found := [literal for literal in wanted if literal in text]:
            yield Finding(
                "placeholder_literal",
                where,
                f"the text holds {', '.join(found)}: {consequence}; write other brackets, such as ‹image›",
            )


def _flat(value: object, depth: int = 0) -> str:
    """All texts of a value, joined."""
    if isinstance(value, str):
        return value
    if depth > 8:
        return ""
    if isinstance(value, dict):
        return " ".join(f"{key} {_flat(item, depth + 1)}" for key, item in value.items())
    if isinstance(value, list | tuple):
        return " ".join(_flat(item, depth + 1) for item in value[:1000])
    return ""


_SURROGATE = re.compile("[\ud800-\udfff]")

__all__ = [
    "MEDIA",
    "SWIFT",
    "check_placeholders_in_texts",
    "check_texts",
    "literal_findings",
    "shown",
    "special_tokens",
]
