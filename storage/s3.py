"""What Files must know of S3, and of stores that speak like it, beyond what fsspec says of any store.

Faults are met here once: every request, part of an upload and piece of a download is tried again while its error may
pass (5xx, SlowDown, a broken or silent connection), for about a minute. The trying is botocore's and s3fs's, told of
more errors than they would try again on their own. s3fs's ways to read nest it, so that a store that is gone would
take hours to be told from a slow one: reading is done here.
"""

import asyncio
import random
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import IO, Any, cast

from aiobotocore.session import AioSession
from aiohttp import ClientError as ConnectionBroken
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    CredentialRetrievalError,
    HTTPClientError,
    InvalidRegionError,
    NoCredentialsError,
    NoRegionError,
    ParamValidationError,
    PartialCredentialsError,
    ProfileNotFound,
)
from botocore.exceptions import ConnectionError as EndpointError
from fsspec.asyn import sync
from fsspec.exceptions import FSTimeoutError
from fsspec.spec import AbstractBufferedFile
from s3fs import S3FileSystem
from s3fs.core import set_custom_error_handler

TRIES, HASTY_TRIES = 11, 6
"""How often s3fs tries a request, waiting 0.1 s, 0.17 s, ... between; and where somebody waits for the answer."""


def options(hasty: bool = False) -> dict[str, Any]:
    """How the file system is opened, unless it is told otherwise."""
    return {
        # botocore tries each request twice, waiting a random time up to a second: so writers that were told to slow
        # down together do not come back together
        "config_kwargs": {
            "connect_timeout": 5,
            "read_timeout": 12 if hasty else 30,
            "max_pool_connections": 32,
            "retries": {"mode": "legacy", "total_max_attempts": 1 if hasty else 2},
        },
        # parts of an upload go one after the other, so that memory is bounded
        "max_concurrency": 1,
    }


_BROKEN = (HTTPClientError, EndpointError, ConnectionBroken, ConnectionError, FSTimeoutError)
_CREDENTIALS = (
    "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE, or give the machine a role; store.anonymous=true "
    "sends none"
)
_REGION = "set store.region to the bucket's region"
_ADVICE: Mapping[str, str] = {
    "NoSuchBucket": "create the bucket, or name another in out=",
    "InvalidBucketName": "name a bucket in out=s3://bucket/folder",
    "AccessDenied": "give these credentials the permissions in docs/store.md",
    "403": "give these credentials the permissions in docs/store.md",
    "AllAccessDisabled": "the owner of the bucket has closed it",
    "InvalidAccessKeyId": _CREDENTIALS,
    "SignatureDoesNotMatch": _CREDENTIALS,
    "ExpiredToken": "the credentials have expired: get new ones and run the same command again",
    "InvalidToken": _CREDENTIALS,
    "RequestTimeTooSkewed": "this machine's clock is wrong: set it",
    "AuthorizationHeaderMalformed": _REGION,
    "IllegalLocationConstraintException": _REGION,
    "PermanentRedirect": _REGION,
    "301": _REGION,
    "400": f"the request was not understood: check store.endpoint, and {_REGION}",
}


