"""A chat model that says what a test tells it to, and remembers what it was asked."""

from collections.abc import Callable, Sequence

from lensmill.models.chat import ChatReply, ChatRequest, ModelError
from lensmill.models.families import ModelFamily

Said = str | ModelError


class ScriptedModel:
    """Replies in the order given, the last one for ever; or whatever a function makes of the request."""

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
    """The judge that every hostile answer hopes for."""
    return ScriptedModel([verdict_reply("correct")])
