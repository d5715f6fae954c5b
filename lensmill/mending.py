"""Mends picture files whose pixels are intact but which a decoder cannot read: removes or corrects the obstacle.

Nothing is guessed. Metadata is removed. An end marker is added if all pixels are present. A TIFF whose white is zero is
read as the negative that its tag declares.
"""

import hashlib
import zlib
from collections.abc import Iterator
from typing import Literal

MOST_CHUNKS = 200_000
"""Maximum chunks of a PNG or blocks of a GIF. A photograph of 100 megabytes has about twelve thousand."""

_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_PIXEL_CHUNKS = frozenset([b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"])
_EXIF_AT_MOST = 1 << 16


class Unreadable(ValueError):
    """The reason why a file cannot be read. The message becomes part of a sentence about the header."""


class Unsupported(ValueError):
    """Pixels of a kind that is not supported. The message names the kind."""


def plain_png(data: bytes) -> bytes:
    """A PNG without metadata: texts, profiles and animation are removed, a small EXIF part stays.

    Checksums of removed chunks are not checked, and nothing in them is unpacked.

    Raises:
        Unsupported: a critical chunk is not in the standard.
        Unreadable: there are too many chunks.
    """
    view, at, kept, plain = memoryview(data), len(_PNG_SIGNATURE), [memoryview(_PNG_SIGNATURE)], True
    for _ in range(MOST_CHUNKS):
        if at + 8 > len(data):
            break
        name, end = bytes(view[at + 4 : at + 8]), at + 12 + int.from_bytes(view[at : at + 4], "big")
        if name in _PIXEL_CHUNKS or (name == b"eXIf" and _whole_exif(view[at:end])):
            kept.append(view[at:end])
        elif name.isalpha() and name[:1].isupper():
            raise Unsupported(f"the PNG has its pixels changed by a chunk {name.decode()}")
        else:
            plain = False
        at = end
        if name == b"IEND":
            break
    else:
        raise Unreadable(f"more than {MOST_CHUNKS} chunks")
    return data if plain and at >= len(data) else b"".join(kept)


def _whole_exif(chunk: memoryview) -> bool:
    sound = len(chunk) <= _EXIF_AT_MOST and len(chunk) == 12 + int.from_bytes(chunk[:4], "big")
    return sound and zlib.crc32(chunk[4:-4]) == int.from_bytes(chunk[-4:], "big")


def png_depth(data: bytes) -> tuple[int, int | None]:
    """Bits of a PNG's samples, and the number of significant bits (its sBIT chunk) or None."""
    view, at = memoryview(data), len(_PNG_SIGNATURE)
    for _ in range(64):  # the chunk comes before the pixels
        name, length = bytes(view[at + 4 : at + 8]), int.from_bytes(view[at : at + 4], "big")
        if name == b"sBIT" and length and at + 8 < len(data):
            return data[24], data[at + 8] or None
        if name in (b"IDAT", b""):
            break
        at += 12 + length
    return data[24], None


def plain_gif(data: bytes) -> bytes:
    """A GIF's first picture without the comments and other extensions before it, which take long to parse.

    Raises:
        Unreadable: there are too many blocks.
    """
    at = 13 + (3 << (data[10] & 7) + 1 if len(data) > 10 and data[10] & 0x80 else 0)
    kept, start = [data[:at]], at
    for _ in range(MOST_CHUNKS):
        if data[at : at + 1] != b"\x21":
            return b"".join([*kept, memoryview(data)[at:]]) if at > start else data
        start_of, label = at, data[at + 1 : at + 2]
        at += 2
        while at < len(data) and data[at]:
            at += 1 + data[at]
        at += 1
        if label == b"\xf9":  # names the transparent colour of the next picture
            kept.append(data[start_of:at])
    raise Unreadable(f"more than {MOST_CHUNKS} blocks")


def plain_jpeg(data: bytes) -> bytes:
    """A JPEG without the metadata before its pixels: comments, profiles and all but one EXIF part, which take long to
    parse.

    Raises:
        Unreadable: there are too many segments.
    """
    view, at, named = memoryview(data), 2, set[bytes]()
    kept = [view[:2]]
    for _ in range(MOST_CHUNKS):
        marker = data[at + 1] if data[at : at + 1] == b"\xff" and at + 4 <= len(data) else 0
        if marker < 0xC0 or 0xD0 <= marker <= 0xDA:  # the pixels, or an unknown marker
            kept.append(view[at:])
            return b"".join(kept) if sum(map(len, kept)) < len(data) else data
        end = at + 2 + int.from_bytes(data[at + 2 : at + 4], "big")
        name = bytes(view[at + 1 : at + 2]) + bytes(view[at + 4 : at + 8])
        metadata = marker == 0xFE or (
            0xE1 <= marker <= 0xEF and marker != 0xEE
        )  # 0xEE is Adobe's segment, which names the colour space
        if not metadata or (name in (b"\xe1Exif", b"\xe2MPF\0") and name not in named):
            kept.append(view[at:end])
        named.add(name)
        at = max(end, at + 2)
    raise Unreadable(f"more than {MOST_CHUNKS} segments")


def with_jpeg_end(data: bytes) -> tuple[bytes, bytes] | None:
    """A JPEG without an end marker, ended in two ways; None if whole passes over the picture are missing.

    If every pixel is present, both decode to the same picture: the decoder ignores the few extra bytes of one of them.
    If pixels are missing, the decoder uses those bytes, and the pictures differ.
    """
    data = plain_jpeg(data)
    if not _all_passes(data):
        return None
    return data.rstrip(b"\xff") + b"\xff\xd9", _with_more(data.rstrip(b"\xff"))


def with_more_before_end(data: bytes) -> bytes | None:
    """A JPEG with bytes before its end marker that a decoder uses only if pixels are missing; None if whole passes over
    the picture are missing."""
    data = plain_jpeg(data)
    end = _end_of(data)
    return _with_more(data[:end].rstrip(b"\xff")) if _all_passes(data) else None


def is_progressive(data: bytes) -> bool:
    """Whether a JPEG stores its pixels in passes."""
    return any(marker in (0xC2, 0xCA) for marker, _, _ in _segments(plain_jpeg(data)))


def _end_of(data: bytes) -> int:
    """The position of a JPEG's end marker, or the file's length."""
    last = max((end for _, _, end in _segments(data)), default=2)
    at = data.find(b"\xff\xd9", last)
    return at if at >= 0 else len(data)


def _with_more(body: bytes) -> bytes:
    junk = b"".join(hashlib.sha256(bytes([turn])).digest() for turn in range(64)).replace(b"\xff", b"\x55")
    last = max(range(8), key=lambda number: body.rfind(bytes([0xFF, 0xD0 + number])))
    # between restart markers a decoder skips everything up to the next marker
    more = junk + b"".join(bytes([0xFF, 0xD0 + (last + turn) % 8]) + junk for turn in range(1, 9))
    return body + more + b"\xff\xd9"


def require_8_bit_jpeg(data: bytes) -> None:
    """Refuse a JPEG with samples of another depth than 8 bits, which the decoder lacks.

    Raises:
        Unsupported: the samples have another depth.
    """
    for marker, at, end in _segments(data):
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            if at < end and data[at] != 8:
                raise Unsupported(f"the JPEG has samples of {data[at]} bits instead of 8")
            return


def _all_passes(data: bytes) -> bool:
    """Whether the passes of a JPEG bring every coefficient of every component to its last bit."""
    missing = {-1: {0}}  # before a header names the components
    for marker, at, end in _segments(data):
        part = data[at:end]
        if marker in (0xC0, 0xC1, 0xC2, 0xC9, 0xCA) and len(part) > 5:
            missing = {part[6 + 3 * place]: set(range(64)) for place in range(part[5]) if 6 + 3 * place < len(part)}
        if marker == 0xDA and part:
            if len(part) < 4 + 2 * part[0]:
                return False
            first, last, bits = part[1 + 2 * part[0] : 4 + 2 * part[0]]
            for place in range(part[0]):
                if bits & 15 == 0:
                    missing.get(part[1 + 2 * place], set()).difference_update(range(first, last + 1))
    return not any(missing.values())


def _segments(data: bytes) -> Iterator[tuple[int, int, int]]:
    """The marker segments of a JPEG, also between its passes: (marker, start and end of the content)."""
    at = 2
    while (at := data.find(b"\xff", at)) >= 0 and at + 4 <= len(data):
        marker = data[at + 1]
        if marker in (0x00, 0x01, 0xFF) or 0xD0 <= marker <= 0xD8:
            at += 1 if marker == 0xFF else 2
            continue
        if marker == 0xD9:
            break
        end = at + 2 + int.from_bytes(data[at + 2 : at + 4], "big")
        yield marker, at + 4, min(end, len(data))
        at = max(end, at + 2)


def white_is_zero(data: bytes) -> int | None:
    """The position of the tag with which a TIFF's first picture declares that white is zero; None without it."""
    order: Literal["little", "big"] = "little" if data[:2] == b"II" else "big"
    big = int.from_bytes(data[2:4], order) == 43
    width, entry, count_size = (8, 20, 8) if big else (4, 12, 2)
    at = int.from_bytes(data[8:16] if big else data[4:8], order)
    count = int.from_bytes(data[at : at + count_size], order)
    for place in range(min(count, 1000)):
        tag_at = at + count_size + entry * place
        value_at = tag_at + 4 + width
        if int.from_bytes(data[tag_at : tag_at + 2], order) == 262:
            return value_at if data[value_at : value_at + 2] == b"\0\0" else None
    return None


def as_positive_tiff(data: bytes, at: int) -> bytes:
    """A TIFF with its tag at `at` (see `white_is_zero`) inverted: decoding it gives the negative."""
    return data[:at] + (b"\1\0" if data[:2] == b"II" else b"\0\1") + data[at + 2 :]
