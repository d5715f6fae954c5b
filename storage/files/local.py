"""Files of a local file system that survive a power cut whole or not at all."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import IO

_NO_HARD_LINKS = (errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK)


def create_by_link(full: str, temporary: str, data: bytes) -> bool:
    """Create a whole file under its name in one step. Linking fails if the name is taken.

    Args:
        full: path of the file.
        temporary: path of the file that is written first; on the same file system.
        data: the content.

    Returns:
        False if the name is taken.
    """
    if os.path.isfile(full):
        return False
    try:
        with local_sink(temporary, named=False) as sink:
            sink.write(data)
        return link(temporary, full)
    finally:
        with suppress(OSError):
            os.unlink(temporary)


def link(source: str, full: str) -> bool:
    """Give a whole file a second name, durably. Return False if the name is taken."""
    folder = full.rpartition("/")[0]
    _make_folder(folder)
    try:
        os.link(source, full)
    except FileExistsError:
        return False
    except OSError as error:
        if error.errno in _NO_HARD_LINKS:
            what = f"this file system has no hard links ({error.strerror}), with which files are created conditionally"
            raise OSError(errno.ENOTSUP, what) from error
        raise
    _sync_folder(folder)
    return True


@contextmanager
def local_sink(full: str, temporary: str | None = None, named: bool = True) -> Iterator[IO[bytes]]:
    """A new file for writing. It is durable after the block, and removed if the block fails.

    Args:
        named: False for a file that gets its name later: the content is durable, the name is not.
        temporary: where the file lies until the block ends. It then appears under its name, whole, and replaces a file
            that has the name.
    """
    folder, path = full.rpartition("/")[0], temporary or full
    for needed in {folder, path.rpartition("/")[0]}:
        _make_folder(needed)
    try:
        with open(path, "xb") as sink:
            yield sink
            sink.flush()
            os.fsync(sink.fileno())
        if temporary is not None:
            os.replace(temporary, full)
        if named:
            _sync_folder(folder)
    except FileExistsError:
        raise
    except BaseException:
        with suppress(OSError):
            os.unlink(path)
        raise


def _make_folder(folder: str) -> None:
    """Make a folder and its parents so that they survive a power cut."""
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
    except FileNotFoundError:  # as in /proc: the parent exists, but nothing can be made in it
        raise PermissionError(errno.EPERM, os.strerror(errno.EPERM), folder) from None
    else:
        _sync_folder(above or "/")


def _sync_folder(folder: str) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
