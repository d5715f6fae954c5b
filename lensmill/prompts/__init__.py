"""The prompts: one text template a file, in our own words, versioned by hash.

A template has str.format fields; what fills them is never read as a template. Texts about tools are no part of them:
they come from the tools' own schemas.
"""

import functools
import hashlib
from importlib.resources import files


@functools.cache
def template(name: str) -> str:
    """The text of prompts/<name>.txt.

    Raises:
        FileNotFoundError: there is no such prompt.
    """
    return files(__package__).joinpath(f"{name}.txt").read_text(encoding="utf-8").strip()


def fill(name: str, **fields: object) -> str:
    """A prompt with its fields filled in; braces in what fills them stay as they are.

    Raises:
        KeyError: a field of the template is not given.
    """
    return template(name).format_map(fields)


def sha256_of(text: str) -> str:
    """How a text is versioned in recipes and provenance."""
    return hashlib.sha256(text.encode()).hexdigest()
