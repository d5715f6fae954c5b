"""What a server sent back, read as if it were hostile: a checked reply, or one sentence that says what is wrong."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from lensmill.models.chat import ChatReply, ModelErrorClass, Usage

MAX_REPLY_BYTES = 16_000_000
"""Of one response; a reply of 32,000 tokens with its reasoning has well below a million."""

_TOO_LONG = re.compile(
    r"context[ _](?:length|window)|max(?:imum)?[ _]model[ _]len|prompt is too long|too many tokens"
    r"|exceeds? the maximum (?:number of )?(?:input )?tokens|input is too long|reduce the length",
    re.IGNORECASE,
)

_DEAD = "EngineCore encountered an issue"
"""How vLLM's server says, with a 500, that the engine behind it is gone; it ends itself shortly after."""


@dataclass(frozen=True, slots=True)
class Failure:
    """An attempt that gave no reply.

    Attributes:
        retry: whether the same request may work later.
        wait_s: seconds that the server asked for.
        connection: "refused" (never reached), "lost" (reached, then gone), or None: an engine answered.
        detail: what only a person at the terminal is told: addresses, seconds.
    """

    error_class: ModelErrorClass
    message: str
    retry: bool = False
    wait_s: float | None = None
    connection: str | None = None
    detail: str = ""


def retry_after(value: str | None, now: datetime | None = None) -> float | None:
    """Seconds that a Retry-After header asks for: a number, or an HTTP date; None where it says nothing readable."""
    if value is None or len(value) > 100:
        return None
    if re.fullmatch(r"\s*\d{1,9}(\.\d{1,9})?\s*", value, re.ASCII):
        return float(value)
    try:
        date = parsedate_to_datetime(value)
    except (ValueError, OverflowError, TypeError):
        return None
    if date.tzinfo is None:
        date = date.replace(tzinfo=UTC)
    return max(0.0, (date - (now or datetime.now(UTC))).total_seconds())


def read_reply(raw: bytes, key: str | None) -> ChatReply | Failure:
    """The reply in a successful response's body; `latency_s` and `attempts` are the caller's to fill in.

    Args:
        raw: the body.
        key: the API key, cut out of everything that the server wrote.
    """
    try:
        body = json.loads(raw)
    except (ValueError, RecursionError):
        return _garbled(f"sent a reply that is no JSON, beginning {_quoted(raw, key)}")
    if not isinstance(body, dict):
        return _garbled("sent a reply that is no JSON object")
    choices = body.get("choices")
    if not isinstance(choices, list) or not choices:
        why = f": {_error_text(raw, key)}" if body.get("error") else ""
        return _garbled(f"sent a reply without choices{why}")
    choice = choices[0]
    message = choice.get("message") if isinstance(choice, dict) else None
    if not isinstance(message, dict):
        return _garbled("sent a reply whose first choice holds no message")
    text = message.get("content")
    if text is not None and not isinstance(text, str):
        return _garbled("sent a reply whose content is no text")
    reasoning = message.get("reasoning_content") or message.get("reasoning")
    finish, model = choice.get("finish_reason"), body.get("model")
    return ChatReply(
        text=clean(text or "", key),
        reasoning=clean(reasoning, key) if isinstance(reasoning, str) else "",
        finish_reason=clean(finish, key)[:64] if isinstance(finish, str) else "unknown",
        usage=_usage(body.get("usage")),
        model=clean(model, key)[:256] if isinstance(model, str) else "",
    )


def read_refusal(status: int, raw: bytes, wait: str | None, key: str | None) -> Failure:
    """What a response that is no success means: 429 and 5xx may work later, others never.

    A server that has no time (429, 503), refuses the key (401, 403) or knows no such model or path (404) would do so
    to every request: that is nothing of this one's.
    """
    why = _error_text(raw, key)
    if status == 429 or status >= 500:
        connection = "lost" if _DEAD in why else None
        if status in (429, 503):
            message = f"has no time ({status}): lower the settings' concurrency, or see to the server's limits; {why}"
            return Failure("engine_unreachable", message, True, retry_after(wait), connection)
        return Failure("engine_error", f"answered {status}: {why}", True, retry_after(wait), connection)
    if 300 <= status < 400:
        return Failure("request_error", f"answered {status}: redirects are not followed; set the final URL")
    if status in (400, 413, 422) and _TOO_LONG.search(why):
        return Failure("context_length", f"says that the request is too long: {why}")
    if status in (401, 403):
        given = "refuses the API key" if key else "wants an API key"
        message = f"{given} ({status}): see api_key_env in the model's settings; {why}"
        return Failure("engine_unreachable", message)
    if status == 404:
        message = "knows no such model or path (404): see name and urls in the model's settings (.../v1)"
        return Failure("engine_unreachable", f"{message}; {why}")
    return Failure("request_error", f"answered {status}: {why}")


def clean(text: str, key: str | None) -> str:
    """A server's text without the API key, and without halves of characters, which no file can hold."""
    if key and key in text:
        text = text.replace(key, "[API key]")
    if text.isascii():
        return text
    return text.encode("utf-8", "replace").decode()


def _garbled(message: str) -> Failure:
    return Failure("engine_error", message, retry=True)


def _usage(written: object) -> Usage:
    if not isinstance(written, Mapping):
        return Usage()
    details = written.get("prompt_tokens_details")
    cached = details.get("cached_tokens") if isinstance(details, Mapping) else 0
    return Usage(_count(written.get("prompt_tokens")), _count(written.get("completion_tokens")), _count(cached))


def _count(written: object) -> int:
    """Tokens, where it is a number that can be one."""
    return written if type(written) is int and 0 <= written < 2**40 else 0


def _error_text(raw: bytes, key: str | None) -> str:
    """The message within an error's body (OpenAI's and vLLM's shapes), or the body's beginning."""
    try:
        body: Any = json.loads(raw)
    except (ValueError, RecursionError):
        body = None
    for _ in range(2):  # {"error": {"message": ...}}, {"message": ...}, {"detail": ...}
        if isinstance(body, Mapping):
            body = body.get("error") or body.get("message") or body.get("detail")
    if isinstance(body, str) and body.strip():
        return _short(clean(body, key))
    return _quoted(raw, key)


def _quoted(raw: bytes, key: str | None) -> str:
    return repr(_short(clean(raw[:4000].decode("utf-8", "replace"), key))) if raw else "nothing"


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= 400 else text[:399] + "…"
