"""The settings of the jobs for trainers: export and validation."""

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from actors.cluster.connection import ClusterSettings
from lensmill.formats.settings import FormatSettings
from lensmill.loading.version import TRAINING
from monitoring.logs import Logging
from pipelines.settings import Names
from storage.exports.episodes import TABLES
from storage.files.settings import AnyStoreSettings


@dataclass(frozen=True, slots=True)
class ExportSettings:
    """The settings of `python -m pipelines.export`; conf/export.yaml explains each."""

    format: FormatSettings
    store: Annotated[AnyStoreSettings, Field(discriminator="name")]
    cluster: ClusterSettings
    dataset: str
    to: str | None = None
    splits: Names = TRAINING
    rungs: tuple[int, ...] = ()
    where: str = ""
    columns: Names = ()
    root: str | None = None
    template: str | None = None
    logging: Logging = "text"

    def __post_init__(self) -> None:
        if wrong := [name for name in self.splits if name not in TABLES]:
            raise ValueError(f"splits has {wrong[0]!r}: choose of {', '.join(TABLES)}")
        if self.root is not None and not self.root.startswith("/"):
            raise ValueError("root must be an absolute path, as the training machine sees the export")


@dataclass(frozen=True, slots=True)
class ValidateSettings:
    """The settings of `python -m pipelines.validate`; conf/validate.yaml explains each."""

    store: Annotated[AnyStoreSettings, Field(discriminator="name")]
    path: str
    format: str = "auto"
    target: str = "qwen2_5_vl"
    template: str | None = "auto"
    convention: Literal["", "pixels", "thousand", "unit"] = ""
    boxes: Literal["files", "target"] = "files"
    max_pixels: int = 0
    max_tokens: int = 0
    tokenizer: str | None = None
    folder: str | None = None
    rows: int = 0
    findings: str | None = None
    examples: int = 3

    def __post_init__(self) -> None:
        if not self.path:
            raise ValueError("path must name a file, or a folder with files")
        for name in ("max_pixels", "max_tokens", "rows", "examples"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} must be at least 0")
