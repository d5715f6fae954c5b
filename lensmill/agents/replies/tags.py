"""Tagged replies: <think>, <tool_call> and <answer>, also where a tag is misspelt, escaped or never closed."""

import re
from dataclasses import dataclass
from typing import Literal

from lensmill.agents.replies.plain import before_invented, readable, runs_in_circles, without_entities

Kind = Literal["think", "call", "answer", "text"]

_NAMES: dict[Kind, str] = {
    "think": "think|thinking|thought|reasoning",
    "call": r"(?:tool|function)[\s_\\-]*calls?|tool[\s_\\-]*(?:code|use)|tool|action|grounding",
    "answer": r"answer|final[\s_\\-]*answer|ans",
}
_TAG = re.compile(
    r"[<＜]\s{0,3}(?P<closing>/?)\s{0,3}(?:"
    + "|".join(rf"(?P<{kind}>{names})" for kind, names in _NAMES.items())
    + r")\s{0,3}[>＞]|\[/?(?P<bracketed>TOOL_CALLS?|TOOL_REQUEST|END_TOOL_REQUEST)\]",
    re.IGNORECASE,
)
_FENCE = re.compile(r"(?:```|~~~)(?:[ \t]*[\w+-]{0,20}(?=\s|[{\[]))?(.*?)(?:```|~~~|\Z)", re.DOTALL)
_FENCE_LINE = re.compile(r"^[ \t]*(?:```|~~~)[\w+-]{0,20}[ \t]*$", re.MULTILINE)
_PLAIN_ANSWER = re.compile(
    r"^[ \t*#_>]*(?:the )?(?:final |correct )?answer(?: is)?[ \t*_]*[:：][ \t*_]*(\S[^\n]{0,400})$",
    re.IGNORECASE | re.MULTILINE,
)
_BOXED = re.compile(r"\\boxed\{([^{}]{1,400})\}")


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a reply: what its tags say it is, and whether a closing tag (or the next one) ended it."""

    kind: Kind
    text: str
    closed: bool


@dataclass(frozen=True, slots=True)
class Tagged:
    """A reply in pieces.

    Attributes:
        thought: of all <think> pieces, or the untagged text where there are none.
        calls: the texts of the tool calls, in order.
        answers: the texts of the answers, in order.
        open_end: the last call or answer was never closed.
        circles: it ends in the same words again and again.
    """

    thought: str
    calls: tuple[str, ...]
    answers: tuple[str, ...]
    open_end: bool
    circles: bool


def read_tags(reply: str) -> Tagged:
    """A reply by its tags; where it has none of a call or answer, by its fences and its "Answer:" line.

    What follows an observation that the model made up itself is its imagination, and is left out.
    """
    pieces = read_pieces(reply)
    calls = tuple(piece.text for piece in pieces if piece.kind == "call" and piece.text)
    answers = tuple(piece.text for piece in pieces if piece.kind == "answer")
    spoken = [piece for piece in pieces if piece.kind in ("call", "answer")]
    thoughts = [piece.text for piece in pieces if piece.kind == "think" and piece.text]
    loose = [piece.text for piece in pieces if piece.kind == "text" and piece.text]
    thought = _FENCE_LINE.sub("", "\n".join(thoughts or loose)).strip()
    return Tagged(thought, calls, answers, bool(spoken) and not spoken[-1].closed, runs_in_circles(reply))


def read_pieces(reply: str) -> list[Piece]:
    """The pieces of a reply in their order; see `read_tags`."""
    text = readable(reply)
    if not _TAG.search(text):
        text = without_entities(text)
    first = next((m for m in _TAG.finditer(text) if m["call"] or m["answer"] or m["bracketed"]), None)
    text, _ = before_invented(text, first.end() if first else 1)
    pieces = _pieces(text)
    if not any(piece.kind in ("call", "answer") for piece in pieces):
        pieces = [inner for piece in pieces for inner in _untagged(piece)]
    return pieces


def _pieces(text: str) -> list[Piece]:
    """The text cut at its tags. A think piece reaches to its own closing tag, whatever tags it mentions."""
    tags = list(_TAG.finditer(text))
    pieces: list[Piece] = []
    at, index = 0, 0
    while index < len(tags):
        tag = tags[index]
        kind = _kind(tag)
        if _closes(tag):  # without an opening one: what stands before it was meant
            pieces.append(Piece(kind, _stripped(kind, text[at : tag.start()]), True))
            at, index = tag.end(), index + 1
            continue
        _add_text(pieces, text[at : tag.start()])
        end = _end(tags, index, kind)
        if end is None:
            pieces.append(Piece(kind, _stripped(kind, text[tag.end() :]), False))
            return pieces
        closing = tags[end]
        pieces.append(Piece(kind, _stripped(kind, text[tag.end() : closing.start()]), True))
        consumed = _closes(closing)  # a piece closed by the wrong tag is closed all the same
        at, index = (closing.end(), end + 1) if consumed else (closing.start(), end)
    _add_text(pieces, text[at:])
    return pieces


def _end(tags: list[re.Match[str]], index: int, kind: Kind) -> int | None:
    """Which tag ends the piece that tag `index` opens; None where none does."""
    if kind == "think":
        for later in range(index + 1, len(tags)):
            if _kind(tags[later]) == "think":
                if _closes(tags[later]):
                    return later
                break
    return index + 1 if index + 1 < len(tags) else None


def _kind(tag: re.Match[str]) -> Kind:
    if tag["bracketed"] or tag["call"]:
        return "call"
    return "think" if tag["think"] else "answer"


def _closes(tag: re.Match[str]) -> bool:
    bracketed = tag["bracketed"]
    return bool(tag["closing"]) or bool(bracketed and (tag.group().startswith("[/") or bracketed.startswith("END")))


def _stripped(kind: Kind, text: str) -> str:
    text = text.strip()
    if kind == "call" and (fence := _FENCE.search(text)):
        return fence[1].strip()
    if kind == "answer" and (plain := _PLAIN_ANSWER.fullmatch(text)):
        return plain[1].strip(" *_")
    return text


def _add_text(pieces: list[Piece], text: str) -> None:
    if text.strip():
        pieces.append(Piece("text", text.strip(), True))


def _untagged(piece: Piece) -> list[Piece]:
    """Calls in fences or bare JSON and plain answers of a reply without tags for either; also inside its thoughts."""
    fenced = [m for m in _FENCE.finditer(piece.text) if "{" in m[1] or "(" in m[1]]
    if fenced:
        said = _FENCE.sub(" ", piece.text).strip()
        return [Piece(piece.kind, said, True), *(Piece("call", m[1].strip(), m.group()[-1] in "`~") for m in fenced)]
    start = _bare_call(piece.text)
    if start is not None:
        return [Piece(piece.kind, piece.text[:start].strip(), True), Piece("call", piece.text[start:], piece.closed)]
    plain = list(_PLAIN_ANSWER.finditer(piece.text)) or list(_BOXED.finditer(piece.text))
    if plain:
        return [piece, *(Piece("answer", m[1].strip(" *_"), True) for m in plain)]
    return [piece]


def _bare_call(text: str) -> int | None:
    """Where a call begins that stands in a text as bare JSON, as <function=...> or as a Python call."""
    found = re.search(
        r"[{\[]\s{0,20}[{\"'“]?\s{0,20}[\"'“]?(?:name|function|tool|action|arguments|bbox\\?_2d)\b"
        r"|<function\s{0,3}=|^\s{0,20}\w{0,40}zoom\w{0,40}\(",
        text,
        re.MULTILINE,
    )
    return found.start() if found else None
