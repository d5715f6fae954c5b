"""Settings of the store, one dataclass for each kind of store."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import urlsplit

from storage.files.store import OUTAGE_S, Files, StoreError

SCHEMES: Mapping[str, tuple[str, ...]] = {"s3": ("s3://", "s3a://"), "gs": ("gs://", "gcs://")}
"""The beginnings of `out`, by the kind of store."""


@dataclass(frozen=True, slots=True)
class StoreSettings:
    """A local folder, or any URL that fsspec opens with the settings of the environment.

    Attributes:
        single_writer: only one job ever writes to `out`, so a store without conditional create is sufficient.
        outage_s: seconds to wait for a store that does not answer; then the job ends and keeps its work.
    """

    name: Literal["default"] = "default"
    single_writer: bool = False
    outage_s: float = OUTAGE_S

    def __post_init__(self) -> None:
        _check_outage(self.outage_s)

    def options(self) -> dict[str, Any]:
        """Options of the file system. They hold no secret: credentials come from the environment or the machine's
        role."""
        return {}

    def open(self, out: str) -> Files:
        """The files below `out`.

        Raises:
            StoreError: fsspec knows no file system for `out`, or `out` belongs to another kind of store.
        """
        if self.name != "default" and not out.startswith(SCHEMES[self.name]):
            raise StoreError(f"out={out}: store={self.name} needs out={SCHEMES[self.name][0]}bucket/folder")
        return Files(out, self.options(), self.single_writer, self.outage_s)


@dataclass(frozen=True, slots=True)
class S3Settings(StoreSettings):
    """S3, and stores with its API.

    Attributes:
        endpoint: URL of a server that is not AWS; None takes it from the environment (AWS_ENDPOINT_URL).
        region: None takes it from the environment (AWS_DEFAULT_REGION) or the profile.
        anonymous: send no credentials.
    """

    name: Literal["s3"] = "s3"  # type: ignore[assignment]
    endpoint: str | None = None
    region: str | None = None
    anonymous: bool = False

    def __post_init__(self) -> None:
        _require_url(self.endpoint)
        _check_outage(self.outage_s)

    def options(self) -> dict[str, Any]:
        """See `StoreSettings.options`."""
        client = {"region_name": self.region} if self.region else {}
        return {"endpoint_url": self.endpoint, "anon": self.anonymous, "client_kwargs": client}


@dataclass(frozen=True, slots=True)
class GSSettings(StoreSettings):
    """Google Cloud Storage; needs the extra `gs`.

    Attributes:
        endpoint: URL of a server that is not Google's; None takes it from the environment (STORAGE_EMULATOR_HOST).
        project: the project that pays for requests; None takes it from the credentials.
        anonymous: send no credentials.
    """

    name: Literal["gs"] = "gs"  # type: ignore[assignment]
    endpoint: str | None = None
    project: str | None = None
    anonymous: bool = False

    def __post_init__(self) -> None:
        _require_url(self.endpoint)
        _check_outage(self.outage_s)

    def options(self) -> dict[str, Any]:
        """See `StoreSettings.options`."""
        given = {"endpoint_url": self.endpoint, "project": self.project, "token": "anon" if self.anonymous else None}
        return {name: value for name, value in given.items() if value is not None}


AnyStoreSettings = StoreSettings | S3Settings | GSSettings


def _check_outage(outage_s: float) -> None:
    if not 0 <= outage_s <= 86_400:
        raise ValueError("outage_s must be from 0 to 86400 seconds")


def _require_url(endpoint: str | None) -> None:
    if endpoint is None:
        return
    parts = urlsplit(endpoint)
    if "@" in parts.netloc:  # the message does not repeat the value, which would stand in logs
        raise ValueError("endpoint must not hold a name or password: credentials come from the environment")
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise ValueError("endpoint must be a URL such as http://minio:9000")
