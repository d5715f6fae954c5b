"""The needs of S3, and of stores with its API, beyond those that fsspec covers for every store.

Errors are handled in this module once: every request, part of an upload and piece of a download is tried again while
its error may be temporary (5xx, SlowDown, a broken or silent connection), for `store.outage_s`. The libraries count
tries where an outage needs a clock, and their tries multiply. So botocore and s3fs are set to try once, and `PatientS3`
does all retries.
"""

import asyncio
import random
import ssl
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping
from time import monotonic
from typing import IO, Any, TypeVar, cast

from aiobotocore.session import AioSession
from aiohttp import ClientError as ConnectionBroken
from aiohttp import TooManyRedirects
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
    SSLError,
)
from botocore.exceptions import ConnectionError as EndpointError
from botocore.parsers import ResponseParserError
from fsspec.asyn import sync, sync_wrapper
from fsspec.exceptions import FSTimeoutError
from fsspec.spec import AbstractBufferedFile
from s3fs import S3FileSystem

LONGEST_WAIT_S = 5.0
"""Maximum seconds between two tries. Waits grow from a tenth of a second and are random, so that writers that were
slowed down together do not come back together."""

SILENT_S = 2.0
"""A request without an answer for this many seconds is given up when the job is asked to stop."""

T = TypeVar("T")


NO_ANSWER_S = 60.0
"""Maximum seconds for one request, or `store.outage_s` if that is longer. The library's timeouts cover connecting and
reading. A server that stops taking a body triggers none of them."""


def options(outage_s: float) -> dict[str, Any]:
    """Default options of the file system."""
    return {
        "config_kwargs": {
            "connect_timeout": 5,
            "read_timeout": 30 if outage_s > 60 else 8,
            "max_pool_connections": 32,
            "retries": {"mode": "legacy", "total_max_attempts": 1},
        },
        # upload parts one after the other, so that memory is bounded
        "max_concurrency": 1,
    }


