"""Rows that are taken down by name: a text file, one id a line, of pictures, samples, episodes or origins."""

import re
from dataclasses import dataclass

from storage.builds.schema import clean

MAX_LINE = 2000
"""Maximum characters of a line; no id and no origin is longer."""

_ID = re.compile(r"[0-9a-f]{32}(?:[0-9a-f]{32})?")
_CUT_ID = re.compile(r"[\"']|[0-9a-f]{24,}(?:$|[\s,;\"'])")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class Exclusion:
    """What a version must not hold.

    Attributes:
        ids: of pictures (64 hexadecimal letters), and of samples and episodes (32).
        origins: of source rows, as `lensmill.sample.Sample.origin` and the failures table have them.
    """

    ids: frozenset[str] = frozenset()
    origins: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.ids or self.origins)

    def lines(self) -> tuple[str, ...]:
        """Sorted, each once: the same list in another order is the same exclusion."""
        return (*sorted(self.ids), *sorted(self.origins))


def parse_exclusion(data: bytes) -> Exclusion:
    """The exclusion of a file's bytes. Blank lines are skipped, and so is a line that begins with "#"; " # ..." after
    an id is a comment, too.

    Raises:
        ValueError: a line that can be no id, by its number.
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"it is not UTF-8 text (byte {error.start})") from error
    ids, origins = set[str](), set[str]()
    for number, raw in enumerate(text.split("\n"), start=1):
        line = raw.strip()
        if not line or line.startswith("#"):
            continue
        if len(line) > MAX_LINE or _CONTROL.search(line):
            raise ValueError(f"line {number} is no id")
        first, _, comment = line.partition("#")
        lower = (first if comment else line).strip().lower()
        if _ID.fullmatch(lower):
            ids.add(lower)
        elif _CUT_ID.match(line.lower()):
            raise ValueError(f"line {number} is no id of 32 or 64 hexadecimal letters alone: {line[:80]!r}")
        else:
            origins.add(clean(line))
    return Exclusion(frozenset(ids), frozenset(origins))
