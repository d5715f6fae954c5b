"""Pictures, requests and settings of models, made from few arguments."""

import hashlib
from collections.abc import Sequence

from lensmill.geometry import Frame
from lensmill.models.chat import ChatRequest, Sampling
from lensmill.models.settings import ModelSettings
from lensmill.picture import Encoded
from lensmill.trajectory import ImageRef, Message, Part


def picture(content: bytes, width: int = 56, height: int = 28) -> Encoded:
    """A picture's file, as a client uses it: its bytes and their id."""
    ref = ImageRef(hashlib.sha256(content).hexdigest(), "", Frame.whole((width, height)))
    return Encoded(ref, content, "png")


def ask(text: str = "How many?", episode: str = "", images: Sequence[Encoded] = ()) -> ChatRequest:
    parts = (*(Part(image=number) for number in range(len(images))), Part(text))
    return ChatRequest((Message("user", parts),), tuple(images), Sampling(max_tokens=64), episode=episode)


def settings(**changes: object) -> ModelSettings:
    return ModelSettings(**{"name": "stub", "timeout_s": 20.0, **changes})  # type: ignore[arg-type]


class Waits:
    """Replaces `asyncio.sleep`: records the seconds and returns at once."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)
