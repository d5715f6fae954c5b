"""The door: hydra composes the configuration, and one frozen dataclass leaves here.

Nothing behind this module sees a hydra or OmegaConf object.
"""

import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, is_dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from hydra import compose, initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.errors import HydraException, OverrideParseException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException
from pydantic import BeforeValidator, Field, TypeAdapter, ValidationError

from actors.cluster import ClusterSettings
from actors.engine_settings import EngineSettings, is_secret
from lensmill.agents.settings import AgentSettings
from lensmill.judging.settings import JudgeSettings
from lensmill.models.settings import ModelSettings
from lensmill.resolution import Ladder
from lensmill.sandbox.settings import SandboxSettings
from monitoring.export import NO_ENDPOINT, MetricsSettings
from monitoring.logs import Logging
from pipelines.models import NO_MODEL, RoleModels
from storage.settings import AnyStoreSettings
from storage.sources.settings import SourceSettings

CONF = Path(__file__).resolve().parent.parent / "conf"


MAY_HOLD_SECRETS = re.compile(r"\b(?:urls|api_key_env|extra_body|environment|args)\b")
"""Settings whose values are not repeated in messages: people put keys and passwords where they do not belong."""


class SettingsError(Exception):
    """A configuration that cannot be used: one line that names the key and says what to do."""


@dataclass(frozen=True, slots=True)
class CurationSettings:
    name: Literal["correct"] = "correct"


def _engine(value: Any) -> Any:
    """conf/engine/none.yaml has no replicas and means none."""
    return None if isinstance(value, dict) and value.get("replicas") == 0 else value


Engine = Annotated[EngineSettings | None, BeforeValidator(_engine)]


def _list(value: Any) -> Any:
    """One name, several in a list, or none."""
    return () if value is None else (value,) if isinstance(value, str) else value


Names = Annotated[tuple[str, ...], BeforeValidator(_list)]


@dataclass(frozen=True, slots=True)
class BuildSettings:
    """Everything that `python -m pipelines.build` can be told; conf/build.yaml explains each."""

    source: Annotated[SourceSettings, Field(discriminator="name")]
    agent: Annotated[AgentSettings, Field(discriminator="name")]
    ladder: Ladder
    judge: Annotated[JudgeSettings, Field(discriminator="name")]
    curation: CurationSettings
    store: Annotated[AnyStoreSettings, Field(discriminator="name")]
    cluster: ClusterSettings
    sandbox: SandboxSettings
    out: str
    model: ModelSettings = NO_MODEL
    engine: Engine = None
    judge_model: ModelSettings = NO_MODEL
    judge_engine: Engine = None
    roles: RoleModels = field(default_factory=RoleModels)
    version: str | None = None
    limit: int | None = None
    chunk_size: int = 16
    plan_only: bool = False
    retry: Names = ()
    metrics: MetricsSettings = NO_ENDPOINT
    logging: Logging = "text"

    def __post_init__(self) -> None:
        if not self.out:
            raise ValueError("out must name a folder")
        if self.limit is not None and self.limit < 1:
            raise ValueError("limit must be at least 1")
        if not 1 <= self.chunk_size <= 100_000:
            raise ValueError("chunk_size must be from 1 to 100000")
        _require_plain(self.version)


@dataclass(frozen=True, slots=True)
class GateSettings:
    """What a version must be like to be published by a schedule; conf/nightly.yaml explains each."""

    min_accepted: int = 1
    min_yield: float = 0.01
    max_failures: float = 0.2
    yield_off: float = 0.1
    failures_off: float = 0.05
    shrinks: float = 0.1
    grows: float | None = None

    def __post_init__(self) -> None:
        if self.min_accepted < 0:
            raise ValueError("min_accepted must be at least 0")
        for name in ("min_yield", "max_failures", "yield_off", "failures_off", "shrinks"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} must be from 0 to 1")
        if self.grows is not None and self.grows < 0:
            raise ValueError("grows must be at least 0, or null")


