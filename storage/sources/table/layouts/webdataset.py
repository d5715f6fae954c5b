"""WebDataset: a tar file whose members with the same stem are one row; "0001.jpg" and "0001.json" give jpg and json.

A JSON member's fields are columns too: "json.question". Only plain files count: links, devices and sparse files are
skipped, nothing is unpacked to a disk, and sizes are bounded by the file itself.
"""

import itertools
from collections.abc import Iterator, Sequence
from typing import BinaryIO

from storage.sources.files import MAX_IMAGE_BYTES, is_litter, refuse_compressed
from storage.sources.json_rows import parsed_row
from storage.sources.protocol import SourceError
from storage.sources.rows import RowProblem, shown
from storage.sources.table.layouts.document import KEY
from storage.sources.table.layouts.layout import MAX_ROW, Layout, Part, Row, grouped

BLOCK = 512
MAX_NAME_BYTES = 2**16
"""Maximum bytes of a long name or of pax records."""

TEXTS = ("txt", "text", "cls", "question", "answer", "caption", "label", "id", "index")
"""Endings whose members are texts."""

Member = tuple[str, int, int]
"""Name, place of the data, and size."""


class TarLayout(Layout):
    """See the module. Members of a row are adjacent, as WebDataset requires."""

    kind = "WebDataset"

    def parts(self) -> Iterator[Part]:
        """See `Layout`."""
        with self._opened() as file:
            yield from grouped((start, True) for start, _, _ in _rows(self, file, 0))

    def rows(self, part: Part, wanted: Sequence[str]) -> Iterator[tuple[str, Row | RowProblem]]:
        """See `Layout`."""
        with self._opened() as file:
            found = itertools.islice(_rows(self, file, part.at), part.rows)
            for number, (_, key, members) in enumerate(found, start=part.before + 1):
                yield f"{self.where} row {number} ({key[:200]})", _row(file, key, members, wanted)

    def _opened(self) -> BinaryIO:
        try:
            refuse_compressed(self.file, self.source)
            return self.file.open("rb")
        except OSError as error:
            raise SourceError(
                f"sources/{self.source}: {self.file} cannot be read ({error.strerror}); check the file"
            ) from error


def _rows(layout: Layout, file: BinaryIO, at: int) -> Iterator[tuple[int, str, list[Member]]]:
    """Place, key and members of each row from a place on."""
    groups = itertools.groupby(_members(layout, file, at), key=lambda found: _split_name(found[1][0])[0])
    for key, found in groups:
        those = list(itertools.islice(found, 100))
        yield those[0][0], key, [member for _, member in those]


def _split_name(name: str) -> tuple[str, str]:
    """The key of a row and the ending: "a/0001.seg.png" is ("a/0001", "seg.png")."""
    folder, slash, last = name.rpartition("/")
    stem, _, ending = last.partition(".")
    return f"{folder}{slash}{stem}", ending.lower()


def _members(layout: Layout, file: BinaryIO, at: int) -> Iterator[tuple[int, Member]]:
    """Each plain file: where its headers begin, and the file."""
    size, place, name, start = file.seek(0, 2), at, "", at
    while place + BLOCK <= size:
        file.seek(place)
        header = file.read(BLOCK)
        if not header.strip(b"\0"):
            return
        length = _number(header[124:136])
        whole = header[257:262] == b"ustar" or header[156:157] in b"\0" + b"0"
        if length is None or not whole or place + BLOCK + length > size:
            raise SourceError(
                f"sources/{layout.source}: {layout.file} is no whole tar file (at byte {place}); fetch it again"
            )
        kind, data = header[156:157], place + BLOCK
        place = data + -(-length // BLOCK) * BLOCK
        if kind in (b"x", b"L"):
            file.seek(data)
            name = _long_name(kind, file.read(min(length, MAX_NAME_BYTES))) or name
            continue
        if kind in (b"0", b"\0") and not is_litter((name or _name(header)).rpartition("/")[2]):
            yield start, ((name or _name(header)).removeprefix("./"), data, length)
        name, start = "", place


def _name(header: bytes) -> str:
    parts = [header[345:500] if header[257:263] == b"ustar\0" else b"", header[:100]]
    return "/".join(part.split(b"\0")[0].decode("utf-8", "replace") for part in parts if part.strip(b"\0"))


def _long_name(kind: bytes, data: bytes) -> str:
    if kind == b"L":
        return data.split(b"\0")[0].decode("utf-8", "replace")
    for record in data.split(b"\n"):
        _, _, field = record.partition(b" ")
        if field.startswith(b"path="):
            return field[5:].decode("utf-8", "replace")
    return ""


def _number(field: bytes) -> int | None:
    if field[:1] == b"\x80":
        return int.from_bytes(field[1:], "big")
    try:
        return int(field.strip(b"\0 ") or b"0", 8)
    except ValueError:
        return None


def _row(file: BinaryIO, key: str, members: Sequence[Member], wanted: Sequence[str]) -> Row | RowProblem:
    row: dict[str, object] = {KEY: key}
    try:
        for name, place, size in members:
            ending = _split_name(name)[1]
            if ending in row:
                raise RowProblem("bad_row", f"two members of the row end in .{ending[:40]}; keep one")
            if wanted and not any(path == ending or path.startswith((f"{ending}.", f"{ending}[")) for path in wanted):
                continue
            last = ending.rpartition(".")[2]
            limit = MAX_ROW if last == "json" or last in TEXTS else MAX_IMAGE_BYTES
            if size > limit:
                raise RowProblem(
                    "too_long", f"member {shown(name)} has {size} bytes, more than {limit}; make it smaller"
                )
            file.seek(place)
            data = file.read(size)
            row[ending] = parsed_row(data, MAX_ROW) if last == "json" else _value(last, data, name)
    except RowProblem as problem:
        return problem
    return row


def _value(last: str, data: bytes, name: str) -> object:
    if last not in TEXTS:
        return data
    try:
        return data.decode("utf-8-sig").strip()
    except UnicodeDecodeError as error:
        raise RowProblem("bad_text", f"member {shown(name)} is not UTF-8 (byte {error.start}); mend it") from error
