"""Chat templates: of a family, as files of TRL's wheel, or of a model that the user names by path.

TRL's templates are those of the models byte for byte. TRL need not be importable, and is not imported.
"""

import json
from collections.abc import Mapping, Sequence
from functools import cached_property
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

import jinja2
from jinja2 import TemplateError

from lensmill.formats.checking import Template
from lensmill.validation.sandboxed import TemplateEnvironment

OF_FAMILY: Mapping[str, str | None] = {
    "qwen2_5_vl": "qwen2_5_vl",
    "qwen3_vl": "qwen3_vl",
    "gemma3": "gemma3",
    "internvl": None,
    "llama3_2_vision": None,
}
"""The file of TRL's wheel with each target's template; None if no package at hand has one."""

MOST_BYTES = 16 * 2**20
"""Bytes of a file with a template: a tokenizer_config.json lists every added token."""

_BEFORE, _AFTER = "alpha-7 begins", "omega-7 ends"


class ChatTemplate:
    """A chat template that renders messages as a trainer would. One instance belongs to one thread.

    Args:
        name: for messages.
        source: the Jinja text.
        values: special tokens by name, e.g. {"bos_token": "<bos>"}.
        specials: the tokeniser's special tokens, where they are known.
    """

    def __init__(
        self, name: str, source: str, values: Mapping[str, str] | None = None, specials: frozenset[str] = frozenset()
    ) -> None:
        self._name, self._source, self.specials = name, source, specials
        self._values = {
            "bos_token": "",
            "eos_token": "",
            "add_generation_prompt": False,
            "tools": None,
            **(values or {}),
        }
        self._environment = TemplateEnvironment()

    def __reduce__(self) -> tuple[Any, ...]:
        return ChatTemplate, (self._name, self._source, self._values, self.specials)

    @property
    def name(self) -> str:
        """The name of the template."""
        return self._name

    def render(self, messages: Sequence[Mapping[str, Any]]) -> str:
        """The text of a conversation.

        Raises:
            ValueError: the template refuses the messages, is wrong, or takes too much time or space.
        """
        try:
            values = {**self._values, "messages": [*messages]}
            return self._environment.rendered(self._compiled, values)
        except TemplateError as error:
            raise ValueError(" ".join(str(error).split())[:300] or type(error).__name__) from error
        except (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError) as error:
            raise ValueError(f"{type(error).__name__}: {' '.join(str(error).split())[:300]}") from error

    @cached_property
    def _compiled(self) -> jinja2.Template:
        return self._environment.compiled(self._source)

    @cached_property
    def placeholder(self) -> str:
        """The text that the template writes for a picture; "" if the template drops pictures or refuses them."""
        return self._probe[0]

    @cached_property
    def in_place(self) -> bool:
        """Whether pictures stand where the messages have them; some templates put them before the text."""
        return self._probe[1]

    @cached_property
    def _probe(self) -> tuple[str, bool]:
        before, after = {"type": "text", "text": _BEFORE}, {"type": "text", "text": _AFTER}
        reply = {"role": "assistant", "content": [{"type": "text", "text": "yes"}]}
        try:
            text = self.render([{"role": "user", "content": [before, {"type": "image"}, after]}, reply])
            bare = self.render([{"role": "user", "content": [before, after]}, reply])
        except ValueError:
            return "", True
        if "'type'" in text:  # a template for strings writes the list as Python does
            return "", True
        _, found, rest = text.partition(_BEFORE)
        if found and _AFTER in rest and (between := rest.partition(_AFTER)[0].strip()):
            return between, True
        start = next((at for at, (one, other) in enumerate(zip(text, bare, strict=False)) if one != other), 0)
        return text[start : start + len(text) - len(bare)].strip(), False