@dataclass(frozen=True, slots=True)
class NightlySettings(BuildSettings):
    """Everything that `python -m pipelines.nightly` can be told; conf/nightly.yaml explains each."""

    keep: int | None = 14
    gates: GateSettings = field(default_factory=GateSettings)

    def __post_init__(self) -> None:
        BuildSettings.__post_init__(self)
        if self.version is not None:
            raise ValueError("version is the day's: leave version= out, or use pipelines.build")
        if self.keep is not None and self.keep < 1:
            raise ValueError("keep must be at least 1, or null")


def _text(value: Any) -> Any:
    """Of a fingerprint that hydra took for a number: digits are as they were; of 12e5 what was typed is lost."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, float):
        raise ValueError("this reads as a number: put it in quotes, within the shell's quotes too ('build=\"12e5\"')")
    return value


Fingerprint = Annotated[str, BeforeValidator(_text)]
"""Of a build or a judge, or its beginning."""


@dataclass(frozen=True, slots=True)
class JudgeJobSettings:
    """Everything that `python -m pipelines.judge` can be told; conf/judge_job.yaml explains each."""

    judge: Annotated[JudgeSettings, Field(discriminator="name")]
    curation: CurationSettings
    store: Annotated[AnyStoreSettings, Field(discriminator="name")]
    cluster: ClusterSettings
    out: str
    judge_model: ModelSettings = NO_MODEL
    judge_engine: Engine = None
    build: Fingerprint | None = None
    version: str | None = None
    publish: bool = True
    metrics: MetricsSettings = NO_ENDPOINT
    logging: Logging = "text"

    def __post_init__(self) -> None:
        if not self.out:
            raise ValueError("out must name a folder")
        _require_plain(self.version)


@dataclass(frozen=True, slots=True)
class AgreementSettings:
    """Everything that `python -m pipelines.agreement` can be told; conf/agreement.yaml explains each."""

    store: Annotated[AnyStoreSettings, Field(discriminator="name")]
    out: str
    build: Fingerprint | None = None
    judges: tuple[Fingerprint, ...] = ()
    show: int = 20

    def __post_init__(self) -> None:
        if not self.out:
            raise ValueError("out must name a folder")
        if len(self.judges) > 2:
            raise ValueError("judges must be two, one, or [] where there are no others")
        if self.show < 0:
            raise ValueError("show must be at least 0")


@dataclass(frozen=True, slots=True)
class SubmitSettings:
    """What `python -m pipelines.submit` can be told before the job's name; conf/submit.yaml explains each."""

    address: str
    id: str | None = None
    code: bool = True
    pip: str | None = None
    env: tuple[str, ...] = ()
    num_cpus: float = 0.0
    resources: Mapping[str, float] = field(default_factory=dict)
    follow: bool = True

    def __post_init__(self) -> None:
        if not re.fullmatch(r"https?://[^/@\s]+/?", self.address):
            raise ValueError("address must be that of a dashboard: http://host:8265")
        if self.id is not None and not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", self.id):
            raise ValueError("id must be 1 to 64 letters, digits, '.', '_' or '-'")
        if self.pip is not None and not Path(self.pip).is_file():
            raise ValueError("pip must name a requirements file")
        for name in self.env:
            if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
                raise ValueError(f"env: {name!r} is no name of a variable")
            if is_secret(name):
                raise ValueError(
                    f"env: {name} may hold a secret, and Ray shows what is sent with a job: "
                    "set it in the environment of the cluster's nodes"
                )
        if self.num_cpus < 0:
            raise ValueError("num_cpus must not be negative")


def _seconds(value: Any) -> Any:
    """A duration such as 90s, 30m, 12h or 7d, in seconds."""
    found = re.fullmatch(r"(\d{1,9})([smhd])", value) if isinstance(value, str) else None
    if found is None:
        raise ValueError("write a number with s, m, h or d: 90s, 30m, 12h, 7d")
    return float(found[1]) * {"s": 1, "m": 60, "h": 3600, "d": 86_400}[found[2]]


