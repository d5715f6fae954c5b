"""Files: the only way to storage, over fsspec. Local paths and any fsspec URL (`s3://`, `gs://`, `memory://`) alike.

Everything that others rely on is made by one operation, the *conditional create*: it either makes the whole file
or finds that it exists. Nothing is ever renamed or changed in place, so no reader sees half of anything and no lock
is needed. Large or many files are written under unique names first and become part of the store only when a file
made by conditional create names them.
"""

import errno
import os
import threading
import uuid
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import IO, Any

from fsspec.core import url_to_fs
from fsspec.implementations.local import LocalFileSystem

_ADVICE: Mapping[int, str] = {
    errno.ENOSPC: "the disk is full: free some space or choose another out=, then run the same command again",
    errno.EDQUOT: "the disk quota is used up: free some space or choose another out=, then run again",
    errno.EFBIG: "the file is larger than this system or its limits allow: raise the limit or use smaller chunks",
    errno.EACCES: "no permission: give this user access or choose another out=",
    errno.EPERM: "not permitted here: give this user access or choose another out=",
    errno.EROFS: "the file system is read-only: mount it writable or choose another out=",
    errno.ENOTDIR: "a part of this path is a file, not a folder: choose another out=",
    errno.EISDIR: "this is a folder, where a file is needed: move it away or choose another out=",
    errno.EMFILE: "too many open files: raise the limit (ulimit -n)",
    errno.EIO: "the device reported an error: check the disk or the mount",
}
_NO_HARD_LINKS = (errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK)


STAGING = "staging"
"""Where files lie that are not finished; whatever is old in here was left by a process that was killed."""


class StoreError(Exception):
    """The store cannot be written or read, or what it holds is damaged: one line with path, cause and what to do."""


@contextmanager
def _explained(path: str) -> Iterator[None]:
    """Turn the operating system's errors into one clear line; a missing file stays FileNotFoundError."""
    try:
        yield
    except FileNotFoundError:
        raise
    except OSError as error:
        advice = _ADVICE.get(error.errno or 0, "check the storage and run the same command again")
        if isinstance(error, PermissionError) and error.errno is None:
            advice = _ADVICE[errno.EACCES]
        raise StoreError(f"{path}: {error.strerror or error}; {advice}") from error


