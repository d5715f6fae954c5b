"""The files of `conf/` that describe plug-ins, written from their settings classes: a default has one home.

python -m pipelines.conf            write them
python -m pipelines.conf --check    say which differ, with status 1
"""

import ast
import inspect
import json
import re
import sys
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import MISSING, Field, fields
from pathlib import Path
from typing import Any, TypeGuard

from lensmill.specs import PluginSettings
from pipelines.config import CONF, PLUGINS
from pipelines.exit_status import EXIT_STATUSES, ExitStatus

WIDTH = 120
"""Characters of a line."""

COLUMN = 27
"""Where comments begin, if the value leaves room."""


def yaml_of(settings: type[PluginSettings]) -> str:
    """A settings class as a file of `conf/`: its docstring, then each field with its default and its comment."""
    intro = " ".join((inspect.getdoc(settings) or "").split())
    lines = textwrap.wrap(intro, WIDTH, initial_indent="# ", subsequent_indent="# ")
    lines.append(f"name: {next(str(field.default) for field in fields(settings) if field.name == 'name')}")
    by_name, comments = {field.name: field for field in fields(settings)}, comments_of(settings)
    for name in _in_order(settings):
        lines += _setting(by_name[name], comments.get(name, ""))
    return "\n".join(lines) + "\n"


def comments_of(settings: type[PluginSettings]) -> dict[str, str]:
    """The text below each field of a settings class and its bases, by the field's name; empty without source text."""
    found: dict[str, str] = {}
    for kind in _bases(settings):
        try:
            body = ast.parse(textwrap.dedent(inspect.getsource(kind))).body[0]
        except (OSError, SyntaxError):
            continue
        assert isinstance(body, ast.ClassDef)
        for node, following in zip(body.body, body.body[1:], strict=False):
            if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and _is_text(following):
                found.setdefault(node.target.id, " ".join(ast.literal_eval(following.value).split()))
    return found


def _is_text(node: ast.stmt) -> TypeGuard[ast.Expr]:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def _bases(settings: type[PluginSettings]) -> Iterator[type]:
    """The class, then its bases that have settings."""
    return (kind for kind in settings.__mro__ if issubclass(kind, PluginSettings) and kind is not PluginSettings)


def _in_order(settings: type[PluginSettings]) -> list[str]:
    """The fields: a class's own before those of its bases."""
    names = (name for kind in _bases(settings) for name in inspect.get_annotations(kind))
    return [name for name in dict.fromkeys(names) if name != "name"]


def _setting(field: "Field[Any]", comment: str) -> list[str]:
    text = f"{field.name}: {_value(field)}"
    if not comment:
        return [text]
    head = f"{text:<{COLUMN}}" if len(text) <= COLUMN - 2 else f"{text}  "
    wrapped = textwrap.wrap(comment, WIDTH - len(head) - 2, break_long_words=False)
    blank = " " * len(head)
    return [f"{head if number == 0 else blank}# {line}" for number, line in enumerate(wrapped)]


def _value(field: "Field[Any]") -> str:
    if field.default is MISSING and field.default_factory is MISSING:
        return "???"
    return _written(field.default_factory() if field.default_factory is not MISSING else field.default)


def _written(value: Any) -> str:
    """A default as YAML."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple | list):
        return f"[{', '.join(map(_written, value))}]"
    return value if isinstance(value, str) and re.fullmatch(r"[\w./][\w./ -]*", value) else json.dumps(value)


def files_of_plugins() -> dict[Path, str]:
    """Each file of `conf/` that is written from a settings class, with its text."""
    return {
        CONF / group / f"{name}.yaml": yaml_of(spec.settings)
        for group, registry in PLUGINS.items()
        for name, spec in registry.own.items()
    }


def main(arguments: Sequence[str]) -> int:
    """The command; returns its exit status."""
    if {"-h", "--help"} & {*arguments}:
        print(f"{__doc__}\n{EXIT_STATUSES}")
        return ExitStatus.DONE
    differ = [path for path, text in files_of_plugins().items() if not path.exists() or path.read_text() != text]
    for path in differ:
        print(f"{path.relative_to(CONF.parent)} {'differs' if '--check' in arguments else 'written'}")
        if "--check" not in arguments:
            path.write_text(files_of_plugins()[path])
    return ExitStatus.FAILED if differ and "--check" in arguments else ExitStatus.DONE


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
