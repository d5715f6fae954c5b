"""Counts the requests to a chat model, from any caller."""

from collections.abc import Mapping

from lensmill.models.chat import ChatModel, ChatReply, ChatRequest, ModelError
from lensmill.models.families import ModelFamily
from lensmill.models.meter import Meter
from monitoring import metrics
from monitoring.recorder import Recorder, Value, series_name


class WatchedModel:
    """A chat model that counts its requests in one role."""

    def __init__(self, model: ChatModel, role: str, recorder: Recorder) -> None:
        self._model = model
        self._role = role
        self._recorder = recorder
        self._outcomes: dict[str, Value] = {}
        self._seconds = recorder.histogram(metrics.REQUEST_SECONDS, role)
        self._in_flight = recorder.value(metrics.REQUESTS_IN_FLIGHT, role)
        self._retries = recorder.value(metrics.REQUEST_RETRIES, role)
        self._prompt = recorder.value(metrics.PROMPT_TOKENS, role)
        self._cached = recorder.value(metrics.CACHED_TOKENS, role)
        self._completion = recorder.value(metrics.COMPLETION_TOKENS, role)
        self._images = recorder.value(metrics.IMAGE_TOKENS, role)

    @property
    def name(self) -> str:
        """The model's name."""
        return self._model.name

    @property
    def family(self) -> ModelFamily:
        """The conventions of the model's family."""
        return self._model.family

    async def chat(self, request: ChatRequest) -> ChatReply:
        """See `ChatModel.chat`."""
        self._in_flight.add(1)
        outcome = "cancelled"
        try:
            reply = await self._model.chat(request)
            outcome = "length" if reply.finish_reason == "length" else "ok"
        except ModelError as error:
            outcome = error.error_class
            self._recorder.value(metrics.REQUEST_FAILURES, self._role, outcome).add()
            raise
        except Exception:
            outcome = metrics.OTHER
            raise
        finally:
            self._in_flight.add(-1)
            self._outcome(outcome).add()
        self._seconds.observe(reply.latency_s)
        self._retries.add(reply.attempts - 1)
        self._prompt.add(reply.usage.prompt)
        self._cached.add(reply.usage.cached)
        self._completion.add(reply.usage.completion)
        frames = [image.ref.frame for image in request.images]
        self._images.add(sum(self.family.image_tokens(frame.width, frame.height) for frame in frames))
        return reply

    def _outcome(self, outcome: str) -> Value:
        if outcome not in self._outcomes:
            self._outcomes[outcome] = self._recorder.value(metrics.REQUESTS, self._role, outcome)
        return self._outcomes[outcome]


def meter_series(meter: Meter) -> Mapping[str, float]:
    """The cost and outcome of a process's calls, as series. The driver uses these, whichever exporters are active."""
    failed = {series_name(metrics.ATTEMPTS_FAILED, reason): float(count) for reason, count in meter.failed.items()}
    found = {
        metrics.ATTEMPTS.name: meter.requests,
        metrics.ATTEMPTS_ANSWERED.name: meter.replies,
        metrics.ATTEMPTS_IN_FLIGHT.name: meter.in_flight,
        metrics.REQUESTS_WAITING.name: meter.waiting,
        metrics.TOKENS.name: meter.tokens,
    }
    return {**{name: value for name, value in found.items() if value}, **failed}
