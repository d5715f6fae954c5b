"""Configuration: hydra composes it, and one frozen dataclass leaves this module.

No other module sees a hydra or OmegaConf object.
"""

import difflib
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields, is_dataclass
from pathlib import Path
from typing import Any, TypeVar

from hydra import compose, initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.errors import HydraException, OverrideParseException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException
from pydantic import TypeAdapter, ValidationError

from lensmill.agents.spec import AGENTS
from lensmill.formats.spec import FORMATS
from lensmill.judging.judge import JUDGES
from lensmill.specs import PluginSettings, Registry, SpecError
from pipelines.settings import BuildSettings
from storage.files.settings import AnyStoreSettings
from storage.sources.spec import SOURCES

CONF = Path(__file__).resolve().parent.parent / "conf"


MAY_HOLD_SECRETS = re.compile(r"\b(?:urls|api_key_env|extra_body|environment|args)\b")
"""Settings whose values messages do not repeat: people put keys and passwords into wrong settings."""


_OPEN = re.compile(r"(?:\w+\.)+(?:args|environment|extra_body|conditions|columns)[.=]|(?:resources|columns)[.=]")
"""Settings that take any keys; hydra must know them."""

_SQL = re.compile(
    r"(\+*(?:curation\.keep|curation\.conditions\.\w+|sql|where)=)(?!\s*(?:null|['\"].*['\"])\s*$)(.+)", re.DOTALL
)
"""A setting in SQL, which hydra takes only in quotes. A setting that is quoted already stays as it is."""


_OUTSIDE = re.compile(r"\+*(\w+)\._spec_=(.*)")
"""The choice of a plug-in from outside."""


_ROLE = re.compile(r"model@roles\.\w+=")
"""A model for one role of the agent; the agent's spec lists the roles."""


_PATH = re.compile(r"""([\w.@]+=)((?:~|\.{0,2}/)[^,'"\\]*)""")
"""A setting whose value begins like a path and has no sign that hydra reads in quotes too."""


PLUGINS: Mapping[str, Registry[Any]] = {"source": SOURCES, "agent": AGENTS, "judge": JUDGES, "format": FORMATS}
"""The config groups whose options are plug-ins. A plug-in from outside is GROUP._spec_=module:NAME."""


class SettingsError(Exception):
    """A configuration that cannot be used: one line that names the key and says what to do."""


def compose_config(job: str, overrides: Sequence[str]) -> DictConfig:
    """The configuration that hydra makes of conf/<job>.yaml and the command line.

    Raises:
        SettingsError: an unknown group, option or key, or a malformed override.
    """
    GlobalHydra.instance().clear()
    try:
        with initialize_config_dir(str(CONF), version_base="1.3"):
            named = [item for item in overrides if _is_plain(item, job)]
            config = compose(job, [_for_hydra(item) for item in _with_outside(overrides) if item not in named])
            for item in named:
                name = item.partition("=")[0]
                OmegaConf.update(config, name, OmegaConf.from_dotlist([item])[name])
            return config
    except (HydraException, OmegaConfBaseException) as error:
        raise SettingsError(_one_line(error, job, overrides)) from error


def _is_plain(item: str, job: str) -> bool:
    """Whether an override sets a plain setting of the job that has the name of another job's config group, such as
    `format` of pipelines.diff. hydra would look for an option of the group."""
    name, equals, _ = item.partition("=")
    if not equals or name not in PLUGINS or name in groups_of(job):
        return False
    return any(re.search(rf"^{name}:", text, re.MULTILINE) for text in texts_of(job))


def outside_in(overrides: Sequence[str]) -> list[tuple[str, str]]:
    """The config group and `module:NAME` of each plug-in from outside that overrides name."""
    found = ((match[1], match[2]) for item in overrides if (match := _OUTSIDE.fullmatch(item)))
    return [(group, reference.strip("\"'")) for group, reference in found if group in PLUGINS]


def references_in(settings: Any) -> tuple[str, ...]:
    """Every plug-in from outside that a job's settings name, as `module:NAME`."""
    chosen = [getattr(settings, group) for group in (*PLUGINS, "curation") if hasattr(settings, group)]
    own = [plugin._spec_ for plugin in chosen if isinstance(plugin, PluginSettings) and plugin._spec_]
    lists = [getattr(plugin, name, ()) for plugin in chosen for name in ("tools", "measures")]
    return (*own, *(reference for several in lists for reference in several if ":" in reference))


