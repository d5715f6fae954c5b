"""Values that cross between sandbox and host, as JSON: plain data, and handles of the host's objects.

A list is a list, a tuple {"t": [...]}, a dict {"d": [[key, value], ...]}, a handle {"h": [kind, number, facts]}.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

HANDLE_SPACE = 0x6C656E736D696C6C
"""Upper half of the 128-bit identities that the interpreter gives to the host's objects. The lower half is the object's
number."""

MAX_VALUES = 4_000
MAX_CHARS = 100_000
MAX_DEPTH = 8
_WHOLE = 1 << 53  # every reader of JSON keeps integers below this exactly


@dataclass(frozen=True, slots=True)
class Handle:
    """A host object as the sandbox sees it.

    Attributes:
        kind: "image", "draw" or "enhancer".
        number: of the object in its session.
        facts: attributes that code may read.
    """

    kind: str
    number: int
    facts: Mapping[str, Any] = field(default_factory=dict)


class TooMuch(ValueError):
    """Arguments that are too large, too deep, or of a kind that no tool takes."""


@dataclass(slots=True)
class _Room:
    values: int = MAX_VALUES
    chars: int = MAX_CHARS

    def take(self, chars: int = 0) -> None:
        self.values -= 1
        self.chars -= chars
        if self.values < 0 or self.chars < 0:
            raise TooMuch("too many or too long values for one call")


def encode(value: Any, handle_of: Callable[[Any], Handle | None] = lambda _: None) -> Any:
    """Return a value as JSON.

    Args:
        value: plain data, or objects for which `handle_of` returns a handle.
        handle_of: the handle of an object; None for plain data.

    Raises:
        TooMuch: the value is of another kind, or over a cap.
    """
    return _encode(value, handle_of, _Room(), 0)


def _encode(value: Any, handle_of: Callable[[Any], Handle | None], room: _Room, depth: int) -> Any:
    kind = type(value)
    if kind is str:  # the most frequent kinds first: a map of labels has hundreds of values
        room.take(len(value))
        return value
    room.take()
    if kind is bool or value is None or kind is float:
        return value
    if kind is int:
        if -_WHOLE <= value <= _WHOLE:
            return value
        raise TooMuch("an integer that large means nothing here")
    if depth > MAX_DEPTH:
        raise TooMuch("values nested too deeply")
    if isinstance(value, Handle):
        return {
            "h": [value.kind, value.number, {k: _encode(v, handle_of, room, depth) for k, v in value.facts.items()}]
        }
    if kind is tuple:
        return {"t": [_encode(item, handle_of, room, depth + 1) for item in value]}
    if kind is list:
        return [_encode(item, handle_of, room, depth + 1) for item in value]
    if kind is dict:
        return {
            "d": [
                [_encode(key, handle_of, room, depth + 1), _encode(item, handle_of, room, depth + 1)]
                for key, item in value.items()
            ]
        }
    if isinstance(value, range | set | frozenset):
        if len(value) > MAX_VALUES:
            raise TooMuch("too many values for one call")
        return [_encode(item, handle_of, room, depth + 1) for item in value]
    known = handle_of(value)
    if known is None:
        raise TooMuch(f"a {type(value).__name__[:40]} cannot be given to a tool")
    return {"h": [known.kind, known.number, {}]}


def decode(data: Any) -> Any:
    """Return the value of JSON that `encode` made. Handles come back as `Handle`.

    Raises:
        TooMuch: the JSON has another shape or is over a cap, as a broken program may send it.
    """
    return _decode(data, _Room(), 0)


def _decode(data: Any, room: _Room, depth: int) -> Any:
    kind = type(data)
    if kind is str:
        room.take(len(data))
        return data
    room.take()
    if data is None or kind is bool or kind is float or (kind is int and -_WHOLE <= data <= _WHOLE):
        return data
    if depth > 2 * MAX_DEPTH:
        raise TooMuch("values nested too deeply")
    if isinstance(data, list):
        return [_decode(item, room, depth + 1) for item in data]
    if isinstance(data, dict) and len(data) == 1:
        ((tag, inner),) = data.items()
        if tag == "t" and isinstance(inner, list):
            return tuple(_decode(item, room, depth + 1) for item in inner)
        if tag == "d" and isinstance(inner, list) and all(isinstance(p, list) and len(p) == 2 for p in inner):
            return {_key(_decode(key, room, depth + 1)): _decode(item, room, depth + 1) for key, item in inner}
        if tag == "h" and isinstance(inner, list) and len(inner) == 3:
            kind, number, facts = inner
            if isinstance(kind, str) and isinstance(number, int) and isinstance(facts, dict):
                return Handle(kind, number, {name: _decode(fact, room, depth + 1) for name, fact in facts.items()})
    raise TooMuch("a value of no known shape")


def _key(key: Any) -> Any:
    if key is None or isinstance(key, str | int | float | bool):
        return key
    if isinstance(key, tuple) and all(isinstance(part, str | int | float) for part in key):
        return key
    raise TooMuch("a dict key that is no text or number")
