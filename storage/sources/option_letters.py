"""Letters in front of options: "A. red", "(b) red", "[C] red", "Option D: red", "E - red"."""

import re
import unicodedata

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

_LETTER = "[A-Za-zＡ-Ｚａ-ｚ]"
_LETTERED = re.compile(
    rf"(?:[-*•]\s++)?(?:\*\*)?(?i:option|choice)?\s*+"
    rf"(?:[(\[<（]\s*+({_LETTER})\s*+[)\]>）]\s*+[.:]?(?:\*\*)?"
    rf"|({_LETTER})\s*+[).:、．）：](?:\*\*)?(?=\s|[^\x00-\x7f]|[A-Za-z0-9][a-z0-9])"
    rf"|({_LETTER})\s++[-–—](?=\s))"
    r"\s*+((?!(?:and|or|nor|only|alone|to|through|is|are)\b|[&,/+-])\S.*)",
    re.DOTALL,
)
_ALONE = re.compile(rf"[(\[]?({_LETTER})[)\]]?[.:]?")


def take_letter(text: str) -> tuple[str, str] | None:
    """The letter in front of a text, as a capital, and the rest; None without a letter or without a rest."""
    match = _LETTERED.fullmatch(text.strip())
    return (_capital(match[1] or match[2] or match[3]), match[4]) if match else None


def lone_letter(text: str) -> str:
    """The letter that the whole text is, as a capital; otherwise ""."""
    match = _ALONE.fullmatch(text.strip())
    return _capital(match[1]) if match else ""


def letter_in_front(text: str, count: int) -> str:
    """The letter in front of an option, or the option itself, if it is among the letters of this many places; otherwise
    ""."""
    taken = take_letter(text)
    letter = taken[0] if taken else lone_letter(text)
    return letter if letter and letter in LETTERS[:count] else ""


def _capital(letter: str) -> str:
    return unicodedata.normalize("NFKC", letter).upper()
