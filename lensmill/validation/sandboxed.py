"""A Jinja environment for chat templates of strangers, as `transformers` sets it up, bounded in time and size.

A template cannot reach Python (`ImmutableSandboxedEnvironment`). Each pass of a loop and each call of a macro looks at
the clock, and no operation makes a text longer than `MOST_CHARS`.
"""

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from time import monotonic
from typing import Any

from jinja2 import Template, TemplateError, TemplateSyntaxError, nodes
from jinja2.ext import Extension
from jinja2.parser import Parser
from jinja2.runtime import Context, Undefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

MOST_CHARS = 8 * 2**20
"""Characters of a rendering, and of any text on the way."""

SECONDS = 2.0
"""Time for one rendering."""

LONGEST_TEMPLATE = 2**18
"""Characters of a template; the longest of TRL's has 20,000."""

_FILTERS = (
    *("abs", "capitalize", "count", "default", "d", "dictsort", "e", "escape", "first", "float", "groupby", "int"),
    *("items", "join", "last", "length", "list", "lower", "map", "max", "min", "reject", "rejectattr", "replace"),
    *("reverse", "round", "safe", "select", "selectattr", "sort", "string", "sum", "title", "trim", "unique", "upper"),
    *("attr", "slice", "indent", "wordcount", "striptags"),
)
"""Filters that templates may use: those whose result is no longer than what goes in, besides `replace`, `join` and
`indent`, which are measured."""

_METHODS = frozenset({"center", "ljust", "rjust", "zfill", "expandtabs", "format", "format_map", "translate", "encode"})
"""Methods of texts that make long texts of short ones."""


class TooMuch(TemplateError):
    """A template that takes too long, or writes too much."""


class _Generation(Extension):
    """`{% generation %}`, with which `transformers` marks the turns that are learnt. The body is rendered as it is."""

    tags: set[str] = {"generation"}  # noqa: RUF012 (as its base)

    def parse(self, parser: Parser) -> nodes.Node | list[nodes.Node]:
        next(parser.stream)
        return parser.parse_statements(("name:endgeneration",), drop_needle=True)


class TemplateEnvironment(ImmutableSandboxedEnvironment):
    """The environment. Use one for each thread of rendering: the time limit belongs to the environment."""

    intercepted_binops = frozenset({"+", "*", "**", "%"})

    def __init__(self) -> None:
        super().__init__(trim_blocks=True, lstrip_blocks=True, extensions=["jinja2.ext.loopcontrols", _Generation])
        self.until = 0.0
        self.filters = {name: self.filters[name] for name in _FILTERS if name in self.filters}
        self.filters["tojson"] = _tojson
        self.filters["replace"] = _replace
        self.filters["join"] = _join
        self.filters["indent"] = _indent
        self.filters["concatenated"] = _concatenated
        self.globals = {
            "range": self.globals["range"],
            "dict": dict,
            "namespace": self.globals["namespace"],
            "cycler": self.globals["cycler"],
            "joiner": self.globals["joiner"],
            "raise_exception": _raise_exception,
            "strftime_now": _strftime_now,
            "tick": self._tick,
        }

    def _tick(self) -> str:
        if monotonic() > self.until:
            raise TooMuch(f"the template takes longer than {SECONDS:g} s")
        return ""

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        tree = super()._parse(source, name, filename)
        loops: tuple[type[nodes.For | nodes.Macro | nodes.CallBlock], ...] = (nodes.For, nodes.Macro, nodes.CallBlock)
        for loop in list(tree.find_all(loops)):
            loop.body.insert(0, _tick_node(loop.lineno))
        _measure_concatenations(tree)
        return tree

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """An operation, if its result is not too large.

        Raises:
            TooMuch: the result would be too large.
        """
        if operator == "+" and _size(left) + _size(right) > MOST_CHARS:
            raise TooMuch("the template makes too long a text")
        if operator == "*" and (_size(left) or 1) * _count(right) > MOST_CHARS and (_size(left) or _size(right)):
            raise TooMuch("the template makes too long a text")
        if operator == "*" and _size(right) * _count(left) > MOST_CHARS:
            raise TooMuch("the template makes too long a text")
        if operator == "%" and isinstance(left, str):
            raise TooMuch("the template formats a text with %, which is not supported here")
        if operator == "**" and (abs(_count(left)) > 10_000 or abs(_count(right)) > 64):
            raise TooMuch("the template computes too large a number")
        return super().call_binop(context, operator, left, right)

    def call(__self, __context: Context, __obj: Any, *args: Any, **kwargs: Any) -> Any:
        """Call a function or method, if its result is not too large.

        Raises:
            TooMuch: the result would be too large.
        """
        owner = getattr(__obj, "__self__", None)
        if isinstance(owner, str):
            name = getattr(__obj, "__name__", "")
            if name == "replace" and len(args) >= 2:
                return _replace(owner, *args[:3])
            if name == "join" and args:
                return _join(args[0], owner)
        return super().call(__context, __obj, *args, **kwargs)

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        """Whether a template may read an attribute."""
        return not (isinstance(obj, str) and attr in _METHODS) and super().is_safe_attribute(obj, attr, value)

    def compiled(self, source: str) -> Template:
        """A template, ready for `rendered`.

        Raises:
            TemplateError: the template is wrong, or too long.
        """
        if len(source) > LONGEST_TEMPLATE:
            raise TemplateSyntaxError(f"the template is longer than {LONGEST_TEMPLATE} characters", 1)
        return self.from_string(source)

    def rendered(self, template: Template, values: Mapping[str, Any]) -> str:
        """The text of a compiled template.

        Raises:
            TemplateError: the template refuses the values, or takes too much.
        """
        self.until = monotonic() + SECONDS
        pieces, length = [], 0
        for piece in template.generate(values):
            pieces.append(piece)
            length += len(piece)
            if length > MOST_CHARS:
                raise TooMuch(f"the template writes more than {MOST_CHARS} characters")
        return "".join(pieces)


