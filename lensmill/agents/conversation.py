"""The multi-turn loop that the agents share: messages, the budget before each call, the calls, their record."""

import hashlib
import math
from collections.abc import Sequence
from typing import Any, Self

from lensmill.agents.environment import Environment
from lensmill.agents.errors import PictureSize, TooLong
from lensmill.geometry import Convention
from lensmill.models.chat import ChatModel, ChatReply, ChatRequest, ModelCall, Sampling
from lensmill.models.families import ModelFamily
from lensmill.picture import Encoded
from lensmill.template_tokens import neutral
from lensmill.trajectory import Message, Part

Size = tuple[int, int]
"""Width and height in pixels of an encoded picture."""

_PER_MESSAGE = 8
"""Tokens of a message's role and markers."""


def text_tokens(text: str) -> int:
    """An upper estimate of a text's tokens: three ASCII characters each, one each for all others."""
    ascii_only = len(text.encode("ascii", "ignore"))
    return math.ceil(ascii_only / 3) + len(text) - ascii_only


def picture_tokens(family: ModelFamily, size: Size) -> int:
    """Tokens of a picture; one below the family's least size costs what the server enlarges it to."""
    width, height = size
    grow = max(1.0, math.sqrt(family.min_pixels / (width * height)))
    return family.image_tokens(math.ceil(width * grow), math.ceil(height * grow))


def prompt_tokens(family: ModelFamily, messages: Sequence[Message], sizes: Sequence[Size]) -> int:
    """An upper estimate of what messages cost; `sizes` are of the pictures that their parts name by index."""
    parts = [part for message in messages for part in message.parts]
    pictures = sum(picture_tokens(family, sizes[part.image]) for part in parts if part.image is not None)
    return _PER_MESSAGE * len(messages) + sum(text_tokens(part.text) for part in parts) + pictures


def check_view(family: ModelFamily, size: Size, rung: int) -> None:
    """For agents that read boxes about the view: refuse one that the server would enlarge, as pixels would shift.

    Raises:
        PictureSize: it would.
    """
    width, height = size
    if family.convention is Convention.PIXELS and width * height < family.min_pixels:
        raise PictureSize(
            f"rung {rung}: the view has {width}x{height} pixels, and the model takes at least {family.min_pixels}"
        )


def budget(family: ModelFamily, prompt: int, sizes: Sequence[Size], max_tokens: int, rung: int) -> int:
    """Tokens that stay free after a prompt of this many tokens and a reply of `max_tokens`. Works at planning too.

    Args:
        sizes: of all pictures sent, the view first.

    Raises:
        TooLong: none stay free.
        PictureSize: the server would shrink a picture.
    """
    for index, (width, height) in enumerate(sizes):
        if width * height > family.max_pixels:
            raise PictureSize(
                f"rung {rung}: picture {index} has {width}x{height} pixels, and the model takes at most "
                f"{family.max_pixels}"
            )
    free = family.context_length - prompt - max_tokens
    if free < 0:
        pictures = sum(picture_tokens(family, size) for size in sizes)
        raise TooLong(
            f"rung {rung}: about {prompt} tokens of prompt ({pictures} of them for {len(sizes)} pictures) and "
            f"{max_tokens} for the reply do not fit into the model's context of {family.context_length}"
        )
    return free


def told(*parts: Part | str) -> Message:
    """A user message after the first. What a tool, some code or another model brought may hold template tokens, which
    a server would take for pictures or turns: the message has them in their neutral form."""
    given = (Part(part) if isinstance(part, str) else part for part in parts)
    return Message("user", tuple(Part(neutral(part.text, tags=False), part.image) for part in given))


class Conversation:
    """One episode's talk with one model.

    Args:
        seed: of the episode; each call draws with a seed of its own that follows from it.
        episode: id, which keeps all calls on one replica.
        rung: for the message of a talk that grows too long.
        role: what the calls are for.
        record: each call is added to it.

    Attributes:
        messages: as sent and as written, verbatim.
    """

    def __init__(
        self,
        model: ChatModel,
        sampling: Sampling,
        *,
        seed: int,
        episode: str,
        rung: int,
        record: list[ModelCall],
        role: str = "agent",
    ) -> None:
        self.messages: list[Message] = []
        self._record, self._calls = record, 0
        self._model, self._sampling = model, sampling
        self._seed, self._episode, self._rung, self._role = seed, episode, rung, role
        self._counted = (0, 0)

    @classmethod
    def of(cls, environment: Environment, model: ChatModel, sampling: Sampling, role: str = "agent") -> Self:
        """The talk of an environment's own agent; the environment keeps its calls."""
        task = environment.task
        return cls(
            model,
            sampling,
            seed=task.seed,
            episode=environment.episode,
            rung=task.rung,
            record=environment.calls,
            role=role,
        )

    def system(self, text: str) -> None:
        """Add the system message."""
        self.messages.append(Message("system", (Part(text),)))

    def tell(self, *parts: Part | str) -> None:
        """Add the next user message, as `told` makes it."""
        self.messages.append(told(*parts))

    async def reply(self, images: Sequence[Encoded], structure: dict[str, Any] | None = None) -> ChatReply:
        """The model's next message, which is added verbatim.

        Args:
            images: that the messages' parts name by index.
            structure: what the reply must look like; see ChatRequest.

        Raises:
            TooLong, PictureSize: see `budget`.
            ModelError: there is no reply.
        """
        sizes = [(image.ref.frame.width, image.ref.frame.height) for image in images]
        known, tokens = self._counted
        tokens += prompt_tokens(self._model.family, self.messages[known:], sizes)
        budget(self._model.family, tokens, sizes, self._sampling.max_tokens, self._rung)
        request = ChatRequest(
            tuple(self.messages),
            tuple(images),
            self._sampling,
            call_seed(self._episode, self._seed, self._role, self._calls),
            self._episode,
            structure,
        )
        reply = await self._model.chat(request)
        self.messages.append(Message("assistant", (Part(reply.text),)))
        self._record.append(ModelCall(self._role, reply))
        self._calls += 1
        if reply.usage.prompt > 0:  # from here on, what the server counted goes before what we estimate
            self._counted = (len(self.messages), reply.usage.prompt + reply.usage.completion)
        return reply


def call_seed(episode: str, seed: int, role: str, number: int) -> int:
    """The seed of an episode's n-th call for a role: the same in every run, and unlike that of any other call.

    With the episode's seed alone, all samples of a build would be drawn with one stream of random numbers.
    """
    text = f"{episode}:{seed}:{role}:{number}"
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big") >> 1
