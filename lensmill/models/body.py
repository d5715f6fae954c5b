"""Request bodies: JSON in which the part of each picture is bytes that were made once.

A picture is sent again on every turn of its conversation. Encoding its base64 into a string, and the string into JSON,
costs more than sending it, and servers recognise a picture by its bytes. So the whole part of a picture is built once,
cached, and placed between the pieces of text. Large pieces are never joined.
"""

import binascii
import json
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import Any

from aiohttp.abc import AbstractStreamWriter
from aiohttp.payload import Payload

from lensmill.models.chat import ChatRequest
from lensmill.models.settings import ModelSettings
from lensmill.picture import Encoded
from lensmill.trajectory import Message

SLICE = 1 << 18
"""Bytes handed to the socket at a time. The socket copies what does not fit its buffer, so a whole picture is never
handed over at once."""


class PictureParts:
    """Cache of the JSON parts of pictures, by content. The least recently used parts are dropped first.

    Args:
        max_bytes: maximum bytes in the cache.
        uuid: name each picture by its id, for servers that accept ids.
    """

    def __init__(self, max_bytes: int, uuid: bool) -> None:
        self._max_bytes = max_bytes
        self._uuid = uuid
        self._parts: OrderedDict[str, bytes] = OrderedDict()
        self._bytes = 0

    @property
    def bytes_held(self) -> int:
        """Bytes in the cache."""
        return self._bytes

    def part(self, image: Encoded) -> bytes:
        """The part of a message that shows the picture. The bytes are the same on every call."""
        key = image.ref.image_id
        part = self._parts.get(key)
        if part is not None:
            self._parts.move_to_end(key)
            return part
        part = self._build(image)
        if len(part) <= self._max_bytes:
            self._parts[key] = part
            self._bytes += len(part)
            while self._bytes > self._max_bytes:
                _, dropped = self._parts.popitem(last=False)
                self._bytes -= len(dropped)
        return part

    def _build(self, image: Encoded) -> bytes:
        head = f'{{"type":"image_url","image_url":{{"url":"data:image/{image.format};base64,'.encode()
        uuid = f',"uuid":{json.dumps(image.ref.image_id)}' if self._uuid else ""
        return b"".join((head, binascii.b2a_base64(image.data, newline=False), f'"}}{uuid}}}'.encode()))


def body_pieces(request: ChatRequest, settings: ModelSettings, parts: PictureParts) -> list[bytes]:
    """The request's JSON body, in consecutive pieces.

    Raises:
        ValueError: a message names a picture that the request does not hold.
    """
    pieces: list[bytes] = []
    text = ['{"model":', json.dumps(settings.name), ',"messages":[']
    for number, message in enumerate(request.messages):
        text.append(f'{"," if number else ""}{{"role":"{message.role}","content":')
        _content(message, request.images, parts, text, pieces)
        text.append("}")
    text.append("],")
    text.append(json.dumps(_values(request, settings), separators=(",", ":"))[1:])
    pieces.append("".join(text).encode())
    return pieces


def _content(
    message: Message, images: Sequence[Encoded], parts: PictureParts, text: list[str], pieces: list[bytes]
) -> None:
    """A message's content. A message without pictures is plain text: some chat templates take no parts there."""
    if all(part.image is None for part in message.parts):
        text.append(json.dumps("".join(part.text for part in message.parts)))
        return
    text.append("[")
    for number, part in enumerate(message.parts):
        text.append("," if number else "")
        if part.image is None:
            text.append(f'{{"type":"text","text":{json.dumps(part.text)}}}')
            continue
        if not 0 <= part.image < len(images):
            raise ValueError(f"a message shows picture {part.image}, and the request holds {len(images)}")
        pieces.append("".join(text).encode())
        text.clear()
        pieces.append(parts.part(images[part.image]))
    text.append("]")


def _values(request: ChatRequest, settings: ModelSettings) -> dict[str, Any]:
    """All fields of a body except the model and the messages."""
    sampling = request.sampling
    values: dict[str, Any] = {
        settings.max_tokens_key: sampling.max_tokens,
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
        "seed": request.seed,
    }
    if sampling.stop:
        values["stop"] = list(sampling.stop)
    for key in settings.omit:
        values.pop(key, None)
    return {**values, **_structure(request.structure, settings.structures), **settings.extra_body}


def _structure(structure: Mapping[str, Any] | None, way: str) -> dict[str, Any]:
    if structure is None or way == "none":
        return {}
    if way == "vllm":
        return {"structured_outputs": dict(structure)}
    if "json" in structure:
        schema = {"name": "reply", "schema": structure["json"], "strict": True}
        return {"response_format": {"type": "json_schema", "json_schema": schema}}
    return {}  # this API has no field for a regular expression; the reply is read leniently anyway


class BodyPayload(Payload):
    """Pieces as an HTTP body of known length."""

    _value: Sequence[bytes]
    _autoclose = True

    def __init__(self, pieces: Sequence[bytes]) -> None:
        super().__init__(pieces, content_type="application/json")
        self._size = sum(map(len, pieces))

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:
        """The body as text, for aiohttp's log."""
        return b"".join(self._value).decode(encoding, errors)

    async def write(self, writer: AbstractStreamWriter) -> None:
        """Write the pieces, each in slices."""
        if self._size is not None and self._size <= SLICE:
            await writer.write(b"".join(self._value))
            return
        for piece in self._value:
            whole = memoryview(piece)
            for start in range(0, len(whole), SLICE):
                await writer.write(whole[start : start + SLICE])