def _with_outside(overrides: Sequence[str]) -> list[str]:
    """The overrides, with an empty group for each plug-in from outside, which has its own settings.

    Raises:
        SettingsError: a plug-in of ours is chosen too.
    """
    groups = [group for group, _ in outside_in(overrides)]
    changed = list(overrides)
    for group in groups:
        if both := next((item for item in overrides if item.startswith(f"{group}=")), None):
            raise SettingsError(f"{both} and {group}._spec_=... each choose a plug-in: leave one out")
        changed = [f"++{item}" if item.startswith(f"{group}.") else item for item in changed]
    return [*(f"~{group}" for group in dict.fromkeys(groups)), *changed]


def _for_hydra(override: str) -> str:
    """An override as hydra takes it: `++` before keys that no file has."""
    plain = override.lstrip("+")
    if _OPEN.match(plain):
        return f"++{_quoted_value(plain)}"
    return f"+{plain}" if _ROLE.match(plain) else _quoted_value(override)


def _quoted_value(override: str) -> str:
    """The override with its value in quotes if the value is a path or SQL, because hydra requires quotes for many of
    their signs."""
    if match := _SQL.fullmatch(override):
        return match[1] + _quoted(match[2])
    match = _PATH.fullmatch(override)
    return f"{match[1]}'{match[2]}'" if match else override


def load_build(overrides: Sequence[str]) -> BuildSettings:
    """The settings of a build from command line overrides such as `source=chartqa source.path=/data`; see `load`."""
    return load("build", BuildSettings, overrides)


Settings = TypeVar("Settings")


def load(job: str, kind: type[Settings], overrides: Sequence[str]) -> Settings:
    """The settings of a job, of this dataclass, from conf/<job>.yaml and command line overrides.

    Raises:
        SettingsError: see `compose_config`, or a value of the wrong kind.
    """
    config = compose_config(job, overrides)
    try:
        missing = sorted(OmegaConf.missing_keys(config))
        if missing:
            raise SettingsError(f"{missing[0]} is not set: add {missing[0]}=... to the command")
        plain = OmegaConf.to_container(config, resolve=True)
    except OmegaConfBaseException as error:
        raise SettingsError(_one_line(error, job, overrides)) from error
    assert isinstance(plain, dict)
    plain = _at_home(plain)
    for engine, model in (("engine", "model"), ("judge_engine", "judge_model")):
        if engine in plain and plain[engine].get("model", "") is None:
            plain[engine]["model"] = plain[model]["name"] or ""
    settings = _validated(kind, {**plain, **_plugins(plain)})
    _refuse_unknown(plain, describe(settings))
    return settings


def _plugins(plain: Mapping[str, Any]) -> dict[str, PluginSettings]:
    """The settings of each plug-in, by config group.

    Raises:
        SettingsError: there is no such plug-in, or a value of the wrong kind.
    """
    found: dict[str, PluginSettings] = {}
    for group, registry in PLUGINS.items():
        given = plain.get(group)
        if not isinstance(given, Mapping):  # `format` is also the name of a plain setting
            continue
        try:
            spec = registry.get(given.get("_spec_") or given.get("name", ""))
        except SpecError as error:
            raise SettingsError(f"{group}: {error}") from error
        found[group] = _validated(spec.settings, given, f"{group}.")
    return found


def _validated(kind: type[Settings], plain: Mapping[str, Any], prefix: str = "") -> Settings:
    """Plain values as this dataclass.

    Raises:
        SettingsError: a value of the wrong kind.
    """
    try:
        return TypeAdapter(kind).validate_python(plain)
    except ValidationError as error:
        first = error.errors()[0]
        place = prefix + ".".join(str(part) for part in first["loc"] if part not in _union_tags())
        place = place.removesuffix(".")
        why = first["msg"].removeprefix("Value error, ")
        if first["type"] == "missing":
            raise SettingsError(f"{place} is not set: add {place}=... to the command") from error
        if first["type"] == "tuple_type":
            raise SettingsError(f"{place}: write a list, in brackets: {place}=[...]") from error
        if first["type"] == "string_type" and isinstance(first["input"], (int, float)):
            why = f"must be a text; write quotes within the shell's quotes, '{place}=\"...\"'"
        hidden = isinstance(first["input"], dict) or MAY_HOLD_SECRETS.search(place)
        got = "" if hidden else f", got {first['input']!r}"
        raise SettingsError(f"{place}: {why}{got}" if place else why) from error


def _at_home(given: Any) -> Any:
    """The settings, with `~` at the beginning of a path replaced by the home folder. No shell does that after
    `name=`."""
    if isinstance(given, dict):
        return {key: value if _OPEN.match(f"x.{key}=") else _at_home(value) for key, value in given.items()}
    return os.path.expanduser(given) if isinstance(given, str) and given.startswith("~") else given


def _union_tags() -> set[str]:
    return {tag for option in AnyStoreSettings.__args__ for tag in (option.__name__, _name_of(option))}


