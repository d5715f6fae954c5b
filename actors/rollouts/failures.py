"""Turns any error of an episode into its row in the failures table, without secrets and without paths of the
machine."""

import re
import traceback

from lensmill.agents.errors import EpisodeError
from lensmill.decoding import ImageError
from lensmill.models.chat import ModelError
from lensmill.redaction import redact
from storage.builds.episodes import Failure

RETRYABLE = frozenset({"engine_error", "engine_killer", "request_error", "empty_reply", "timeout", "worker_died"})
"""Error classes after which another attempt at the same episode may end differently: the cause lay outside the
episode."""

MAX_MESSAGE = 2000

_AFTER_MODEL_ERROR = {
    "engine_error": "see the engine's log, then run again with retry=engine_error",
    "engine_killer": "look at the picture and the engine's log before running again with retry=engine_killer",
    "request_error": "see what the server refuses: the model's settings (conf/model) must be those of the server",
    "context_length": "leave out this rung, or use a model and server with a longer context",
    "empty_reply": "set agent.max_tokens higher, or see what the server withholds, then run again with "
    "retry=empty_reply",
}

_FOLDERS = re.compile(r"(?:/[\w.@+-]+)+/")


def failure_of(error: Exception, timeout_s: float) -> Failure:
    """The failure of an episode that raised this error.

    Args:
        timeout_s: maximum seconds of an episode.
    """
    if isinstance(error, ImageError):
        return Failure(error.error_class, _told(error), 1, "replace the picture at its source")
    if isinstance(error, ModelError):
        return Failure(error.error_class, _told(error), 1, _AFTER_MODEL_ERROR[error.error_class])
    if isinstance(error, EpisodeError):
        return Failure(error.error_class, _told(error), 1, error.retry)
    if isinstance(error, TimeoutError):
        message = f"the episode took over {timeout_s:.0f} s"
        return Failure("timeout", message, 1, "simplify or replace the picture at its source")
    where = traceback.extract_tb(error.__traceback__)[-1]
    message = redact(f"{type(error).__name__}: {error} ({where.name}, line {where.lineno})")[:MAX_MESSAGE]
    return Failure("agent_error", _FOLDERS.sub("", message), 1, "report it with this message")


def _told(error: Exception) -> str:
    return redact(str(error))[:MAX_MESSAGE]
