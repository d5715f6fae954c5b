"""JSON as models write it: single and curly quotes, trailing commas, bare keys, comments, brackets left open.

A reader of its own in place of repairs by pattern: it looks at each character once, keeps every backslash that is
no escape, and never evaluates anything.
"""

import re
from dataclasses import dataclass
from typing import Any

MAX_TEXT = 20_000
MAX_DEPTH = 12

_BLANK = re.compile(r"(?:[\s\u00a0\ufeff\u200b]+|//[^\n]*|/\*.{0,2000}?\*/|#\s[^\n]*)*", re.DOTALL)
_NUMBER = re.compile(r"[-+−]?(?:\d{1,30}\.?\d{0,30}|\.\d{1,30})(?:[eE][-+]?\d{1,3})?")
_UNITED = re.compile(r"\s*(?:px|pixels?)\b")
_START = re.compile(r"[{\[]")
_KEYWORD = re.compile(r"\(\s*[A-Za-z_]\w{0,40}\s*=")
_BARE = re.compile(r"[^\s,:=\[\](){}\"'“”‘’，：]{1,200}")
_CLOSED = re.compile(r"[\s\u00a0]{0,200}(?:[,，:：=\]})]|$|//|#)|[ \t]{0,200}\n")
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "/": "/", "\\": "\\", '"': '"', "'": "'", "_": "_"}
_WORDS = {"true": True, "false": False, "null": None, "none": None}
_QUOTES = {'"': '"', "'": "'", "“": '”“"', "”": '”“"', "„": '”“"', "‘": "’'", "’": "’'", "`": "`"}
_OPEN = {"{": "}", "[": "]", "(": ")"}


class Unreadable(ValueError):
    """A text that holds no value; the message says where it went wrong."""


@dataclass(frozen=True, slots=True)
class Found:
    """A value, where its text ends, and whether it was complete (nothing was left open at the end)."""

    value: Any
    end: int
    complete: bool


def read_values(text: str) -> tuple[Found, ...]:
    """Every object and list that stands in a text at the top level, in order; what is between is passed over.

    Raises:
        Unreadable: too long or nested too deeply.
    """
    if len(text) > MAX_TEXT:
        raise Unreadable(f"it has {len(text)} characters; write at most {MAX_TEXT}")
    found: list[Found] = []
    at = 0
    while (match := _START.search(text, at)) is not None:
        value = read_at(text, match.start())
        found.append(value)
        at = value.end
    return tuple(found)


def read_at(text: str, start: int) -> Found:
    """The value whose text begins at `start`.

    Raises:
        Unreadable: there is none, or it is nested too deeply.
    """
    if len(text) > MAX_TEXT:
        raise Unreadable(f"it has {len(text)} characters; write at most {MAX_TEXT}")
    reader = _Reader(text, start)
    value = reader.value(0)
    return Found(value, reader.at, reader.complete)


class _Reader:
    def __init__(self, text: str, at: int) -> None:
        self.text = text
        self.at = at
        self.complete = True

    def value(self, depth: int) -> Any:
        if depth > MAX_DEPTH:
            raise Unreadable("its brackets are nested too deeply")
        self._skip()
        sign = self._sign()
        if sign == "{":
            return self._object("}", depth)
        if sign == "(" and _KEYWORD.match(self.text, self.at):
            return self._object(")", depth)
        if sign in ("[", "("):
            return self._list(_OPEN[sign], depth)
        if sign in _QUOTES:
            return self._string(sign)
        return self._word()

    def _sign(self) -> str:
        return self.text[self.at : self.at + 1]

    def _skip(self) -> None:
        match = _BLANK.match(self.text, self.at)
        assert match is not None
        self.at = match.end()

    def _object(self, end: str, depth: int) -> dict[str, Any]:
        self.at += 1
        members: dict[str, Any] = {}
        doubled = False
        while True:
            self._skip()
            sign = self._sign()
            if not sign:
                self.complete = False
                return members
            if sign == end:
                self.at += 1
                if doubled:
                    self._skip()
                    self.at += self._sign() == end
                return members
            if sign in ",，;])}":
                self.at += 1
            elif sign == "[" and members:  # "box": [10, 20], [60, 80]
                last = next(reversed(members))
                members[last] = [members[last], self.value(depth + 1)]
            elif sign == "{" and not members:  # {{...}}, from a template that was copied with its doubled braces
                self.at, doubled = self.at + 1, True
            else:
                key = self._string(sign) if sign in _QUOTES else self._bare()
                self._skip()
                if self._sign() in (":", "：", "="):
                    self.at += 1
                    members[key.replace("\\_", "_").strip()] = self.value(depth + 1)
                elif members and _NUMBER.fullmatch(key):  # "box": 10, 20, 60, 80
                    last = next(reversed(members))
                    before = members[last]
                    members[last] = [*(before if isinstance(before, list) else [before]), _number(key)]
                else:
                    raise Unreadable(f"after the name {key[:40]!r} a colon and a value are missing")

    def _list(self, end: str, depth: int) -> list[Any]:
        self.at += 1
        items: list[Any] = []
        while True:
            self._skip()
            sign = self._sign()
            if not sign:
                self.complete = False
                return items
            if sign == end or sign in ")]":
                self.at += 1
                return items
            if sign == "}":  # the list was never closed, what is around it is
                return items
            if sign in ",，;":
                self.at += 1
            elif sign in ":：=" and items and isinstance(items[-1], str):  # [x1=10, y1=20, ...]
                items.pop()
                self.at += 1
            else:
                items.append(self.value(depth + 1))

    def _string(self, opening: str) -> str:
        """Up to the quote that is followed by what may follow a string: quotes inside need no escape."""
        closing = _QUOTES[opening]
        self.at += 1
        piece: list[str] = []
        while self.at < len(self.text):
            sign = self.text[self.at]
            if sign == "\\":
                piece.append(self._escape())
                continue
            self.at += 1
            if sign in closing and _CLOSED.match(self.text, self.at):
                return "".join(piece)
            piece.append(sign)
        self.complete = False
        return "".join(piece)

    def _escape(self) -> str:
        sign = self.text[self.at + 1 : self.at + 2]
        digits = self.text[self.at + 2 : self.at + 6]
        if sign == "u" and re.fullmatch(r"[0-9a-fA-F]{4}", digits):
            self.at += 6
            return chr(int(digits, 16))
        if sign in _ESCAPES and sign:
            self.at += 2
            return _ESCAPES[sign]
        self.at += 1
        return "\\"

    def _word(self) -> Any:
        match = _NUMBER.match(self.text, self.at)
        if match is not None:
            end = match.end()
            united = _UNITED.match(self.text, end)
            after = self.text[end : end + 1]
            if united or not (after.isalnum() or after in ("%", "_", ".", "-")):
                self.at = united.end() if united else end
                return _number(match.group().replace("−", "-"))
        word = self._bare()
        return _WORDS.get(word.casefold(), word)

    def _bare(self) -> str:
        match = _BARE.match(self.text, self.at)
        if match is None:
            raise Unreadable(f"there is {self._sign()!r} where a value is needed")
        self.at = match.end()
        return match.group()


def _number(written: str) -> int | float:
    return int(written) if written.lstrip("+-").isdigit() else float(written)
