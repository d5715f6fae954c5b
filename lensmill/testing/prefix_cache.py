"""A model of an engine's prefix cache: which part of a prompt was computed before and is still cached.

It follows vLLM's design. A prompt is cut into blocks. A block is identified by its content and all content before it;
pictures are identified by their id. The least recently used blocks are dropped first, the end of a prompt before its
beginning.
"""

import hashlib
from collections import OrderedDict
from dataclasses import dataclass

BLOCK_TOKENS = 16
TOKEN_BYTES = 4
"""Approximate bytes of a token of English text."""


@dataclass(frozen=True, slots=True)
class PictureTokens:
    """A picture in a prompt: its id and its number of tokens."""

    identity: str
    tokens: int


class PrefixCache:
    """A prefix cache.

    Args:
        capacity: maximum number of blocks; None for no limit.
    """

    def __init__(self, capacity: int | None = None) -> None:
        self.capacity = capacity
        self._held: OrderedDict[int, None] = OrderedDict()
        self.queries = 0
        self.hits = 0

    def __len__(self) -> int:
        return len(self._held)

    def look_up(self, prompt: list[str | PictureTokens]) -> tuple[int, int]:
        """Tokens of the prompt, and how many of them were cached. The whole prompt is cached afterwards."""
        stream = b"".join(_bytes(piece) for piece in prompt)
        size = BLOCK_TOKENS * TOKEN_BYTES
        keys: list[int] = []
        before = 0
        for start in range(0, len(stream) - size + 1, size):  # only full blocks are shared
            before = hash((before, stream[start : start + size]))
            keys.append(before)
        found = 0
        while found < len(keys) and keys[found] in self._held:
            found += 1
        for key in reversed(keys):
            self._held[key] = None
            self._held.move_to_end(key)
        while self.capacity is not None and len(self._held) > self.capacity:
            self._held.popitem(last=False)
        tokens, cached = len(stream) // TOKEN_BYTES, found * BLOCK_TOKENS
        self.queries += tokens
        self.hits += cached
        return tokens, cached


def _bytes(piece: str | PictureTokens) -> bytes:
    if isinstance(piece, str):
        return piece.encode("utf-8", "replace")
    digest = hashlib.sha256(piece.identity.encode()).digest()
    length = piece.tokens * TOKEN_BYTES
    return (digest * (length // len(digest) + 1))[:length]
