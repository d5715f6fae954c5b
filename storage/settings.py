"""How a build's files are reached: settings of the store, one dataclass for each kind."""

from dataclasses import dataclass
from typing import Any, Literal

from storage.files import Files


@dataclass(frozen=True, slots=True)
class StoreSettings:
    """A local folder, or any URL that fsspec can open with what it finds in the environment."""

    name: Literal["default"] = "default"

    def options(self) -> dict[str, Any]:
        """For the file system. Never a secret: credentials come from the environment or the machine's role."""
        return {}

    def open(self, out: str) -> Files:
        """The files below `out`.

        Raises:
            StoreError: no file system is known for it.
        """
        return Files(out, self.options())


@dataclass(frozen=True, slots=True)
class S3Settings(StoreSettings):
    """S3 and what speaks like it.

    Attributes:
        endpoint: URL of a server that is not AWS; None leaves it to the environment (AWS_ENDPOINT_URL).
        region: None leaves it to the environment (AWS_REGION).
        anonymous: send no credentials.
    """

    name: Literal["s3"] = "s3"  # type: ignore[assignment]
    endpoint: str | None = None
    region: str | None = None
    anonymous: bool = False

    def options(self) -> dict[str, Any]:
        client = {"region_name": self.region} if self.region else {}
        return {"endpoint_url": self.endpoint, "anon": self.anonymous, "client_kwargs": client}


AnyStoreSettings = StoreSettings | S3Settings
