"""The settings of each job: one frozen dataclass a job, filled by `pipelines.config`."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from actors.cluster.connection import ClusterSettings
from actors.engines.settings import EngineSettings, is_secret
from lensmill.agents.settings import AgentSettings
from lensmill.curation.settings import CurationSettings
from lensmill.judging.judge import JudgeSettings
from lensmill.models.settings import ModelSettings
from lensmill.resolution import Ladder
from lensmill.sandbox.settings import SandboxSettings
from monitoring.export import NO_ENDPOINT, MetricsSettings
from monitoring.logs import Logging
from pipelines.models import NO_MODEL
from pipelines.spend import NO_CAP, SpendSettings
from storage.builds.selection import check_curation
from storage.files.settings import AnyStoreSettings
from storage.sources.spec import SourceSettings

Curation = Annotated[CurationSettings, AfterValidator(check_curation)]


def _engine(value: Any) -> Any:
    """None for conf/engine/none.yaml, which has no replicas."""
    if not isinstance(value, dict) or "model" in value:
        return value
    if value != {"replicas": 0}:
        raise ValueError("there are no engines to set: add engine=vllm (for a judge's own, engine@judge_engine=vllm)")
    return None


Engine = Annotated[EngineSettings | None, BeforeValidator(_engine)]


def _list(value: Any) -> Any:
    """One name, several in a list, or none."""
    return () if value is None else (value,) if isinstance(value, str) else value


Names = Annotated[tuple[str, ...], BeforeValidator(_list)]


@dataclass(frozen=True, slots=True)
class BuildSettings:
    """The settings of `python -m pipelines.build`; conf/build.yaml explains each."""

    source: SourceSettings
    agent: AgentSettings
    ladder: Ladder
    judge: JudgeSettings
    curation: Curation
    store: Annotated[AnyStoreSettings, Field(discriminator="name")]
    cluster: ClusterSettings
    sandbox: SandboxSettings
    out: str
    model: ModelSettings = NO_MODEL
    engine: Engine = None
    judge_model: ModelSettings = NO_MODEL
    judge_engine: Engine = None
    roles: Mapping[str, ModelSettings] = field(default_factory=dict)
    version: str | None = None
    limit: int | None = None
    exclude: str | None = None
    chunk_size: int | None = None
    plan_only: bool = False
    retry: Names = ()
    spend: SpendSettings = NO_CAP
    metrics: MetricsSettings = NO_ENDPOINT
    logging: Logging = "text"

    def __post_init__(self) -> None:
        if not self.out:
            raise ValueError("out must name a folder")
        if self.limit is not None and self.limit < 1:
            raise ValueError("limit must be at least 1")
        if self.chunk_size is not None and not 1 <= self.chunk_size <= 100_000:
            raise ValueError("chunk_size must be from 1 to 100000")
        _require_plain(self.version)


_SHARES = (
    *("min_yield", "max_failures", "max_unreadable"),
    *("yield_off", "failures_off", "unreadable_off", "shrinks", "source_shrinks"),
)


@dataclass(frozen=True, slots=True)
class GateSettings:
    """Conditions for a version to be published by a schedule; conf/gates/default.yaml explains each."""

    min_accepted: int = 1
    min_yield: float = 0.01
    max_failures: float = 0.2
    max_unreadable: float = 0.2
    yield_off: float = 0.1
    failures_off: float = 0.05
    unreadable_off: float = 0.05
    shrinks: float = 0.1
    source_shrinks: float = 0.1
    grows: float | None = None

    def __post_init__(self) -> None:
        if self.min_accepted < 0:
            raise ValueError("min_accepted must be at least 0")
        for name in _SHARES:
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} must be from 0 to 1")
        if self.grows is not None and self.grows < 0:
            raise ValueError("grows must be at least 0, or null")


def _day(value: Any) -> Any:
    """A day, or a scheduler's timestamp, as the day's name in UTC; None stays None."""
    if value is None:
        return None
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError:
        raise ValueError("write a day as 2026-01-31, or a time as 2026-01-31T02:00:00+00:00") from None
    return (moment.astimezone(UTC) if moment.tzinfo else moment).date().isoformat()


Day = Annotated[str | None, BeforeValidator(_day)]


@dataclass(frozen=True, slots=True)
class NightlySettings(BuildSettings):
    """The settings of `python -m pipelines.nightly`; conf/nightly.yaml explains each."""

    date: Day = None
    keep: int | None = 14
    gates: GateSettings = field(default_factory=GateSettings)

    def __post_init__(self) -> None:
        BuildSettings.__post_init__(self)
        if self.version is not None:
            raise ValueError("version is named by its day: say date=2026-01-31, or use pipelines.build")
        if self.keep is not None and self.keep < 1:
            raise ValueError("keep must be at least 1, or null")


@dataclass(frozen=True, slots=True)
class EvaluateSettings(BuildSettings):
    """The settings of `python -m pipelines.evaluate`; conf/evaluate.yaml explains each."""

    label: str | None = None
    compare: Names = ()
    to: str | None = None

    def __post_init__(self) -> None:
        BuildSettings.__post_init__(self)
        if self.version is not None:
            raise ValueError("version: an evaluation publishes nothing: leave version= out, or use pipelines.build")


def _text(value: Any) -> Any:
    """The text of a fingerprint that hydra took for a number. Digits stay as typed; the text of 12e5 is lost."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, float):
        raise ValueError("this reads as a number: put it in quotes, within the shell's quotes too ('build=\"12e5\"')")
    return value