@dataclass(frozen=True, slots=True)
class VerifySettings:
    """Everything that `python -m pipelines.verify` can be told; conf/verify.yaml explains each. `gc_age` in seconds."""

    store: Annotated[AnyStoreSettings, Field(discriminator="name")]
    out: str
    build: Fingerprint | None = None
    version: str | None = None
    replay: Literal["all", "sample", "none"] = "sample"
    sample: int = 20
    seed: int = 0
    findings: str | None = None
    gc: bool = False
    gc_age: Annotated[float, BeforeValidator(_seconds)] = 7 * 86_400
    gc_images: bool = False
    unsafe: bool = False

    def __post_init__(self) -> None:
        if not self.out:
            raise ValueError("out must name a store or a dataset version's folder")
        if self.sample < 1:
            raise ValueError("sample must be at least 1 (replay=none replays nothing)")
        if self.gc_images and not self.gc:
            raise ValueError("gc_images needs gc=true")
        if self.gc and (self.build is not None or self.version is not None):
            raise ValueError("gc is of the whole store: leave build= and version= out")
        _require_plain(self.version)


def _require_plain(version: str | None) -> None:
    if version is not None and not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", version):
        raise ValueError("version must be 1 to 64 letters, digits, '.', '_' or '-'")


def compose_config(job: str, overrides: Sequence[str]) -> DictConfig:
    """What hydra makes of conf/<job>.yaml and the command line.

    Raises:
        SettingsError: an unknown group, option or key, or a malformed override.
    """
    GlobalHydra.instance().clear()
    try:
        with initialize_config_dir(str(CONF), version_base="1.3"):
            return compose(job, list(overrides))
    except (HydraException, OmegaConfBaseException) as error:
        raise SettingsError(_one_line(error, job, overrides)) from error


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
    missing = sorted(OmegaConf.missing_keys(config))
    if missing:
        raise SettingsError(f"{missing[0]} is not set: add {missing[0]}=... to the command")
    plain = OmegaConf.to_container(config, resolve=True)
    assert isinstance(plain, dict)
    for engine, model in (("engine", "model"), ("judge_engine", "judge_model")):
        if engine in plain and plain[engine].get("model", "") is None:
            plain[engine]["model"] = plain[model]["name"] or ""
    try:
        settings = TypeAdapter(kind).validate_python(plain)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"] if part not in _union_tags())
        why = first["msg"].removeprefix("Value error, ")
        if first["type"] == "tuple_type":
            raise SettingsError(f"{place}: write a list, in brackets: {place}=[...]") from error
        hidden = isinstance(first["input"], dict) or MAY_HOLD_SECRETS.search(place)
        got = "" if hidden else f", got {first['input']!r}"
        raise SettingsError(f"{place or 'configuration'}: {why}{got}") from error
    _refuse_unknown(plain, describe(settings))
    return settings


def _union_tags() -> set[str]:
    groups = (SourceSettings, AgentSettings, JudgeSettings, AnyStoreSettings)
    options = [option for group in groups for option in group.__args__]
    return {tag for option in options for tag in (option.__name__, _name_of(option))}


def _name_of(option: Any) -> str:
    return next(str(item.default) for item in fields(option) if item.name == "name")


def _refuse_unknown(given: Any, known: Any, place: str = "") -> None:
    """Keys added with `+key=` that no setting has: hydra lets them through, and they would be ignored."""
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
    """conf/<job>.yaml, then those of the jobs whose settings it takes over."""
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
    if isinstance(error, OverrideParseException):
        name = str(error.override).partition("=")[0]
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


def describe(value: Any) -> Any:
    """A frozen settings dataclass as plain JSON values, for recipes and records."""
    return asdict(value) if is_dataclass(value) and not isinstance(value, type) else value
