"""Files: the only access to storage, over fsspec. Local paths and fsspec URLs (`s3://`, `gs://`, `memory://`) work
alike.

Everything that other processes rely on is made by one operation, the *conditional create*: it either makes the whole
file or finds that the file exists. Nothing is renamed or changed in place, so no reader sees a partial file and no lock
is needed. Large or numerous files are first written under unique names. They become part of the store only when a file
made by conditional create names them.
"""

import errno
import os
import threading
import uuid
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import IO, Any, cast

from fsspec.core import url_to_fs
from fsspec.implementations.local import LocalFileSystem

from storage.files.faults import ADVICE, AWAY, is_away
from storage.files.listing import StoredFile, local_file, seconds_of
from storage.files.local import create_by_link, link, local_sink

_EXTRAS: Mapping[str, str] = {"gs": "gs", "gcs": "gs"}
S3 = ("s3", "s3a")


OUTAGE_S = 300.0
"""Default seconds to wait for a store that does not answer."""

STAGING = "staging"
"""Folder of unfinished files. Old files in it were left by killed processes."""

READ_PIECE, WRITE_PIECE = 256 * 2**10, 8 * 2**20
"""Bytes to read ahead in an object store, and bytes of one part of an upload (which has at most 10,000 parts)."""


class StoreError(Exception):
    """The store cannot be written or read, or its content is damaged. One line with path, cause and what to do."""


class StoreUnavailable(StoreError):
    """The store does not answer, or is overloaded. The same command may work later."""