def _tick_node(line: int) -> nodes.Output:
    return nodes.Output([nodes.Call(nodes.Name("tick", "load"), [], [], None, None)], lineno=line)


def _measure_concatenations(node: nodes.Node) -> None:
    """Write every `a ~ b` as a filter that measures the texts."""
    for field in node.fields:
        value = getattr(node, field)
        if isinstance(value, nodes.Node):
            _measure_concatenations(value)
            setattr(node, field, _measured(value))
        elif isinstance(value, list):
            for item in value:
                if isinstance(item, nodes.Node):
                    _measure_concatenations(item)
            setattr(node, field, [_measured(item) if isinstance(item, nodes.Node) else item for item in value])


def _measured(node: nodes.Node) -> nodes.Node:
    if not isinstance(node, nodes.Concat):
        return node
    texts = nodes.List(node.nodes, lineno=node.lineno)
    return nodes.Filter(texts, "concatenated", [], [], None, None, lineno=node.lineno)


def _concatenated(values: list[Any]) -> str:
    return _join(values)


def _join(values: Any, between: str = "", attribute: Any = None) -> str:
    items = [*values]
    if attribute is not None:
        items = [item.get(attribute, "") if isinstance(item, Mapping) else "" for item in items]
    texts = [str(item) for item in items]
    between = str(between)
    if sum(map(len, texts)) + len(between) * len(texts) > MOST_CHARS:
        raise TooMuch("the template makes too long a text")
    return between.join(texts)


def _replace(text: Any, old: Any, new: Any, count: Any = -1) -> str:
    text, old, new = str(text), str(old), str(new)
    if text.count(old) * max(0, len(new) - len(old)) + len(text) > MOST_CHARS:
        raise TooMuch("the template makes too long a text")
    replaced: str = text.replace(old, new, -1 if count is None else int(count))
    return replaced


def _indent(text: Any, width: Any = 4, first: bool = False, blank: bool = False) -> str:
    text = str(text)
    space = width if isinstance(width, str) else " " * min(int(width), 1000)
    if len(text) + len(space) * (text.count("\n") + 1) > MOST_CHARS:
        raise TooMuch("the template makes too long a text")
    head, *rest = text.split("\n")
    lines = [f"{space}{line}" if line or blank else line for line in rest]
    return "\n".join([f"{space}{head}" if first else head, *lines])


def _size(value: Any) -> int:
    return len(value) if isinstance(value, str | list | tuple) else 0


def _count(value: Any) -> float:
    return value if isinstance(value, int | float) else 0


def _tojson(
    value: Any, ensure_ascii: bool = False, indent: int | None = None, separators: Any = None, sort_keys: bool = False
) -> str:
    if isinstance(value, Undefined):
        raise TemplateError("the template writes JSON of a value that is not there")
    width = min(indent, 64) if isinstance(indent, int) else None
    return json.dumps(value, ensure_ascii=ensure_ascii, indent=width, separators=separators, sort_keys=sort_keys)


def _raise_exception(message: str) -> Iterator[None]:
    raise TemplateError(message)


def _strftime_now(format: str) -> str:
    """A fixed day: the same row gives the same text on every day."""
    return datetime(2026, 1, 31).strftime(str(format)[:200])