def load_template(name: str) -> ChatTemplate:
    """A template by the name of a target, by the name of a file of TRL's wheel, or by path: a .jinja file, a JSON file
    with `chat_template` (tokenizer_config.json), or the folder of a model.

    Raises:
        ValueError: there is no such template. One line that says what to do.
    """
    if OF_FAMILY.get(name, name) is None:
        raise ValueError(
            f"no package at hand has the chat template of {name}: name the model's folder, its tokenizer_config.json "
            "or its chat_template.jinja as template=PATH"
        )
    path = Path(name)
    if path.is_dir():
        return _of_folder(path)
    if path.is_file():
        return _of_file(path)
    source = _of_trl(OF_FAMILY.get(name) or name)
    if source is None:
        raise ValueError(
            f"there is no template {name[:100]!r}: name a target ({', '.join(OF_FAMILY)}), or the path of a .jinja "
            "file, of a tokenizer_config.json or of a model's folder"
        )
    return ChatTemplate(name, source, _BOS.get(name))


_BOS = {"gemma3": {"bos_token": "<bos>"}}


def _of_trl(name: str) -> str | None:
    """A template of TRL's wheel.

    Raises:
        ValueError: TRL is not installed, and the name is of a target.
    """
    if not name.replace("_", "").isalnum():
        return None
    try:
        path = Path(str(distribution("trl").locate_file(f"trl/chat_templates/{name}.jinja")))
    except PackageNotFoundError as error:
        if name not in OF_FAMILY:
            return None
        raise ValueError(
            f"the template of {name} is a file of TRL's package, which is not installed: run pip install --no-deps "
            "trl, or name the model's folder as template=PATH"
        ) from error
    return path.read_text(encoding="utf-8") if path.is_file() else None


def _of_folder(folder: Path) -> ChatTemplate:
    values: dict[str, str] = {}
    specials: frozenset[str] = frozenset()
    config = folder / "tokenizer_config.json"
    if config.is_file():
        values, specials = _tokens(_json(config))
    for name in ("chat_template.jinja", "chat_template.json", "tokenizer_config.json"):
        path = folder / name
        if path.is_file() and (path.suffix == ".jinja" or _source(_json(path))):
            template = _text(path) if path.suffix == ".jinja" else _source(_json(path))
            return ChatTemplate(str(folder), template, values, specials)
    raise ValueError(f"{folder}: it has no chat_template.jinja, and no JSON file with chat_template: name the template")


def _of_file(path: Path) -> ChatTemplate:
    if path.suffix != ".json":
        return ChatTemplate(str(path), _text(path))
    content = _json(path)
    source = _source(content)
    if not source:
        raise ValueError(f"{path}: it has no field chat_template: name a .jinja file or the model's folder")
    return ChatTemplate(str(path), source, *_tokens(content))


def _source(content: Mapping[str, Any]) -> str:
    """The template of a tokenizer_config.json; of several, that named "default"."""
    match content.get("chat_template"):
        case str() as source:
            return source
        case [*several]:
            named = {str(one.get("name")): one.get("template") for one in several if isinstance(one, dict)}
            default = named.get("default")
            return default if isinstance(default, str) else ""
    return ""


def _tokens(content: Mapping[str, Any]) -> tuple[dict[str, str], frozenset[str]]:
    """Named special tokens, and all special tokens that are written in brackets."""
    values = {}
    for name in ("bos_token", "eos_token", "pad_token", "unk_token", "image_token"):
        value = content.get(name)
        value = value.get("content") if isinstance(value, dict) else value
        if isinstance(value, str):
            values[name] = value
    added = content.get("added_tokens_decoder")
    tokens = added.values() if isinstance(added, dict) else []
    specials = {str(t.get("content")) for t in tokens if isinstance(t, dict) and t.get("special") is True}
    return values, frozenset(token for token in specials if len(token) > 2 and token[0] in "<[")


def _json(path: Path) -> Mapping[str, Any]:
    try:
        content = json.loads(_text(path))
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path}: it is not JSON: name a .jinja file or the model's folder") from error
    if not isinstance(content, dict):
        raise ValueError(f"{path}: it is no JSON object: name a .jinja file or the model's folder")
    return content


def _text(path: Path) -> str:
    try:
        with path.open(encoding="utf-8") as file:
            text = file.read(MOST_BYTES + 1)
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"{path}: it cannot be read ({error}): name another file") from error
    if len(text) > MOST_BYTES:
        raise ValueError(f"{path}: it is longer than {MOST_BYTES} bytes: name the template alone")
    return text


__all__ = ["OF_FAMILY", "ChatTemplate", "Template", "load_template"]
