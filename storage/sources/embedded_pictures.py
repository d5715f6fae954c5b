"""A picture inside a row: bytes, a file's name, both, or base64."""

import base64
import binascii
from pathlib import Path

from storage.sources.files import MAX_IMAGE_BYTES, MAX_NAME, read_within
from storage.sources.rows import RowProblem, shown

_BASE64_HEADS = ("iVBORw0KGgo", "/9j/", "R0lGOD", "UklGR", "SUkqA", "TU0AK")
"""The beginnings of PNG, JPEG, GIF, WebP and TIFF files in base64."""


def image_bytes(value: object, root: Path | None, field: str) -> bytes:
    """The bytes of a picture's file. A name is looked up below `root`; names are refused if `root` is None.

    Raises:
        RowProblem: no picture, several, too large, or what `read_within` says of a name.
    """
    value = only(value, field)
    if isinstance(value, dict):
        data, path = value.get("bytes"), value.get("path")
        if data is not None:
            return image_bytes(data, None, f"{field}.bytes")
        value, field = (path, f"{field}.path") if path is not None else (None, field)
    if isinstance(value, str) and is_base64(value):
        value = _decoded(value, field)
    if isinstance(value, str) and root is not None:
        return read_within(root, value, field)
    if not isinstance(value, bytes):
        raise RowProblem("image_missing", f'field "{field}" holds no bytes, got {shown(value)}; embed the picture')
    if len(value) > MAX_IMAGE_BYTES:
        raise RowProblem("image_too_large", f'field "{field}" has more than {MAX_IMAGE_BYTES} bytes; scale it down')
    return value


def image_name(value: object, field: str) -> str:
    """The name of a picture's file, if pictures lie beside the rows: a text, or {path} without bytes.

    Raises:
        RowProblem: anything else, or the picture itself.
    """
    value = only(value, field)
    if isinstance(value, dict) and value.get("bytes") is None and value.get("path") is not None:
        value = value["path"]
    if isinstance(value, str) and is_base64(value):
        raise RowProblem("bad_field", f'field "{field}" holds a picture; save the picture to a file, and name the file')
    if not isinstance(value, str):
        raise RowProblem("bad_field", f'field "{field}" must name a file, got {shown(value)}')
    if not value.strip():
        raise RowProblem("empty_field", f'field "{field}" is empty; name the picture\'s file')
    return value.strip()


def only(value: object, field: str) -> object:
    """The picture in a list of one picture.

    Raises:
        RowProblem: the list has no picture or several.
    """
    if not isinstance(value, list):
        return value
    if len(value) != 1:
        raise RowProblem("bad_field", f'field "{field}" holds {len(value)} pictures; a question is about one')
    return value[0]


def is_base64(text: str) -> bool:
    """Whether a text is a picture in base64 and not a file's name."""
    return text.startswith(("data:", *_BASE64_HEADS)) or len(text) > MAX_NAME


def _decoded(text: str, field: str) -> bytes:
    head, comma, rest = text.partition(",")
    encoded = rest if comma and head.startswith("data:") and head.endswith(";base64") else text
    if len(encoded) > MAX_IMAGE_BYTES * 4 // 3 + 4:
        raise RowProblem("image_too_large", f'field "{field}" has more than {MAX_IMAGE_BYTES} bytes; scale it down')
    try:
        return base64.b64decode("".join(encoded.split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise RowProblem("image_unreadable", f'field "{field}" is no base64 ({error}); embed the picture') from error