Fingerprint = Annotated[str, BeforeValidator(_text)]
"""The fingerprint of a build or a judge, or its beginning."""


@dataclass(frozen=True, slots=True)
class JudgeJobSettings:
    """The settings of `python -m pipelines.judge`; conf/judge_job.yaml explains each."""

    judge: JudgeSettings
    curation: Curation
    store: Annotated[AnyStoreSettings, Field(discriminator="name")]
    cluster: ClusterSettings
    out: str
    judge_model: ModelSettings = NO_MODEL
    judge_engine: Engine = None
    build: Fingerprint | None = None
    version: str | None = None
    exclude: str | None = None
    publish: bool = True
    spend: SpendSettings = NO_CAP
    metrics: MetricsSettings = NO_ENDPOINT
    logging: Logging = "text"

    def __post_init__(self) -> None:
        if not self.out:
            raise ValueError("out must name a folder")
        _require_plain(self.version)


@dataclass(frozen=True, slots=True)
class AgreementSettings:
    """The settings of `python -m pipelines.agreement`; conf/agreement.yaml explains each."""

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
    """The settings of `python -m pipelines.submit` before the job's name; conf/submit.yaml explains each."""

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


@dataclass(frozen=True, slots=True)
class StatusSettings:
    """The settings of `python -m pipelines.status`; conf/status.yaml explains each."""

    store: Annotated[AnyStoreSettings, Field(discriminator="name")]
    out: str
    pin: Names = ()
    unpin: Names = ()
    format: Literal["text", "json"] = "text"

    def __post_init__(self) -> None:
        if not self.out:
            raise ValueError("out must name a folder")
        for version in (*self.pin, *self.unpin):
            _require_plain(version)


@dataclass(frozen=True, slots=True)
class DiffSettings:
    """The settings of `python -m pipelines.diff`; conf/diff.yaml explains each."""

    store: Annotated[AnyStoreSettings, Field(discriminator="name")]
    out: str
    versions: Names = ()
    show: int = 10
    format: Literal["text", "json"] = "text"

    def __post_init__(self) -> None:
        if not self.out:
            raise ValueError("out must name a folder")
        if len(self.versions) not in (0, 2):
            raise ValueError("versions must be two, [OLD,NEW], or [] for the last two that were released")
        if self.show < 0:
            raise ValueError("show must be at least 0")
        for version in self.versions:
            _require_plain(version)


@dataclass(frozen=True, slots=True)
class QuerySettings:
    """The settings of `python -m pipelines.query`; conf/query.yaml explains each."""

    store: Annotated[AnyStoreSettings, Field(discriminator="name")]
    out: str
    sql: str
    build: Fingerprint | None = None
    judged_by: Fingerprint | None = None
    version: str | None = None
    measures: Names = ()
    to: str | None = None
    format: Literal["table", "csv", "json", "parquet"] | None = None
    limit: int = 100

    def __post_init__(self) -> None:
        if not self.out:
            raise ValueError("out must name a folder")
        if not self.sql.strip():
            raise ValueError('sql: give a query, e.g. "select rung, count(*) from ledger group by rung"')
        if self.version is not None and (self.build or self.judged_by or self.measures):
            raise ValueError("version has its own ledger: leave build=, judged_by= and measures= out")
        if self.format == "parquet" and self.to is None:
            raise ValueError("format=parquet needs a file: to=FILE.parquet")
        if self.limit < 1:
            raise ValueError("limit must be at least 1")
        _require_plain(self.version)


def _seconds(value: Any) -> Any:
    """A duration such as 90s, 30m, 12h or 7d, in seconds."""
    found = re.fullmatch(r"(\d{1,9})([smhd])", value) if isinstance(value, str) else None
    if found is None:
        raise ValueError("write a number with s, m, h or d: 90s, 30m, 12h, 7d")
    return float(found[1]) * {"s": 1, "m": 60, "h": 3600, "d": 86_400}[found[2]]


@dataclass(frozen=True, slots=True)
class VerifySettings:
    """The settings of `python -m pipelines.verify`; conf/verify.yaml explains each. `gc_age` is in seconds."""

    store: Annotated[AnyStoreSettings, Field(discriminator="name")]
    out: str
    cluster: ClusterSettings
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
