"""Settings of a model and of its servers."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal
from urllib.parse import urlsplit

from lensmill.geometry import Convention
from lensmill.models.families import ModelFamily
from lensmill.redaction import hide

OPERATIONAL = frozenset(
    {
        "urls",
        "api_key_env",
        "image_uuid",
        "concurrency",
        "connect_timeout_s",
        "timeout_s",
        "retries",
        "outage_s",
        "picture_cache_mb",
    }
)
"""Settings of the place and speed of a model. The other settings decide its replies and belong in a recipe."""

_OURS = frozenset({"model", "messages", "stream", "n", "seed", "stop", "temperature", "top_p", "max_tokens"})
_OURS_TOO = frozenset({"max_completion_tokens", "structured_outputs", "response_format"})

_SECRET = re.compile(
    r"api_?key|access_?key|private_?key|secret|passw(?:or)?d|passphrase|authorization|credential|bearer"
    r"|(?<!pad_)(?<!bos_)(?<!eos_)token$"  # but not max_tokens, stop_token_ids, eos_token
)


@dataclass(frozen=True, slots=True)
class ModelSettings:
    """One option of `conf/model/`; its comments say more.

    Attributes:
        name: the model as its servers call it; None means no model.
        urls: base URLs of equal replicas, with the API's version: http://127.0.0.1:8000/v1.
        api_key_env: name of the environment variable that holds the key. The key itself is never a setting.
        convention, factor, min_pixels, max_pixels, context_length, tokens_per_image: see `ModelFamily`.
        structures: how a reply's structure is requested: with vLLM's `structured_outputs`, with OpenAI's
            `response_format` (JSON schemas only), or not at all.
        image_uuid: send each picture's content id with its bytes, so that the server need not hash them (vLLM).
        max_tokens_key: the server's name for the limit of a reply.
        omit: the fields among "seed", "temperature", "top_p" and "stop" that the server refuses.
        extra_body: further fields of every request, as the server names them. They are part of the recipe, which is
            published: put no secrets here.
        concurrency: maximum requests in flight at one replica; further requests wait.
        connect_timeout_s, timeout_s: seconds to connect, and seconds for one whole attempt.
        retries: attempts after the first one.
        outage_s: seconds that a call waits when no replica is reachable.
        picture_cache_mb: megabytes of encoded pictures kept for later turns.
    """

    name: str | None = None
    urls: tuple[str, ...] = ()
    api_key_env: str | None = None
    convention: Convention = Convention.PIXELS
    factor: int = 28
    min_pixels: int = 3136
    max_pixels: int = 12_845_056
    context_length: int = 32_768
    tokens_per_image: int | None = None
    structures: Literal["vllm", "openai", "none"] = "vllm"
    image_uuid: bool = True
    max_tokens_key: Literal["max_tokens", "max_completion_tokens"] = "max_tokens"
    omit: tuple[Literal["seed", "temperature", "top_p", "stop"], ...] = ()
    extra_body: Mapping[str, Any] = field(default_factory=dict)
    concurrency: int = 64
    connect_timeout_s: float = 10.0
    timeout_s: float = 300.0
    retries: int = 4
    outage_s: float = 300.0
    picture_cache_mb: int = 256

    def __post_init__(self) -> None:
        for url in self.urls:
            check_url(url)
        if self.api_key_env is not None and not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]{0,99}", self.api_key_env):
            raise ValueError("api_key_env must be the name of an environment variable, never the key")
        for name in ("factor", "min_pixels", "context_length", "concurrency", "picture_cache_mb"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1")
        if self.max_pixels < self.min_pixels:
            raise ValueError("max_pixels must not be below min_pixels")
        if self.tokens_per_image is not None and self.tokens_per_image < 1:
            raise ValueError("tokens_per_image must be at least 1, or null")
        for name in ("connect_timeout_s", "timeout_s"):
            if not 0 < getattr(self, name) <= 86_400:
                raise ValueError(f"{name} must be above 0 and at most 86400 seconds")
        if not 0 <= self.retries <= 20:
            raise ValueError("retries must be from 0 to 20")
        if not 0 <= self.outage_s <= 86_400:
            raise ValueError("outage_s must be from 0 to 86400 seconds")
        if taken := sorted((_OURS | _OURS_TOO) & set(self.extra_body)):
            raise ValueError(f"extra_body must not hold {taken[0]}: every request says that itself")
        if secret := _secret_in(self.extra_body):
            raise ValueError(
                f"extra_body must not hold {secret[:80]}, which looks like a secret: recipes are published; "
                "name a variable with the key in api_key_env"
            )

    @property
    def family(self) -> ModelFamily:
        """The conventions of the model's family."""
        return ModelFamily(
            self.convention,
            self.factor,
            self.min_pixels,
            self.max_pixels,
            self.context_length,
            self.tokens_per_image,
        )

    def moved(self, moves: Mapping[str, str]) -> "ModelSettings":
        """The same model, with new URLs for servers that have moved.

        Args:
            moves: old base URL -> new base URL.
        """
        return replace(self, urls=tuple(moves.get(url, url) for url in self.urls))

    def api_key(self) -> str | None:
        """The key, from the environment of this process; None if the servers need no key.

        Raises:
            ValueError: the variable is not set, or its value cannot be a key. The text never shows the value.
        """
        if self.api_key_env is None:
            return None
        key = os.environ.get(self.api_key_env, "").strip()
        if not key:
            raise ValueError(f"model.api_key_env: set the environment variable {self.api_key_env} to the API key")
        hide(key)
        if not re.fullmatch(r"[\x21-\x7e]{1,4096}", key):
            raise ValueError(f"the environment variable {self.api_key_env} holds characters that no API key has")
        return key


def _secret_in(value: object) -> str | None:
    """The first name in a value, or in a nested value, that looks like the name of a secret."""
    if isinstance(value, Mapping):
        for name, inner in value.items():
            if _SECRET.search(re.sub(r"[^a-z0-9]+", "_", str(name).lower())):
                return str(name)
            if found := _secret_in(inner):
                return found
    elif isinstance(value, list | tuple):
        return next(filter(None, map(_secret_in, value)), None)
    return None


def check_url(url: str) -> None:
    """Check that a text is the base URL of a server.

    Raises:
        ValueError: the text is not a base URL. The message never repeats it, because it may hold a password.
    """
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        raise ValueError("urls: one cannot be read; write http://host:port/v1") from error
    if parts.username is not None or parts.password is not None:
        raise ValueError("urls must not hold a user or password; name a variable with the key in api_key_env")
    if parts.scheme not in ("http", "https") or not host or not re.fullmatch(r"[\x21-\x7e]+", url):
        raise ValueError("urls: one is not an http(s) URL; write http://host:port/v1")
    if parts.query or parts.fragment:
        raise ValueError("urls must end with the path, for example /v1: no '?' and no '#'")