class Files:
    """The files below one root. Every path is relative to the root, with `/` between its parts. Threads may share it.

    Args:
        root: a local path or a URL that fsspec knows.
        options: of the file system, e.g. an endpoint; others come from the environment.
        single_writer: only one job ever writes here, so a store without conditional create is sufficient.
        outage_s: seconds to wait for an S3 that does not answer.
        fresh: do not share connections and credentials of this process.

    Raises:
        StoreError: fsspec knows no file system for the URL.
    """

    def __init__(
        self,
        root: str,
        options: Mapping[str, Any] | None = None,
        single_writer: bool = False,
        outage_s: float = OUTAGE_S,
        fresh: bool = False,
    ) -> None:
        self.root = root
        self.single_writer = single_writer
        self.outage_s = outage_s
        self._options = dict(options or {})
        self.kind = scheme = root.partition("://")[0] if "://" in root else ""
        self._counts: Counter[str] = Counter()
        self._counting = threading.Lock()
        if scheme in ("http", "https"):
            raise StoreError(f"{root}: out= takes a folder, s3:// or gs://; a server's URL goes into store.endpoint=")
        # a cached listing would hide commits of other writers
        given: dict[str, Any] = {"use_listings_cache": False, "skip_instance_cache": fresh}
        try:
            if scheme in S3:
                from storage.files import s3

                self._fs = s3.PatientS3(outage_s=outage_s, **given | s3.options(outage_s) | self._options)
                base = self._fs._strip_protocol(root)
            else:
                self._fs, base = url_to_fs(root, **given | self._options)
        except ImportError as error:
            what = f"pip install '.[{_EXTRAS[scheme]}]' in the checkout" if scheme in _EXTRAS else "give another out="
            raise StoreError(f"{root}: {error}: {what}") from error
        except ValueError as error:
            raise StoreError(f"{root}: {error}; give a local path, or a URL such as s3://bucket/folder") from error
        self._base = str(base).rstrip("/")
        self._local = isinstance(self._fs, LocalFileSystem)
        self._s3 = s3.S3Calls(self._fs) if scheme in S3 else None

    def __reduce__(self) -> tuple[type["Files"], tuple[str, dict[str, Any], bool, float]]:
        return (Files, (self.root, self._options, self.single_writer, self.outage_s))

    def waiting(self, outage_s: float) -> "Files":
        """The same files, with another maximum wait in seconds."""
        return Files(self.root, self._options, self.single_writer, min(outage_s, self.outage_s), fresh=True)

    def stop_waiting_if(self, stopping: Callable[[], bool]) -> None:
        """Ask `stopping` in this process while the store does not answer. True ends the waiting."""
        if self._s3 is not None:
            self._fs.stopping = stopping

    @property
    def counts(self) -> Mapping[str, int]:
        """Counts so far: "bytes_read" of whole files, "bytes_written", and "retries" to S3 in this process."""
        return {**self._counts, "retries": self._s3.tried_again()} if self._s3 else self._counts

    def _count(self, name: str, more: int) -> None:
        with self._counting:
            self._counts[name] += more

    def locate(self, path: str) -> str:
        """The full path or URL of a file, for messages and for readers outside the store."""
        return self._shown(self._full(path))

    def _shown(self, full: str) -> str:
        return full if self._local else str(self._fs.unstrip_protocol(full))

    def _full(self, path: str) -> str:
        """The path for the file system.

        Raises:
            ValueError: the path leaves the root.
        """
        parts = path.split("/")
        if any(part in ("", ".", "..") for part in parts):
            raise ValueError(f"a path in a store is relative and plain, got {path!r}")
        return f"{self._base}/{path}"

    @contextmanager
    def _explained(self, full: str) -> Iterator[None]:
        """Turn errors of the system or the store into one clear line. A missing file stays FileNotFoundError."""
        try:
            yield
        except StoreError:
            raise
        except Exception as error:
            if self._s3 is not None and (reason := self._s3.why(error)):
                kind = StoreUnavailable if self._s3.may_pass(error) else StoreError
                raise kind(f"{self._shown(full)}: {reason}") from error
            if not self._local and is_away(error):
                raise StoreUnavailable(
                    f"{self._shown(full)}: the store does not answer ({error}): check the network, and run the same "
                    "command again"
                ) from error
            if isinstance(error, FileNotFoundError) or not isinstance(error, OSError):
                raise
            advice = ADVICE.get(error.errno or 0, "check the storage and run the same command again")
            if isinstance(error, PermissionError) and error.errno is None:
                advice = ADVICE[errno.EACCES]
            kind = StoreUnavailable if error.errno in AWAY else StoreError
            raise kind(f"{self._shown(full)}: {error.strerror or error}; {advice}") from error

    def create(self, path: str, data: bytes) -> bool:
        """Create `path` only if it does not exist. Return True if this call created it. Atomic and durable.

        Also return True if the file already holds exactly `data`: an object store may apply a write and lose the
        response, and the retry then finds its own file. To be the sole creator, put a unique token in `data`.

        Raises:
            StoreError: the file cannot be written, or the file system has no conditional create.
        """
        full = self._full(path)
        self._count("bytes_written", len(data))
        with self._explained(full):
            if self._local:
                made = create_by_link(full, self._full(f"{STAGING}/{uuid.uuid4().hex}"), data)
            else:
                made = self._create_remotely(full, data)
        return made or self._holds(path, data)

    def _create_remotely(self, full: str, data: bytes) -> bool:
        if self.single_writer:
            if self._find(full) is not None:
                return False
            self._fs.pipe_file(full, data)
            return True
        try:
            self._fs.pipe_file(full, data, mode="create")
        except FileExistsError:
            return False
        except OSError as error:
            if self._s3 is not None and self._s3.exists_already(error):
                return False
            raise
        return True

    def _holds(self, path: str, data: bytes) -> bool:
        try:
            return self.read(path) == data
        except FileNotFoundError:
            return False

    def put(self, path: str, data: bytes) -> None:
        """Write a file under a name that nobody else uses. The file is durable when this returns.

        A killed process may leave half of the file, so readers must learn its name only from a file made by `create`.
        """
        full = self._full(path)
        self._count("bytes_written", len(data))
        with self._explained(full):
            if self._local:
                with local_sink(full) as sink:
                    sink.write(data)
            elif len(data) <= WRITE_PIECE:
                self._fs.pipe_file(full, data)
            else:  # in parts: only our sink handles a completion whose reply was lost
                with self._remote_sink(full) as sink:
                    for start in range(0, len(data), WRITE_PIECE):  # the sink holds one part
                        sink.write(data[start : start + WRITE_PIECE])

    @contextmanager
    def open(self, path: str, mode: str = "rb") -> Iterator[IO[bytes]]:
        """Open a file for reading ("rb"), a new, uniquely named file for writing ("wb"; durable after the block), or a
        file that appears under its name when it is complete and replaces a file of that name ("whole"): for names
        whose writers all write the same bytes.

        All stream: an object store is read and written in pieces of `READ_PIECE` and `WRITE_PIECE` bytes.

        Raises:
            FileNotFoundError: the file to read does not exist.
            StoreError: the file cannot be written or read. A partly written file is removed.
        """
        full = self._full(path)
        with self._explained(full):
            if mode == "rb":
                with self._source(full) as source:
                    yield source
            elif self._local:
                temporary = self._full(f"{STAGING}/{uuid.uuid4().hex}") if mode == "whole" else None
                with local_sink(full, temporary) as sink:
                    yield sink
            else:
                with self._remote_sink(full, mode) as sink:
                    yield sink

    def _source(self, full: str) -> IO[bytes]:
        if self._s3 is not None:
            return self._s3.open(full, READ_PIECE)
        return cast(IO[bytes], self._fs.open(full, "rb", block_size=READ_PIECE))

    @contextmanager
    def _remote_sink(self, full: str, mode: str = "wb") -> Iterator[IO[bytes]]:
        sink = self._fs.open(full, "wb", block_size=WRITE_PIECE)
        try:
            yield sink
            size = sink.tell()
            try:
                sink.close()
            except FileNotFoundError as error:
                # Some stores forget a completed upload: then only the reply was lost.
                if self._find(full) != size:
                    raise StoreError(
                        f"{self._shown(full)}: somebody has ended its upload: run the same command again"
                    ) from error
        except BaseException:
            with suppress(Exception):
                sink.discard()
                if mode == "wb":  # else another writer's complete file may have the name
                    self._fs.rm_file(full)
            sink.forced = True  # closing it, as garbage collection does, would write the rest
            sink.close()
            raise

    def read(self, path: str) -> bytes:
        """The content of a file.

        Raises:
            FileNotFoundError: the file does not exist.
        """
        full = self._full(path)
        with self._explained(full):
            if self._local:
                with open(full, "rb") as source:
                    data = source.read()
            else:
                data = bytes(self._fs.cat_file(full) if self._s3 is None else self._s3.read(full))
        self._count("bytes_read", len(data))
        return data

    def place(self, source: str, target: str) -> bool:
        """Give a finished file of this store a second name. Return False if that name is taken.

        Local files are linked and take no more space. Object stores copy the file themselves; there, a name that
        another writer takes at the same moment is overwritten. So use it only if both writers would hold the same
        bytes.
        """
        origin, full = self._full(source), self._full(target)
        with self._explained(full):
            if self._local:
                return link(origin, full)
            if self._find(full) is not None:
                return False
            if self._s3 is not None:
                self._s3.copy(origin, full)
            else:
                self._fs.cp_file(origin, full)
        return True

    def remove(self, path: str) -> None:
        """Remove a file that no reader relies on. The file need not exist."""
        full = self._full(path)
        with self._explained(full), suppress(FileNotFoundError):
            self._fs.rm_file(full)

    def remove_folder(self, folder: str) -> None:
        """Remove a folder that nobody else uses, with its content. The folder need not exist."""
        full = self._full(folder)
        with self._explained(full), suppress(FileNotFoundError):
            if self._s3 is None:
                self._fs.rm(full, recursive=True)
                return
        for path in self.each(folder):
            self.remove(path)

    def exists(self, path: str) -> bool:
        """Whether the file exists."""
        full = self._full(path)
        with self._explained(full):
            return os.path.isfile(full) if self._local else self._find(full) is not None

    def size(self, path: str) -> int:
        """Bytes of a file.

        Raises:
            FileNotFoundError: the file does not exist.
        """
        full = self._full(path)
        with self._explained(full):
            size = os.path.getsize(full) if self._local else self._find(full)
        if size is None:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), self._shown(full))
        return size

    def _find(self, full: str) -> int | None:
        """Bytes of a file in a store that is not local; None if it does not exist."""
        try:
            if self._s3 is not None:
                return self._s3.size(full)
            found = self._fs.info(full)  # fsspec's isfile() takes any error for a missing file
        except FileNotFoundError:
            return None
        return int(found["size"]) if found["type"] == "file" else None

    def each(self, folder: str) -> Iterator[str]:
        """Every file below a folder, in no order and without holding all of them; none if the folder does not exist."""
        full = self._full(folder)
        skip = len(self._base) + 1
        with self._explained(full):
            found: Iterable[str]
            if self._local:
                found = (f"{where}/{name}" for where, _, names in os.walk(full) for name in names)
            elif self._s3 is not None:
                found = (name for name, _ in self._s3.each(full))
            else:
                found = self._fs.find(full)
            for path in found:
                yield path[skip:]

    def list(self, folder: str) -> list[str]:
        """Every file below a folder, sorted; empty if the folder does not exist."""
        return sorted(self.each(folder))

    def details(self, folder: str) -> tuple[StoredFile, ...]:
        """Every file below a folder with its size and time, sorted by path; empty if the folder does not exist."""
        full = self._full(folder)
        with self._explained(full):
            if self._local:
                found = [local_file(f"{where}/{name}") for where, _, names in os.walk(full) for name in names]
            elif self._s3 is not None:
                found = [StoredFile(path, about["Size"], seconds_of(about)) for path, about in self._s3.each(full)]
            else:
                there = self._fs.find(full, detail=True)
                found = [StoredFile(str(path), int(about["size"]), seconds_of(about)) for path, about in there.items()]
        skip = len(self._base) + 1
        kept = (replace(file, path=file.path[skip:]) for file in found if file is not None)
        return tuple(sorted(kept, key=lambda file: file.path))

    def folders(self, folder: str) -> tuple[str, ...]:
        """The names of the folders directly in a folder, sorted."""
        full = self._full(folder)
        with self._explained(full):
            if self._s3 is not None:
                names = [*self._s3.folders(full)]
            else:
                try:
                    found = self._fs.ls(full, detail=True)
                except (FileNotFoundError, NotADirectoryError):
                    return ()
                names = [str(entry["name"]).rstrip("/") for entry in found if entry["type"] == "directory"]
        return tuple(sorted(name.rpartition("/")[2] for name in names))
