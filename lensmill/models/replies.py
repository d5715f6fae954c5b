"""What a server sent back, read as if it were hostile: a checked reply, or one sentence that says what is wrong."""

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
"""Of one response; a reply of 32,000 tokens with its reasoning has well below a million."""

_TOO_LONG = re.compile(
    r"context[ _](?:length|window)|max(?:imum)?[ _]model[ _]len|prompt is too long|too many tokens"
    r"|exceeds? the maximum (?:number of )?(?:input )?tokens|input is too long|reduce the length",
    re.IGNORECASE,
)

_DEAD = "EngineCore encountered an issue"
"""How vLLM's server says, with a 500, that the engine behind it is gone; it ends itself shortly after."""


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
"""Why an attempt failed, as it is counted."""


@dataclass(frozen=True, slots=True)
class Failure:
    """An attempt that gave no reply.

    Attributes:
        retry: whether the same request may work later.
        wait_s: seconds that the server asked for.
        connection: "refused" (never reached), "lost" (reached, then gone), or None: an engine answered.
        detail: what only a person at the terminal is told: addresses, seconds.
        trouble: what it is counted as.
    """

    error_class: ModelErrorClass
    message: str
    retry: bool = False
    wait_s: float | None = None
    connection: str | None = None
    detail: str = ""
    trouble: Trouble = "garbled"


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


def read_reply(
    raw: bytes, key: str | None, content_type: str = "", encoding: str = "", extra: Mapping[str, Any] | None = None
) -> ChatReply | Failure:
    """The reply in a successful response's body; `latency_s` and `attempts` are the caller's to fill in.

    Args:
        raw: the body.
        key: the API key, cut out of everything that the server wrote.
        content_type, encoding: as the headers say.
        extra: the settings' `extra_body`, for advice.
    """
    if encoding and encoding.lower() != "identity":
        return _garbled(f"sent a compressed reply ({_short(redact(encoding))[:40]}), which was not asked for")
    if _PAGE.match(raw) or "html" in content_type.lower():
        return _page(raw, key)
    try:
        body = json.loads(raw)
    except (ValueError, RecursionError):
        return _garbled(f"sent a reply that is no JSON, or only a part of it, beginning {_quoted(raw, key)}")
    if not isinstance(body, dict):
        return _garbled("sent a reply that is no JSON object")
    choices = body.get("choices")
    if body.get("error") and not choices:
        return read_refusal(_code(body["error"]), raw, None, key, extra)
    if not isinstance(choices, list) or not choices:
        why = f": {_error_text(raw, key)}" if body.get("message") or body.get("detail") else ""
        return _garbled(f"sent a reply without choices{why}: see that model.urls names a chat completions API")
    choice = choices[0]
    message = choice.get("message") if isinstance(choice, dict) else None
    if not isinstance(message, dict):
        return _garbled("sent a reply whose first choice holds no message")
    text = message.get("content")
    if text is not None and not isinstance(text, str):
        return _garbled("sent a reply whose content is no text")
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
    """What a reply without any text means; None where the model chose to write nothing."""
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
        "sent a web page in place of a reply: see that model.urls names the API (.../v1), and no login page or proxy "
        f"stands before it; it begins {_quoted(raw[:200], key)}",
        retry=True,
        trouble="garbled",
    )


def _code(error: object) -> int:
    """The status that an error within a successful response tells of; 500 where it tells of none."""
    code = error.get("code") if isinstance(error, Mapping) else None
    if isinstance(code, str) and re.fullmatch(r"[1-5]\d\d", code, re.ASCII):
        code = int(code)
    return code if type(code) is int and 400 <= code <= 599 else 500


def read_refusal(
    status: int, raw: bytes, wait: str | None, key: str | None, extra: Mapping[str, Any] | None = None
) -> Failure:
    """What a response that is no success means: 429 and 5xx may work later, others never.

    A server that has no time (429, 503), refuses the key (401, 403), knows no such model or path (404, 405, 410) or
    sends elsewhere (3xx) would do so to every request: that is nothing of this one's. Nor is a quota that is used up.
    """
    why = _error_text(raw, key)
    written = raw[:20_000].decode("utf-8", "replace")
    spent = "insufficient_quota" in written or (_QUOTA.search(written) and not _RATE.search(written))
    if status == 402 or (spent and status in (400, 401, 403, 429)):
        message = f"says that the quota is used up ({status}): see to the provider's plan and billing; {why}"
        return Failure("quota_exceeded", message, trouble="refused")
    if status == 429 or status >= 500:
        connection = "lost" if _DEAD in why else None
        if status in (429, 503):
            message = f"has no time ({status}): lower model.concurrency, or see to the server's limits; {why}"
            trouble: Trouble = "rate_limited"
            return Failure("engine_unreachable", message, True, retry_after(wait), connection, "", trouble)
        return Failure(
            "engine_error", f"answered {status}: {why}", True, retry_after(wait), connection, "", "server_error"
        )
    if 100 <= status < 400:
        message = f"answered {status}: redirects are not followed; set model.urls to the final URL"
        if status < 300:
            message = f"answered {status}, which is no completion: {why}"
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
    """A model's text without the API key, and without halves of characters, which no file can hold."""
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
        return _outside(body[:4000], key)
    return _quoted(raw, key)


def _quoted(raw: bytes, key: str | None) -> str:
    return repr(_outside(raw[:4000].decode("utf-8", "replace"), key)) if raw.strip() else "nothing"


def _outside(text: str, key: str | None) -> str:
    """A server's text for a message: one short line without any secret, and nothing that a terminal would obey."""
    text = redact(clean(text, key), [key] if key else [])
    return _short("".join(sign if sign.isprintable() else " " for sign in text))


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= 400 else text[:399] + "…"