def _name_of(option: Any) -> str:
    return next(str(item.default) for item in fields(option) if item.name == "name")


def _refuse_unknown(given: Any, known: Any, place: str = "") -> None:
    """Refuse keys added with `+key=` that no setting has. Hydra lets them through, and the job would ignore them."""
    if not isinstance(given, dict) or not isinstance(known, dict):
        return
    for key, value in given.items():
        if key not in known:
            raise SettingsError(f"there is no setting {place}{key}{_suggest(str(key), list(known))}")
        _refuse_unknown(value, known[key], f"{place}{key}.")


def _suggest(key: str, known: Sequence[str]) -> str:
    near = difflib.get_close_matches(key, known, n=1)
    if near:
        return f"; did you mean {near[0]}?"
    return f" (there are: {', '.join(sorted(known))})" if known else ""


def groups_of(job: str) -> tuple[str, ...]:
    """The config groups of a job: those in its defaults list, sorted, each once."""
    return tuple(sorted({group for text in texts_of(job) for group in re.findall(r"^ *- (\w+):", text, re.MULTILINE)}))


def texts_of(job: str) -> tuple[str, ...]:
    """The text of conf/<job>.yaml, then the texts of the jobs whose settings it inherits."""
    own = (CONF / f"{job}.yaml").read_text()
    return (own, *(text for other in re.findall(r"^  - ([a-z]+)$", own, re.MULTILINE) for text in texts_of(other)))


def _options(group: str) -> list[Path]:
    return sorted((CONF / group).glob("*.yaml")) if group else []


def _all_keys(config: Any, place: str = "") -> list[str]:
    keys: list[str] = []
    for key in map(str, config) if isinstance(config, DictConfig) else ():
        keys.append(f"{place}{key!s}")
        if not OmegaConf.is_missing(config, key):
            keys += _all_keys(config[key], f"{place}{key!s}.")
    return keys


def _one_line(error: Exception, job: str, overrides: Sequence[str]) -> str:
    """Hydra's explanations, folded into one line that says what to do."""
    message = str(error)
    for item in overrides:
        if MAY_HOLD_SECRETS.search(item):
            message = message.replace(f"++{item}", item).replace(item, item.partition("=")[0])
    if swept := re.search(r"(?:Ambiguous value for argument|Sweep parameters) '\+*([^'=]+)", message):
        # hydra would start a job for each value; a command here is one job.
        name = swept[1]
        return (
            f"{name}: a comma parts a list; for a value that has one write quotes within the shell's quotes, "
            f"'{name}=\"a,b\"', and for a list brackets, '{name}=[a,b]'"
        )
    if isinstance(error, OverrideParseException):
        name = str(error.override).partition("=")[0].lstrip("+")
        if name.startswith("-"):
            return f"{name}: settings have no dashes: {name.lstrip('-').replace('-', '_')}=..."
        if "=" not in str(error.override):
            with initialize_config_dir(str(CONF), version_base="1.3"):
                value = compose(job, []).get(name, "")
            return f"{name}: say what it is: {name}={'true' if isinstance(value, bool) else '...'}"
        return (
            f"{name}: cannot be read as name=value; quote a value that has brackets, commas or other signs, within the "
            "shell's quotes too: 'name=\"value\"'"
        )
    if found := re.search(r"Could not override '([^']+)'", message):
        key = found.group(1)
        group, _, rest = key.partition(".")
        if having := [path.stem for path in _options(group) if rest in [*OmegaConf.load(path)]]:
            return f"there is no setting {key} here: it belongs to {' or '.join(f'{group}={name}' for name in having)}"
        chosen = [item for item in overrides if item.split("=")[0] in groups_of(job)]
        with initialize_config_dir(str(CONF), version_base="1.3"):
            known = _all_keys(compose(job, chosen))
        return f"there is no setting {key}{_suggest(key, known)} (--help lists them)"
    if found := re.search(r"(?:Could not find|Could not load) '(\w+)/([^']+)'", message):
        group, option = found.groups()
        options = [path.stem for path in _options(group)]
        if options:
            return f"{group}={option}: there is no such {group} (there are: {', '.join(options)})"
    return " ".join(line.strip() for line in message.strip().splitlines() if line.strip())


def with_folder(arguments: Sequence[str], name: str = "out") -> list[str]:
    """Arguments with a bare folder or URL written as out=... (or another name), in quotes for hydra."""
    return [
        argument if "=" in argument or argument.startswith("-") else f"{name}={_quoted(argument)}"
        for argument in arguments
    ]


def _quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def describe(value: Any) -> Any:
    """A frozen settings dataclass as plain JSON values, for recipes and records."""
    return asdict(value) if is_dataclass(value) and not isinstance(value, type) else value
