"""Parses a server's response as hostile data: returns a checked reply, or one sentence that says what is wrong."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Literal

from lensmill.models.advice import advice
from lensmill.models.chat import ChatReply, ModelErrorClass, Usage
from lensmill.redaction import MASK, redact

MAX_REPLY_BYTES = 16_000_000
"""Maximum bytes of one response. A reply of 32,000 tokens with its reasoning has well below a million."""

_TOO_LONG = re.compile(
    r"context[ _](?:length|window)|max(?:imum)?[ _]model[ _]len|prompt is too long|too many tokens"
    r"|exceeds? the maximum (?:number of )?(?:input )?tokens|input is too long|reduce the length",
    re.IGNORECASE,
)

_DEAD = "EngineCore encountered an issue"
"""The text of vLLM's server, in a 500, when its engine is dead. The server ends itself shortly afterwards."""


_QUOTA = re.compile(
    r"insufficient[_ ](?:quota|funds|credits?|balance)|billing[_ ](?:hard[_ ]limit|not[_ ]active|disabled)"
    r"|(?:exceeded|out of|used up|reached|no).{0,30}(?:\bquota|\bcredits?\b|\bbudget|spend(?:ing)?[ _]limit"
    r"|usage limit)"
    r"|(?:credit|account) balance|payment required|check your plan|add (?:a payment|credits)"
    r"|(?:quota|credits) exceeded",
    re.IGNORECASE,
)
_RATE = re.compile(
    r"per[ _-](?:second|minute|min|hour)|rate[ _-]?limit|\b[rt]p[ms]\b|slow down|try again in", re.IGNORECASE
)
_PAGE = re.compile(rb"\s*(?:<!doctype\s+html|<html|<head|<body|<\?xml|<!--)", re.IGNORECASE)

Trouble = Literal["rate_limited", "no_connection", "lost_connection", "no_answer", "server_error", "garbled", "refused"]
"""Why an attempt failed, as the meter counts it."""


@dataclass(frozen=True, slots=True)
class Failure:
    """An attempt that gave no reply.

    Attributes:
        error_class: see `ModelError`.
        message: the rest of a sentence that begins with "the model server".
        retry: whether the same request may work later.
        wait_s: seconds that the server asked to wait.
        connection: "refused" (never connected), "lost" (connected, then lost), or None: an engine answered.
        detail: details for a person at the terminal only: addresses, seconds.
        trouble: the reason under which the attempt is counted.
    """

    error_class: ModelErrorClass
    message: str
    retry: bool = False
    wait_s: float | None = None
    connection: str | None = None
    detail: str = ""
    trouble: Trouble = "garbled"


def retry_after(value: str | None, now: datetime | None = None) -> float | None:
    """Seconds that a Retry-After header asks for, given as a number or an HTTP date; None if it cannot be parsed."""
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


def read_reply(
    raw: bytes, key: str | None, content_type: str = "", encoding: str = "", extra: Mapping[str, Any] | None = None
) -> ChatReply | Failure:
    """Parse the body of a successful response. The caller fills in `latency_s` and `attempts`.

    Args:
        raw: the body.
        key: the API key, which is removed from the server's text.
        content_type, encoding: from the headers.
        extra: the settings' `extra_body`, for advice.
    """
    if encoding and encoding.lower() != "identity":
        return _garbled(f"sent a compressed reply ({_short(redact(encoding))[:40]}), which was not asked for")
    if _PAGE.match(raw) or "html" in content_type.lower():
        return _page(raw, key)
    try:
        body = json.loads(raw)
    except (ValueError, RecursionError):
        return _garbled(f"sent a reply that is not JSON, or only a part of it, beginning {_quoted(raw, key)}")
    if not isinstance(body, dict):
        return _garbled("sent a reply that is not a JSON object")
    choices = body.get("choices")
    if body.get("error") and not choices:
        return read_refusal(_code(body["error"]), raw, None, key, extra)
    if not isinstance(choices, list) or not choices:
        why = f": {_error_text(raw, key)}" if body.get("message") or body.get("detail") else ""
        return _garbled(f"sent a reply without choices{why}: check that model.urls names a chat completions API")
    choice = choices[0]
    message = choice.get("message") if isinstance(choice, dict) else None
    if not isinstance(message, dict):
        return _garbled("sent a reply whose first choice holds no message")
    text = message.get("content")
    if text is not None and not isinstance(text, str):
        return _garbled("sent a reply whose content is not text")
    reasoning = message.get("reasoning_content") or message.get("reasoning")
    reasoning = clean(reasoning, key) if isinstance(reasoning, str) else ""
    finish, model = choice.get("finish_reason"), body.get("model")
    finish = clean(finish, key)[:64] if isinstance(finish, str) else "unknown"
    if not text and (failure := _empty(finish, bool(message.get("tool_calls")), reasoning, text is None)):
        return failure
    return ChatReply(
        text=clean(text or "", key),
        reasoning=reasoning,
        finish_reason=finish,
        usage=_usage(body.get("usage")),
        model=clean(model, key)[:256] if isinstance(model, str) else "",
    )


