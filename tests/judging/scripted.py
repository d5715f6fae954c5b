"""A chat model with scripted replies that records its requests."""

from collections.abc import Callable, Sequence

from lensmill.models.chat import ChatReply, ChatRequest, ModelError
from lensmill.models.families import ModelFamily

Said = str | ModelError


class ScriptedModel:
    """Replies in the given order, the last one repeatedly; or the result of a function of the request."""

    name = "scripted"
    family = ModelFamily()

    def __init__(self, script: Sequence[Said] | Callable[[ChatRequest], Said]) -> None:
        self._script = script
        self.asked: list[ChatRequest] = []

    async def chat(self, request: ChatRequest) -> ChatReply:
        self.asked.append(request)
        if callable(self._script):
            said = self._script(request)
        else:
            said = self._script[min(len(self.asked), len(self._script)) - 1]
        if isinstance(said, ModelError):
            raise said
        return ChatReply(said)


def verdict_reply(outcome: str) -> str:
    return f'{{"verdict": "{outcome}"}}'


def yes_man() -> ScriptedModel:
    """A judge that always agrees, the target of every hostile answer."""
    return ScriptedModel([verdict_reply("correct")])
