"""Removes secrets from texts of outside origin: a server's body, a library's exception, a URL.

Every line, log record and failure row that repeats such a text passes through here. Two kinds of text are masked: the
values of keys that this process knows (see `secrets_of`), and texts with the shape of a key, because a server may
repeat somebody else's key.
"""

import os
import re
from collections.abc import Iterable, Mapping

MASK = "[secret]"

LEAST = 6
"""Minimum characters of a known value. A shorter value would also match ordinary words."""

MOST = 200_000
"""Maximum characters of a text that are searched and kept. The rest is dropped, because it could hold a secret."""

_NAMES = re.compile(
    r"TOKEN|SECRET|PASSW|PASSPHRASE|CREDENTIAL|AUTHORIZATION|BEARER|(?:^|_)KEY(?:$|_)|API_?KEY|ACCESS_?KEY|PRIVATE_?KEY",
    re.IGNORECASE,
)
_NO_SECRETS = re.compile(r"TOKENS|TOKENIZER\w*|(?:KEY|TOKEN)_?(?:ID|FILE|PATH|ENV|MODE)$", re.IGNORECASE)

_SIGN = r"""[^\s"'`,;<>&(){}\[\]\\]"""
_VALUE = rf"(?!\[secret\])(?:(?={_SIGN}{{0,200}}[0-9]){_SIGN}{{6,}}|{_SIGN}{{16,}})"
"""A text in the place of a secret that is not an ordinary word: "the API key is missing" stays unchanged."""

_NAME = (
    r"(?:(?:api|access|secret|private|auth|account|subscription|master|session|client|license)"
    r"[-_ ]?(?:access[-_ ]?)?key"
    r"|token|secret|passw(?:or)?d|passphrase|credentials?|signature)(?:[-_](?:value|string))?"
)
_PATTERNS = (
    # a private key in PEM
    (re.compile(r"-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----(?:.*?-----END [A-Z ]{0,40}PRIVATE KEY-----|.*)", re.S), MASK),
    # http://user:password@host; a password may hold an @ itself
    (re.compile(r"(?<=://)[^/\s\"'<>]{1,300}@"), f"{MASK}@"),
    # //user:password@host
    (re.compile(r"(?<=//)[^/\s\"'<>:@]{0,100}:[^/\s\"'<>]{1,300}@"), f"{MASK}@"),
    # Cookie: session=...; a="b", to its quote or the end of its line
    (
        re.compile(
            r"(\b(?:set-)?cookie\\?[\"'`]?\s{0,3}[:=]\s{0,3}(\\?[\"'`])?)(?!\[secret\])(?=[^\n=]{1,200}=)"
            r"(?(2)(?:(?!\2)[^\n])+|[^\n]+)",
            re.IGNORECASE,
        ),
        rf"\1{MASK}",
    ),
    # keys with a known prefix
    (
        re.compile(
            r"(?<![A-Za-z0-9])(?:"
            r"(?:sk|pk|rk)[-_][A-Za-z0-9_-]{6,}|hf_[A-Za-z0-9]{6,}|(?:AKIA|ASIA|AROA|AIDA)[A-Z0-9]{8,}"
            r"|AIza[A-Za-z0-9_-]{16,}|ya29\.[A-Za-z0-9._-]{8,}|gh[pousr]_[A-Za-z0-9]{8,}|github_pat_[A-Za-z0-9_]{8,}"
            r"|glpat-[A-Za-z0-9_-]{8,}|xox[a-z]-[A-Za-z0-9-]{8,}|gsk_[A-Za-z0-9]{8,}|nvapi-[A-Za-z0-9_-]{8,}"
            r"|xai-[A-Za-z0-9]{8,}|r8_[A-Za-z0-9]{8,}|tgp_[A-Za-z0-9_-]{8,}|fw_[A-Za-z0-9]{16,}"
            r"|eyJ[A-Za-z0-9_-]{8,2000}\.[A-Za-z0-9_-]{4,}(?:\.[A-Za-z0-9_-]*)?)"
        ),
        MASK,
    ),
    # Authorization: Bearer ..., Basic ...
    (
        re.compile(
            rf"\b(Bearer|Basic)(\s+|%20|\+)(?:{_VALUE}|(?={_SIGN}{{1,200}}[._-]\w){_SIGN}{{4,}})", re.IGNORECASE
        ),
        rf"\1\2{MASK}",
    ),
    (
        re.compile(
            rf"(authorization[\"'`]?\s{{0,3}}[:=]\s{{0,3}}[\"'`]?\w{{1,20}}\s+)(?!\[secret\]){_SIGN}{{4,}}", re.I
        ),
        rf"\1{MASK}",
    ),
    # ?key=..., token=..., "api_key":"..."
    (
        re.compile(
            rf"((?:[?&]key|(?<![A-Za-z0-9])sig|{_NAME})(?:=|%3D|[\"'`]\s{{0,3}}:\s{{0,3}}[\"'`])[\"'`]?)(?!\[secret\]){_SIGN}{{4,}}",
            re.IGNORECASE,
        ),
        rf"\1{MASK}",
    ),
    # Incorrect API key provided: ...
    (
        re.compile(
            rf"({_NAME}\s(?:you\s)?(?:provided|supplied|given|sent|used|received)\s{{0,3}}[:=]\s{{0,3}}[\"'`]?)"
            rf"(?!\[secret\]){_SIGN}{{4,}}",
            re.IGNORECASE,
        ),
        rf"\1{MASK}",
    ),
    # X-Api-Key: ..., password is ...
    (
        re.compile(rf"({_NAME}[\"'`]?\s{{0,3}}(?:[:=]|\bis\b|\bwas\b)\s{{0,3}}[\"'`]?){_VALUE}", re.IGNORECASE),
        rf"\1{MASK}",
    ),
    # a long token without a name, shortly after a word that announces one
    (
        re.compile(
            r"(\b(?:keys?|tokens?|secrets?|passwords?)\b[^\n]{0,40}?(?<![A-Za-z0-9/_+.-]))"
            r"(?:(?=[A-Za-z_+-]{0,200}[0-9])(?=[0-9_+-]{0,200}[A-Za-z])[A-Za-z0-9_+-]{20,}={0,2}"
            r"|[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+]))",
            re.IGNORECASE,
        ),
        rf"\1{MASK}",
    ),
)

_known: set[str] = set()


def hide(value: str) -> None:
    """Remove this secret from every text that this process redacts from now on, whatever its variable is called."""
    if len(value) >= LEAST:
        _known.add(value)


def redact(text: str, secrets: Iterable[str] = ()) -> str:
    """The text with `[secret]` in place of every known secret and of every text with the shape of one.

    Args:
        text: of outside origin.
        secrets: known values, such as the API key that was sent. Hidden values and those of the environment are added.
    """
    if len(text) > MOST:
        text = text[:MOST] + "…"
    known = {*secrets, *_known, *secrets_of(os.environ)}
    for value in sorted((value for value in known if len(value) >= LEAST), key=len, reverse=True):
        text = text.replace(value, MASK)
    for pattern, instead in _PATTERNS:
        text = pattern.sub(instead, text)
    return text


def is_secret_name(name: str) -> bool:
    """Whether a variable with this name holds a secret. Numbers of tokens and names of files do not."""
    return bool(_NAMES.search(_NO_SECRETS.sub("", name)))


def secrets_of(environment: Mapping[str, str]) -> set[str]:
    """The values of the environment's variables whose names are names of secrets, line by line."""
    values = (value for name, value in environment.items() if is_secret_name(name))
    return {part.strip() for value in values for part in value.splitlines() if len(part.strip()) >= LEAST}
