"""The first check of a block of code, before anything runs: its length, whether it parses, and what it imports."""

import ast
from dataclasses import dataclass

from lensmill.sandbox.pil_names import ALREADY_HERE, MODULES
from lensmill.sandbox.protocol import Limits


class NotAdmitted(ValueError):
    """Code that is refused before it runs. The message tells the model the reason and the line."""


@dataclass(frozen=True, slots=True)
class Admitted:
    """A block of code that may run.

    Attributes:
        source: the code; imports of names that are already bound are replaced by `pass`. Line numbers do not change.
        beyond: imported modules that the Monty interpreter lacks.
    """

    source: str
    beyond: tuple[str, ...]


def admit(code: str, limits: Limits) -> Admitted:
    """Check a block of code.

    Raises:
        NotAdmitted: the code is too long, has too many lines, or is not Python.
    """
    if len(code) > limits.source_chars:
        raise NotAdmitted(f"the code has {len(code)} characters, {limits.source_chars} are allowed")
    lines = code.count("\n") + 1
    if lines > limits.source_lines:
        raise NotAdmitted(f"the code has {lines} lines, {limits.source_lines} are allowed")
    if "\0" in code:  # releases of Python 3.11 raise different errors for a null byte
        raise NotAdmitted("the code holds null bytes")
    try:
        tree = ast.parse(code)
    except SyntaxError as error:
        where = f"line {error.lineno}: " if error.lineno else ""
        raise NotAdmitted(f"{where}SyntaxError: {str(error.msg)[:200]}") from None
    except (ValueError, RecursionError, MemoryError):
        raise NotAdmitted("the code cannot be read: it is nested too deeply, or holds what no text has") from None
    beyond: dict[str, None] = {}
    dropped: list[ast.stmt] = []
    for node in ast.walk(tree):  # walks without recursion
        if not isinstance(node, ast.Import | ast.ImportFrom):
            continue
        names = _imported(node)
        if all(name.split(".")[0] in ALREADY_HERE for name in names):
            dropped.append(node)
        else:
            beyond |= dict.fromkeys(name for name in names if name not in MODULES and name.split(".")[0] != "tools")
    return Admitted(_without(code, dropped), tuple(beyond))


def _imported(node: ast.Import | ast.ImportFrom) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    return ["." * node.level + (node.module or "")]


def _without(code: str, dropped: list[ast.stmt]) -> str:
    if not dropped:
        return code
    raw = code.encode()  # the syntax tree counts columns in bytes
    starts = [0]
    for line in raw.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    for node in sorted(dropped, key=lambda node: (node.lineno, node.col_offset), reverse=True):
        start = starts[node.lineno - 1] + node.col_offset
        end = starts[(node.end_lineno or node.lineno) - 1] + (node.end_col_offset or 0)
        # keep the line breaks of a statement over several lines, escaped, so that later lines keep their numbers
        raw = raw[:start] + b"pass" + b"\\\n" * raw[start:end].count(b"\n") + raw[end:]
    return raw.decode()