def _empty(finish: str, tool_calls: bool, reasoning: str, null: bool) -> Failure | None:
    """The failure of a reply without text; None if the model chose to write nothing."""
    if finish == "length":
        spent = "its reasoning took" if reasoning else "the reply took"
        return Failure(
            "empty_reply", f"wrote no text: {spent} all tokens of max_tokens; set it higher", trouble="refused"
        )
    if finish == "content_filter":
        return Failure("empty_reply", "withheld its reply (content_filter)", trouble="refused")
    if tool_calls:
        why = "took the text for tool calls of its own: start it without a tool parser"
        return Failure("empty_reply", why, trouble="refused")
    if null and not reasoning:
        return _garbled("sent a reply whose content is null")
    return None


def _page(raw: bytes, key: str | None) -> Failure:
    return Failure(
        "server_refusal",
        "sent a web page instead of a reply: check that model.urls names the API (.../v1) and that no login page or "
        f"proxy stands before it; the page begins {_quoted(raw[:200], key)}",
        retry=True,
        trouble="garbled",
    )


def _code(error: object) -> int:
    """The status in an error within a successful response; 500 without one."""
    code = error.get("code") if isinstance(error, Mapping) else None
    if isinstance(code, str) and re.fullmatch(r"[1-5]\d\d", code, re.ASCII):
        code = int(code)
    return code if type(code) is int and 400 <= code <= 599 else 500


def read_refusal(
    status: int, raw: bytes, wait: str | None, key: str | None, extra: Mapping[str, Any] | None = None
) -> Failure:
    """Interpret a response that is not a success: 429 and 5xx may work later, others never.

    A server that is overloaded (429, 503), refuses the key (401, 403), does not know the model or path (404, 405, 410)
    or redirects (3xx) would do so for every request. The same holds for a used-up quota. Such failures do not count
    against the request.
    """
    why = _error_text(raw, key)
    written = raw[:20_000].decode("utf-8", "replace")
    spent = "insufficient_quota" in written or (_QUOTA.search(written) and not _RATE.search(written))
    if status == 402 or (spent and status in (400, 401, 403, 429)):
        message = f"says that the quota is used up ({status}): check the provider's plan and billing; {why}"
        return Failure("quota_exceeded", message, trouble="refused")
    if status == 429 or status >= 500:
        connection = "lost" if _DEAD in why else None
        if status in (429, 503):
            message = f"is overloaded ({status}): lower model.concurrency, or raise the server's limits; {why}"
            trouble: Trouble = "rate_limited"
            return Failure("engine_unreachable", message, True, retry_after(wait), connection, "", trouble)
        return Failure(
            "engine_error", f"answered {status}: {why}", True, retry_after(wait), connection, "", "server_error"
        )
    if 100 <= status < 400:
        message = f"answered {status}: redirects are not followed; set model.urls to the final URL"
        if status < 300:
            message = f"answered {status}, which is not a completion: {why}"
        return Failure("server_refusal", message, trouble="refused")
    if status in (400, 413, 422) and _TOO_LONG.search(why):
        return Failure("context_length", f"says that the request is too long: {why}", trouble="refused")
    if status in (401, 403, 407):
        given = "refuses the API key" if key else "wants an API key"
        message = f"{given} ({status}): see model.api_key_env; {why}"
        return Failure("server_refusal", message, trouble="refused")
    if status in (404, 405, 410):
        message = f"knows no such model or path ({status}): see model.name and model.urls (.../v1)"
        return Failure("server_refusal", f"{message}; {why}", trouble="refused")
    helps = advice(why, extra)
    return Failure("request_error", f"answered {status}: {why}{helps and f' ({helps})'}", trouble="refused")


def clean(text: str, key: str | None) -> str:
    """A model's text without the API key and without lone surrogates, which no file can hold."""
    if key and key in text:
        text = text.replace(key, MASK)
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
    """A number of tokens, if the value is a possible one."""
    return written if type(written) is int and 0 <= written < 2**40 else 0


def _error_text(raw: bytes, key: str | None) -> str:
    """The message in an error's body (OpenAI's and vLLM's shapes), or the start of the body."""
    try:
        body: Any = json.loads(raw)
    except (ValueError, RecursionError):
        body = None
    for _ in range(2):  # {"error": {"message": ...}}, {"message": ...}, {"detail": ...}
        if isinstance(body, Mapping):
            body = body.get("error") or body.get("message") or body.get("detail")
    if isinstance(body, str) and body.strip():
        return _outside(body[:4000], key)
    return _quoted(raw, key)


def _quoted(raw: bytes, key: str | None) -> str:
    return repr(_outside(raw[:4000].decode("utf-8", "replace"), key)) if raw.strip() else "nothing"


def _outside(text: str, key: str | None) -> str:
    """A server's text for a message: one short line without secrets and without terminal control characters."""
    text = redact(clean(text, key), [key] if key else [])
    return _short("".join(sign if sign.isprintable() else " " for sign in text))


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= 400 else text[:399] + "…"
