"""Errors of the system, and of stores other than S3: what to do, and whether they are temporary."""

import errno
from collections.abc import Mapping

AWAY = (
    *(errno.ESTALE, errno.ETIMEDOUT, errno.ENOTCONN, errno.ECONNRESET, errno.ECONNABORTED, errno.EHOSTDOWN),
    *(errno.EHOSTUNREACH, errno.ENETDOWN, errno.ENETUNREACH, errno.EREMOTEIO, errno.ENOLINK, errno.ESHUTDOWN),
)
"""Errors of a folder that is mounted from a server which is gone."""

ADVICE: Mapping[int, str] = {
    errno.ENOSPC: "the disk is full: free some space or choose another out=, then run the same command again",
    errno.EDQUOT: "the disk quota is used up: free some space or choose another out=, then run again",
    errno.EFBIG: "the file is larger than this system or its limits allow: raise the limit or use smaller chunks",
    errno.EACCES: "no permission: give this user access or choose another out=",
    errno.EPERM: "not permitted here: give this user access or choose another out=",
    errno.EROFS: "the file system is read-only: mount it writable or choose another out=",
    errno.ENOTDIR: "a part of this path is a file, not a folder: choose another out=",
    errno.EISDIR: "this is a folder, where a file is needed: move it away or choose another out=",
    errno.EMFILE: "too many open files: raise the limit (ulimit -n)",
    errno.ENOTSUP: "choose an out= on a file system that has them, or an object store",
    **dict.fromkeys(AWAY, "its server does not answer: check the mount, and run the same command again"),
    errno.EIO: "the device reported an error: check the disk or the mount",
}


def is_away(error: Exception) -> bool:
    """Whether an error of a store that is neither local nor S3 is temporary: a lost connection, a 429 or a 5xx."""
    import aiohttp  # every such store of fsspec uses it

    code = str(getattr(error, "code", None) or getattr(error, "status", ""))
    broken = (aiohttp.ClientConnectionError, aiohttp.ClientPayloadError, ConnectionError, TimeoutError)
    return isinstance(error, broken) or code == "429" or (len(code) == 3 and code.startswith("5"))