class PatientS3(S3FileSystem):  # type: ignore[misc]
    """Tries a request again while its error may be temporary.

    Args:
        outage_s: seconds from the first try in which a request is tried again.

    Attributes:
        stopping: asked while a store does not answer; True ends the waiting.
    """

    def __init__(self, *args: Any, outage_s: float, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._outage_s = outage_s
        self.retries = 1
        self.stopping: Callable[[], bool] = lambda: False

    async def _call_s3(self, method: str, *given: Any, **named: Any) -> Any:
        return await self.waited_out(lambda: self.once(method, *given, **named))

    call_s3 = sync_wrapper(_call_s3)

    async def once(self, method: str, *given: Any, **named: Any) -> Any:
        """Make one request, as s3fs makes it."""
        return await super()._call_s3(method, *given, **named)

    async def waited_out(self, call: Callable[[], Awaitable[T]]) -> T:
        """Return the result of `call`. Call it again while its error may be temporary and `outage_s` has not passed."""
        began, wait = monotonic(), 0.1
        while True:
            try:
                return await self._heard(call)
            except Exception as error:
                if not may_pass(error) or self.stopping() or monotonic() - began > self._outage_s:
                    raise
            await asyncio.sleep(wait * random.uniform(0.5, 1))
            wait = min(1.7 * wait, LONGEST_WAIT_S)

    async def _heard(self, call: Callable[[], Awaitable[T]]) -> T:
        began, task = monotonic(), asyncio.ensure_future(call())
        try:
            while not (await asyncio.wait({task}, timeout=0.5))[0]:
                if self.stopping() and monotonic() - began > SILENT_S:
                    raise ConnectionError("no answer, and the job is asked to stop")
                if monotonic() - began > max(NO_ANSWER_S, self._outage_s):
                    raise ConnectionError("no answer")
            return task.result()
        finally:
            task.cancel()


_BROKEN = (HTTPClientError, EndpointError, ConnectionBroken, ConnectionError, FSTimeoutError)
_CREDENTIALS = (
    "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE, or give the machine a role; store.anonymous=true "
    "sends none"
)
_REGION = "set store.region to the bucket's region"
_EXPIRED = "the credentials have expired: get new ones and run the same command again, which goes on where this stopped"
_ADVICE: Mapping[str, str] = {
    "NoSuchBucket": "create the bucket, or name another in out=",
    "InvalidBucketName": "name a bucket in out=s3://bucket/folder",
    "AccessDenied": "give these credentials the permissions in docs/store.md",
    "403": "give these credentials the permissions in docs/store.md, or get new ones if they have expired",
    "AllAccessDisabled": "the owner of the bucket has closed it",
    "401": _CREDENTIALS,
    "InvalidAccessKeyId": _CREDENTIALS,
    "SignatureDoesNotMatch": _CREDENTIALS,
    **dict.fromkeys(("ExpiredToken", "ExpiredTokenException", "RequestExpired", "TokenRefreshRequired"), _EXPIRED),
    "InvalidToken": _CREDENTIALS,
    "RequestTimeTooSkewed": "this machine's clock is wrong: set it",
    "AuthorizationHeaderMalformed": _REGION,
    "IllegalLocationConstraintException": _REGION,
    "PermanentRedirect": _REGION,
    "301": _REGION,
    "400": f"the request was not understood: check store.endpoint, {_REGION}, get new credentials if expired",
    "NotImplemented": "a store that does not know If-None-Match has no conditional create: if only one job ever writes "
    "here, set store.single_writer=true",
}
_ABSENT = ("NoSuchKey", "404", "NoSuchUpload")
_NEEDS_NO_KEY = ("PutObject", "CreateMultipartUpload", "ListObjectsV2")
"""Requests that a store answers for any key: a 404 to one of them does not mean that a file is missing."""


def _send_at_once(params: dict[str, Any], **_: object) -> None:
    """Send a body without asking first ("Expect: 100-continue"): no timeout ends the wait for the server's consent."""
    params["headers"].pop("Expect", None)


class NotS3(Exception):
    """The server is not an object store. The message describes its answer."""


class S3Calls:
    """Calls that s3fs makes differently, or with more requests than needed."""

    def __init__(self, fs: PatientS3) -> None:
        self._fs = fs
        if fs.session is None:  # fsspec shares file systems with equal options
            fs.session = AioSession(**fs.kwargs)
            fs.session.register("before-call.s3", _send_at_once)
            fs.session.register("needs-retry.s3", _note)
            fs.session.register("needs-retry.s3", _refuse_pages)

    @staticmethod
    def tried_again() -> int:
        """Number of requests of this process that failed with a temporary error."""
        return _passing.total()

    def size(self, full: str) -> int:
        """Bytes of an object, in one request.

        Raises:
            FileNotFoundError: the object does not exist.
        """
        bucket, key, _ = self._fs.split_path(full)
        return int(self._fs.call_s3("head_object", Bucket=bucket, Key=key)["ContentLength"])

    def read(self, full: str, start: int = 0, end: int | None = None) -> bytes:
        """An object's bytes from `start` to before `end`, in one request. A body that breaks off is requested again.

        Raises:
            FileNotFoundError: the object does not exist.
        """
        return bytes(sync(self._fs.loop, self._read, full, start, end))

    async def _read(self, full: str, start: int, end: int | None) -> bytes:
        bucket, key, _ = self._fs.split_path(full)
        piece = {} if end is None else {"Range": f"bytes={start}-{end - 1}"}

        async def whole() -> bytes:
            reply = await self._fs.once("get_object", Bucket=bucket, Key=key, **piece)
            try:
                async with reply["Body"] as body:
                    return bytes(await body.read())
            except _BROKEN:
                _passing["body"] += 1
                raise

        return await self._fs.waited_out(whole)

    def open(self, full: str, ahead: int) -> IO[bytes]:
        """Open an object for reading, in pieces of at least `ahead` bytes.

        Raises:
            FileNotFoundError: the object does not exist.
        """
        return cast(IO[bytes], _Reader(self, self._fs, full, self.size(full), ahead))

    def copy(self, origin: str, full: str) -> None:
        """Copy an object of at most 5 GB, in one request. A copy in parts would leave the parts behind when it
        fails."""
        bucket, key, _ = self._fs.split_path(full)
        source, source_key, _ = self._fs.split_path(origin)
        self._fs.call_s3("copy_object", Bucket=bucket, Key=key, CopySource={"Bucket": source, "Key": source_key})

    def each(self, full: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """Every object below a folder, in order, with the fields of S3's listing (Size, LastModified). Holds one page
        of 1,000 at a time."""
        bucket = self._fs.split_path(full)[0]
        for page in self._pages(full):
            for entry in page.get("Contents", ()):
                if not entry["Key"].endswith("/"):  # consoles make such an object for an empty folder
                    yield f"{bucket}/{entry['Key']}", entry

    def folders(self, full: str) -> Iterator[str]:
        """The folders directly in a folder."""
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
        """Whether a conditional create was refused because the object exists. Some stores do not name the failed
        condition."""
        return _status(_response(error)) == 412

    @staticmethod
    def why(error: BaseException) -> str | None:
        """The error and what to do about it, in one line; None if it is not an error of the store."""
        return _why(error)

    @staticmethod
    def may_pass(error: BaseException) -> bool:
        """Whether the same request may work later."""
        return may_pass(error)


def _why(error: BaseException) -> str | None:
    if isinstance(error, RecursionError) or _redirects(error):
        return f"the store redirects every request in a loop: set store.endpoint to its final URL, and {_REGION}"
    if isinstance(error, (NotS3, ResponseParserError)):
        return f"this is not S3 ({_short(error)}): check store.endpoint"
    if _no_tls(error):
        return "the server does not speak TLS: check store.endpoint, which may have to begin with http:// here"
    if may_pass(error) and isinstance(error, _BROKEN):
        return f"the store does not answer ({_short(error)}): check the network, and store.endpoint= of store=s3"
    if isinstance(error, SSLError):
        return f"the store's certificate is not trusted ({_short(error)}): check store.endpoint, or set AWS_CA_BUNDLE"
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
    client_error = error if isinstance(error, ClientError) else error.__cause__
    operation = getattr(client_error, "operation_name", "the request")
    advice = _ADVICE.get(code) or _ADVICE.get(str(_status(response)) if _status(response) == 401 else "")
    if code in _ABSENT:
        if operation not in _NEEDS_NO_KEY:
            return None
        advice = "there is no such bucket at this endpoint: check store.endpoint and the bucket in out="
    if advice is None:
        advice = "try again later" if _may_pass_status(response) else "check conf/store and what the store supports"
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
    """Called by botocore after each attempt. Counts temporary errors; does not decide on retries."""
    if caught_exception is not None or (response is not None and _may_pass_status(response[1])):
        _passing["request"] += 1


async def _refuse_pages(response: tuple[Any, Mapping[str, Any]] | None, **_: Any) -> None:
    """Called by botocore after each attempt. botocore takes a web page with status 200 for an empty listing, or for a
    temporary error 500.

    Raises:
        NotS3: the answer is a web page.
    """
    if response is None or "Body" in response[1] or response[0].raw.status != 200:
        return
    start = bytes(await response[0].content)[:500].lstrip().lower()
    if start.startswith((b"<!doctype html", b"<html")):
        raise NotS3("it answers with a web page")


def may_pass(error: BaseException) -> bool:
    """Whether an error of the store may be temporary: a broken or silent connection, 5xx, SlowDown."""
    if isinstance(error, SSLError) and "CERTIFICATE" in str(error).upper():
        return False
    if _redirects(error) or _no_tls(error):
        return False
    return isinstance(error, _BROKEN) or _may_pass_status(_response(error))


def _may_pass_status(response: Mapping[str, Any]) -> bool:
    status = _status(response)
    # 409: two conditional writes collided, and the store could not order them
    return (
        (status >= 500 and status != 501)
        or status in (409, 429)
        or (response.get("Error", {}).get("Code") == "RequestTimeout")
    )


def _causes(error: BaseException) -> Iterator[BaseException]:
    """An error and its causes, which botocore and aiohttp keep in three places."""
    for _ in range(8):
        yield error
        kept = getattr(error, "kwargs", None)
        inner = error.__cause__ or error.__context__ or (kept.get("error") if isinstance(kept, dict) else None)
        inner = getattr(error, "os_error", None) or inner  # set by aiohttp's connectors
        if not isinstance(inner, BaseException):
            return
        error = inner


def _redirects(error: BaseException) -> bool:
    return any(isinstance(cause, TooManyRedirects) for cause in _causes(error))


def _no_tls(error: BaseException) -> bool:
    """Whether TLS was used with a server that answered in plain text."""
    return any(
        isinstance(cause, ssl.SSLError)
        and getattr(cause, "reason", None) in ("WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE")
        for cause in _causes(error)
    )


def _short(error: BaseException) -> str:
    return " ".join(str(error).split())[:300] or type(error).__name__
