"""Python blocks as models write them: other fences, prompts, curly quotes and escaped underscores.

A repair is taken only where the code cannot be parsed as it stands and can be after it, so code that is right is never
touched: a backslash in a string stays one.
"""

import ast
import re
import textwrap
import warnings
from collections.abc import Callable

MAX_CODE = 20_000
"""Characters; see `lensmill.sandbox.protocol.Limits.source_chars`."""

FENCE = re.compile(
    r"(?:```|~~~)(?:[ \t]*+[\w+-]{0,20}+[ \t]*+\n|[ \t]*+(?:python\d?|py|tool_code)\b[ \t]*+|)(.*?)(?:```|~~~|\Z)",
    re.DOTALL | re.IGNORECASE,
)

_CURLY = str.maketrans(
    {
        "“": '"',
        "”": '"',
        "„": '"',
        "‘": "'",
        "’": "'",
        "\u00a0": " ",
        "\u200b": "",
        "，": ",",
        "：": ":",
        "（": "(",
        "）": ")",
    }
)
_ENTITIES = (("&lt;", "<"), ("&gt;", ">"), ("&quot;", '"'), ("&#39;", "'"), ("&amp;", "&"))


def read_code(text: str) -> str:
    """The block as it was meant; as it stands where no repair makes it parse (the sandbox then says why)."""
    code = _dedented(text)
    if len(code) > MAX_CODE or parses(code):
        return code
    repaired = code
    for repair in _REPAIRS:  # one after the other, each kept: code can have several of these
        repaired = repair(repaired)
        if parses(repaired):
            return repaired
    return code


def parses(code: str) -> bool:
    """Is this Python? Nothing is run."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ast.parse(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True


def _dedented(text: str) -> str:
    code = textwrap.dedent(text.replace("\t", "    ").strip("\n")).strip()
    lines = code.split("\n")
    if lines and all(line.startswith((">>>", "...")) or not line.strip() for line in lines):
        lines = [re.sub(r"^(?:>>>|\.\.\.) ?", "", line) for line in lines]
    if lines and re.fullmatch(r"(?:python\d?|py)", lines[0].strip(), re.IGNORECASE):
        lines = lines[1:]
    return "\n".join(lines).strip()


def _entities(code: str) -> str:
    for written, meant in _ENTITIES:
        code = code.replace(written, meant)
    return code


_REPAIRS: tuple[Callable[[str], str], ...] = (
    lambda code: code.replace("\\_", "_"),
    lambda code: code.translate(_CURLY),
    _entities,
    lambda code: code.replace("\\n", "\n") if "\n" not in code else code,
)