class Files:
    """The files below one root; every path is relative to it, with `/` between its parts.

    Args:
        root: a local path or a URL that fsspec knows.
        options: for the file system, e.g. an endpoint; taken from the environment where not given.

    Attributes:
        counts: "bytes_read" of whole files and "bytes_written" to them, by this process so far.

    Raises:
        StoreError: no file system is known for the URL.
    """

    def __init__(self, root: str, options: Mapping[str, Any] | None = None) -> None:
        self.root = root
        self._options = dict(options or {})
        self.counts: Counter[str] = Counter()
        self._counting = threading.Lock()
        # a remembered listing would hide what other writers have committed meanwhile
        try:
            self._fs, base = url_to_fs(root, use_listings_cache=False, **self._options)
        except (ValueError, ImportError) as error:
            raise StoreError(f"{root}: {error}; give a local path, or a URL such as s3://bucket/folder") from error
        self._base = str(base).rstrip("/")
        self._local = isinstance(self._fs, LocalFileSystem)

    def __reduce__(self) -> tuple[type["Files"], tuple[str, dict[str, Any]]]:
        return (Files, (self.root, self._options))

    def _count(self, name: str, more: int) -> None:
        with self._counting:
            self.counts[name] += more

    def locate(self, path: str) -> str:
        """The full path or URL of a file, for messages and for readers outside of the store."""
        full = self._full(path)
        return full if self._local else str(self._fs.unstrip_protocol(full))

    def _full(self, path: str) -> str:
        """A path as the file system takes it.

        Raises:
            ValueError: the path leaves the root.
        """
        parts = path.split("/")
        if any(part in ("", ".", "..") for part in parts):
            raise ValueError(f"a path in a store is relative and plain, got {path!r}")
        return f"{self._base}/{path}"

    def create(self, path: str, data: bytes) -> bool:
        """Conditional create, atomic and durable: True if this call made the file, False if it already exists.

        Raises:
            StoreError: it cannot be written, or the file system has no conditional create.
        """
        full = self._full(path)
        self._count("bytes_written", len(data))
        with _explained(full):
            if self._local:
                return _create_by_link(full, self._full(f"{STAGING}/{uuid.uuid4().hex}"), data)
            try:
                self._fs.pipe_file(full, data, mode="create")
            except FileExistsError:
                return False
        return True

    def put(self, path: str, data: bytes) -> None:
        """Write a file under a name that nobody else uses; durable when this returns.

        Being killed may leave half of it, so readers must only take it from a file made by `create`.
        """
        self._count("bytes_written", len(data))
        with self.open(path, "wb") as sink:
            sink.write(data)

    @contextmanager
    def open(self, path: str, mode: str = "rb") -> Iterator[IO[bytes]]:
        """Open a file for reading ("rb") or a new, uniquely named one for writing ("wb"; durable after the block).

        Raises:
            FileNotFoundError: there is no such file to read.
            StoreError: it cannot be written or read. What was written of it is removed.
        """
        full = self._full(path)
        with _explained(full):
            if mode != "wb":
                with self._fs.open(full, mode) as source:
                    yield source
            elif self._local:
                with _local_sink(full) as sink:
                    yield sink
            else:
                with self._fs.open(full, mode) as sink:
                    yield sink

    def read(self, path: str) -> bytes:
        """The whole file.

        Raises:
            FileNotFoundError: there is none.
        """
        with self.open(path) as source:
            data = source.read()
        self._count("bytes_read", len(data))
        return data

    def place(self, source: str, target: str) -> bool:
        """Make a finished file of this store appear under a second name, whole; False if that name is taken.

        Local files are linked and take no more space, others are copied by the object store itself. There a name
        that another writer takes at the same moment is overwritten: use it only where both would hold the same bytes.
        """
        origin, full = self._full(source), self._full(target)
        with _explained(full):
            if self._local:
                return _link(origin, full)
            if self._fs.isfile(full):
                return False
            self._fs.copy(origin, full)
        return True

    def remove(self, path: str) -> None:
        """Remove a file that no reader relies on; it need not exist."""
        full = self._full(path)
        with _explained(full), suppress(FileNotFoundError):
            self._fs.rm_file(full)

    def remove_folder(self, folder: str) -> None:
        """Remove a folder that nobody else uses, with all that is in it; it need not exist."""
        full = self._full(folder)
        with _explained(full), suppress(FileNotFoundError):
            self._fs.rm(full, recursive=True)

    def exists(self, path: str) -> bool:
        full = self._full(path)
        with _explained(full):
            return os.path.isfile(full) if self._local else bool(self._fs.isfile(full))

    def size(self, path: str) -> int:
        """Bytes of a file."""
        full = self._full(path)
        with _explained(full):
            return int(self._fs.size(full))

    def list(self, folder: str) -> list[str]:
        """Every file below a folder, sorted; none where there is no such folder."""
        full = self._full(folder)
        with _explained(full):
            if self._local:
                found = [f"{where}/{name}" for where, _, names in os.walk(full) for name in names]
            else:
                found = [str(path) for path in self._fs.find(full)]
        skip = len(self._base) + 1
        return sorted(path[skip:] for path in found)

    def folders(self, folder: str) -> tuple[str, ...]:
        """The names of the folders right in a folder, sorted; looks no deeper."""
        full = self._full(folder)
        with _explained(full):
            try:
                found = self._fs.ls(full, detail=True)
            except (FileNotFoundError, NotADirectoryError):
                return ()
        names = (str(entry["name"]).rstrip("/") for entry in found if entry["type"] == "directory")
        return tuple(sorted(name.rpartition("/")[2] for name in names))


def _create_by_link(full: str, temporary: str, data: bytes) -> bool:
    """A whole file appears under its name at once, or not at all: linking fails if the name is taken."""
    if os.path.isfile(full):
        return False
    try:
        with _local_sink(temporary) as sink:
            sink.write(data)
        return _link(temporary, full)
    finally:
        with suppress(OSError):
            os.unlink(temporary)


def _link(source: str, full: str) -> bool:
    """Give a whole file another name, durably; False if the name is taken."""
    folder = full.rpartition("/")[0]
    _make_folder(folder)
    try:
        os.link(source, full)
    except FileExistsError:
        return False
    except OSError as error:
        if error.errno in _NO_HARD_LINKS:
            raise StoreError(
                f"{full}: this file system has no hard links ({error.strerror}), so the store cannot create files "
                "conditionally on it: choose an out= on a file system that has them, or an object store"
            ) from error
        raise
    _sync_folder(folder)
    return True


@contextmanager
def _local_sink(full: str) -> Iterator[IO[bytes]]:
    _make_folder(full.rpartition("/")[0])
    try:
        with open(full, "xb") as sink:
            yield sink
            sink.flush()
            os.fsync(sink.fileno())
        _sync_folder(full.rpartition("/")[0])
    except FileExistsError:
        raise
    except BaseException:
        with suppress(OSError):
            os.unlink(full)
        raise


def _make_folder(folder: str) -> None:
    """Make a folder and those above it, so that they survive a power cut."""
    if os.path.isdir(folder):
        return
    above = folder.rpartition("/")[0]
    if above:
        _make_folder(above)
    try:
        os.mkdir(folder)
    except FileExistsError:
        if not os.path.isdir(folder):
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), folder) from None
    else:
        _sync_folder(above or "/")


def _sync_folder(folder: str) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