class S3Calls:
    """Calls that s3fs makes in another way, or with more requests than there need be."""

    def __init__(self, fs: S3FileSystem, tries: int) -> None:
        self._fs = fs
        fs.retries = self._tries = tries
        # s3fs asks this of errors that it would not try again itself; it is the same for all file systems
        set_custom_error_handler(_may_pass)
        if fs.session is None:  # file systems that are opened alike are one
            fs.session = AioSession(**fs.kwargs)
            fs.session.register("needs-retry.s3", _note)

    @staticmethod
    def tried_again() -> int:
        """Requests of this process whose error may pass."""
        return _passing.total()

    def size(self, full: str) -> int:
        """Bytes of an object, in one request.

        Raises:
            FileNotFoundError: there is none.
        """
        bucket, key, _ = self._fs.split_path(full)
        return int(self._fs.call_s3("head_object", Bucket=bucket, Key=key)["ContentLength"])

    def read(self, full: str, start: int = 0, end: int | None = None) -> bytes:
        """An object's bytes from `start` to before `end`, in one request; a body that breaks is asked for again.

        Raises:
            FileNotFoundError: there is none.
        """
        return bytes(sync(self._fs.loop, self._read, full, start, end))

    async def _read(self, full: str, start: int, end: int | None) -> bytes:
        bucket, key, _ = self._fs.split_path(full)
        piece = {} if end is None else {"Range": f"bytes={start}-{end - 1}"}
        for left in reversed(range(self._tries)):
            reply = await self._fs._call_s3("get_object", Bucket=bucket, Key=key, **piece)
            try:
                async with reply["Body"] as body:
                    return bytes(await body.read())
            except _BROKEN:
                _passing["body"] += 1
                if not left:
                    raise
                await asyncio.sleep(random.random())
        raise AssertionError

    def open(self, full: str, ahead: int) -> IO[bytes]:
        """An object for reading, in pieces of at least `ahead` bytes.

        Raises:
            FileNotFoundError: there is none.
        """
        return cast(IO[bytes], _Reader(self, self._fs, full, self.size(full), ahead))

    def copy(self, origin: str, full: str) -> None:
        """Copy an object of at most 5 GB, in one request: one in parts would leave them behind when it fails."""
        bucket, key, _ = self._fs.split_path(full)
        source, source_key, _ = self._fs.split_path(origin)
        self._fs.call_s3("copy_object", Bucket=bucket, Key=key, CopySource={"Bucket": source, "Key": source_key})

    def each(self, full: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """Every object below a folder, in order, with what S3 lists of it (Size, LastModified); a page of 1,000 is
        held at a time."""
        bucket = self._fs.split_path(full)[0]
        for page in self._pages(full):
            for entry in page.get("Contents", ()):
                if not entry["Key"].endswith("/"):  # what consoles make for an empty folder
                    yield f"{bucket}/{entry['Key']}", entry

    def folders(self, full: str) -> Iterator[str]:
        """The folders right in a folder."""
        for page in self._pages(full, Delimiter="/"):
            yield from (entry["Prefix"].rstrip("/") for entry in page.get("CommonPrefixes", ()))

    def _pages(self, full: str, **options: str) -> Iterator[Mapping[str, Any]]:
        bucket, key, _ = self._fs.split_path(full)
        while True:
            page = self._fs.call_s3("list_objects_v2", Bucket=bucket, Prefix=f"{key}/", **options)
            yield page
            if not page.get("IsTruncated"):
                return
            options["ContinuationToken"] = page["NextContinuationToken"]

    @staticmethod
    def exists_already(error: BaseException) -> bool:
        """Whether a conditional create was refused, by stores that do not say which condition failed too."""
        return _status(_response(error)) == 412

    @staticmethod
    def why(error: BaseException) -> str | None:
        """What went wrong and what to do about it, in one line; None for what is not the store's error."""
        return _why(error)


def _why(error: BaseException) -> str | None:
    if isinstance(error, _BROKEN):
        return f"the store does not answer ({_short(error)}): check the network, and store.endpoint= of store=s3"
    if isinstance(error, (NoCredentialsError, PartialCredentialsError, CredentialRetrievalError, ProfileNotFound)):
        return f"no credentials ({_short(error)}): {_CREDENTIALS}"
    if isinstance(error, (NoRegionError, InvalidRegionError)):
        return f"{_short(error)}: {_REGION}"
    if isinstance(error, ParamValidationError):
        return f"{_short(error)}: {_ADVICE['InvalidBucketName']}"
    if isinstance(error, BotoCoreError):
        return f"{_short(error)}: check conf/store and the environment"
    response = _response(error)
    if not response:
        return None
    code = str(response.get("Error", {}).get("Code", ""))
    if code in ("NoSuchKey", "404", "NoSuchUpload"):
        return None
    advice = _ADVICE.get(code)
    if advice is None:
        advice = "try again later" if _may_pass_status(response) else "check conf/store and what the store supports"
    client_error = error if isinstance(error, ClientError) else error.__cause__
    operation = getattr(client_error, "operation_name", "the request")
    message = " ".join(str(response.get("Error", {}).get("Message", "")).split())[:300]
    region = response.get("Error", {}).get("Region")
    return f"{operation} failed with {code} ({message}){f', region {region}' if region else ''}: {advice}"


def _response(error: BaseException) -> Mapping[str, Any]:
    for candidate in (error, error.__cause__):
        if isinstance(candidate, ClientError):
            return dict(candidate.response)
    return {}


class _Reader(AbstractBufferedFile):  # type: ignore[misc]
    """A file object over `S3Calls.read`."""

    def __init__(self, calls: S3Calls, fs: S3FileSystem, full: str, size: int, ahead: int) -> None:
        super().__init__(fs, full, "rb", block_size=ahead, size=size)
        self._calls = calls

    def _fetch_range(self, start: int, end: int) -> bytes:
        return self._calls.read(self.path, start, end)


def _status(response: Mapping[str, Any]) -> int:
    return int(response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


_passing: Counter[str] = Counter()


def _note(response: tuple[Any, Mapping[str, Any]] | None, caught_exception: BaseException | None, **_: Any) -> None:
    """Told by botocore what came of an attempt; whether there is another is not decided here."""
    if caught_exception is not None or (response is not None and _may_pass_status(response[1])):
        _passing["request"] += 1


def _may_pass(error: BaseException) -> bool:
    return isinstance(error, _BROKEN) or _may_pass_status(_response(error))


def _may_pass_status(response: Mapping[str, Any]) -> bool:
    status = _status(response)
    # 409: two conditional writes met, and the store could not say which was first
    return (
        (status >= 500 and status != 501)
        or status in (409, 429)
        or (response.get("Error", {}).get("Code") == "RequestTimeout")
    )


def _short(error: BaseException) -> str:
    return " ".join(str(error).split())[:300] or type(error).__name__
