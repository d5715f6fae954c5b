"""Advice when a server refuses a request: the setting that helps, found in the server's text."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

_REFUSES = (
    r"unsupported|not support|n[o']t (?:be )?(?:allowed|permitted|recogni[sz]ed|accepted|available)|unrecogni[sz]ed"
    r"|unknown|unexpected|invalid|extra (?:inputs|fields)|only the default|does not (?:exist|take|accept)|forbidden"
    r"|cannot be|must not|deprecated|no longer|incompatible"
)

_NAMED: Sequence[tuple[str, str]] = (
    (r"max_completion_tokens.{0,40}(?:instead|rather)|\bmax_tokens\b.{0,80}(?:REFUSES)", "KEY"),
    (r"\bmax_tokens.{0,40}(?:instead|rather)|max_completion_tokens.{0,80}(?:REFUSES)", "OLDKEY"),
    (r"\buuid\b|image_uuid", "set model.image_uuid=false"),
    (
        r"at most \d+ (?:image|picture)|too many (?:image|picture)|limit.mm.per.prompt",
        "allow more pictures in one prompt (vLLM: --limit-mm-per-prompt), or set the agent's max_pictures lower",
    ),
    (
        r"not a multi-?modal|multi-?modal.{0,60}(?:REFUSES)|(?:image|vision|picture)\w*.{0,60}(?:REFUSES)"
        r"|(?:REFUSES).{0,60}(?:image|vision|picture)|text.only",
        "the model that it serves takes no pictures: serve a vision-language model and set model.name to it",
    ),
    (
        r"structured_outputs|guided_|response_format|json_schema|grammar|\bregex\b",
        "set model.structures=none (or openai), or agent.structured=false",
    ),
    (
        r"model.{0,200}(?:not (?:found|exist)|does not exist|unknown)|(?:unknown|no such|invalid) model"
        r"|model_not_found",
        "set model.name to a model that it serves",
    ),
)


def advice(said: str, extra_body: Mapping[str, Any] | None = None) -> str:
    """The setting to change, as part of a sentence; "" if the text names no setting.

    Args:
        said: the server's text, shortened.
        extra_body: the model's `extra_body` setting.
    """
    text = said[:2000]
    for value in ("seed", "temperature", "top_p", "stop"):
        named = rf"(?<![\w-]){value}(?![\w-])"
        near = rf"{named}.{{0,120}}(?:{_REFUSES})|(?:{_REFUSES}).{{0,120}}{named}"
        if re.search(near, text, re.IGNORECASE):
            return f"add model.omit=[{value}]"
    for value in map(str, extra_body or ()):
        if re.search(rf"(?<![\w-]){re.escape(value)}(?![\w-])", text):
            return f"take {value[:60]} out of model.extra_body"
    for pattern, what in _NAMED:
        if re.search(pattern.replace("REFUSES", _REFUSES), text, re.IGNORECASE | re.DOTALL):
            match what:
                case "KEY":
                    return "set model.max_tokens_key=max_completion_tokens"
                case "OLDKEY":
                    return "set model.max_tokens_key=max_tokens"
            return what
    return ""
