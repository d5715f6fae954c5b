"""The size of a picture from the first bytes of its file, without decoding: 2 microseconds for PNG and plain JPEG."""

import base64
import binascii
import os
import stat

from lensmill.decoding import ImageError, check_image, read_header

HEAD = 65_536
"""Bytes that are read of a picture file. A file whose header is longer is read whole, up to `MOST`."""

MOST = 64 * 2**20
"""Maximum bytes of a picture file that is read whole."""

_MANY = 10**9
"""Pixels that a header may claim here: trainers have limits of their own."""


class Unreadable(ValueError):
    """A picture whose size cannot be read, or which is cut off. The message says why."""


def size_of(data: bytes) -> tuple[int, int]:
    """Width and height, in pixels, of a whole picture file that is upright.

    Raises:
        Unreadable: the bytes are no picture, or end before the picture does.
    """
    size = _quick(data)
    if size is None:
        return _slow(data)
    if data[:2] == b"\xff\xd8":
        if data.rfind(b"\xff\xd9", max(0, len(data) - HEAD)) < 0:
            _whole(data)
    elif data.rfind(b"IEND") < 0:
        raise Unreadable("the PNG file ends before its pixels do")
    return size


def size_of_file(path: str) -> tuple[int, int]:
    """Width and height, in pixels, of a picture file; reads its first and last bytes.

    Raises:
        FileNotFoundError: there is no such file.
        Unreadable: it is no regular file, no picture, or ends before the picture does.
    """
    try:
        status = os.stat(path)
        if not stat.S_ISREG(status.st_mode):
            raise Unreadable("it is no file")
        with open(path, "rb") as file:
            head = file.read(HEAD)
            size = _quick(head)
            if size is None:
                return _slow(head + file.read(MOST))
            file.seek(max(len(head), status.st_size - 256) if status.st_size > len(head) else 0)
            tail = file.read(HEAD)
    except FileNotFoundError:
        raise
    except (OSError, ValueError) as error:
        if isinstance(error, Unreadable):
            raise
        raise Unreadable(f"it cannot be opened ({error})") from error
    if (b"\xff\xd9" if head[:2] == b"\xff\xd8" else b"IEND") not in tail:
        with open(path, "rb") as file:
            return size_of(file.read(MOST))
    return size


def size_of_text(text: str) -> tuple[int, int]:
    """Width and height, in pixels, of a picture in base64, with or without the beginning of a data URL.

    Raises:
        Unreadable: the text is not base64, or no picture.
    """
    try:
        data = base64.b64decode(text.split(",", 1)[-1], validate=True)
    except (binascii.Error, ValueError) as error:
        raise Unreadable("it is not base64") from error
    return size_of(data)


def _quick(data: bytes) -> tuple[int, int] | None:
    """The size, if the file is a PNG or a JPEG without EXIF data; None for all others."""
    if data[:8] == b"\x89PNG\r\n\x1a\n" and data[12:16] == b"IHDR" and b"eXIf" not in data[:HEAD]:
        size = int.from_bytes(data[16:20], "big"), int.from_bytes(data[20:24], "big")
        return size if min(size) > 0 and max(size) < 2**31 else None
    if data[:3] != b"\xff\xd8\xff":
        return None
    at = 2
    while at + 9 < len(data) and data[at] == 0xFF:
        kind = data[at + 1]
        if kind == 0xE1 and data[at + 4 : at + 8] == b"Exif":
            return None
        if kind in _FRAMES:
            height, width = int.from_bytes(data[at + 5 : at + 7], "big"), int.from_bytes(data[at + 7 : at + 9], "big")
            return (width, height) if width and height else None
        at += 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    return None


_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
"""Markers of a JPEG that carry the size."""


def _slow(data: bytes) -> tuple[int, int]:
    try:
        header = read_header(data, _MANY)
    except ImageError as error:
        raise Unreadable(str(error)) from error
    return header.width, header.height


def _whole(data: bytes) -> None:
    """Decode a JPEG without an end marker: some are whole all the same."""
    try:
        check_image(data)
    except ImageError as error:
        if error.error_class in ("image_truncated", "image_damaged"):
            raise Unreadable(str(error)) from error
