"""A store's files as pyarrow reads them: in pieces, only the columns and row groups that are asked for."""

import pyarrow.fs as pafs

from storage.files.store import Files


def arrow_filesystem(files: Files) -> tuple[pafs.FileSystem, str]:
    """The pyarrow file system of a store, and the prefix that makes a store's path one of its paths."""
    inner, base = files._fs, files._base  # the store's own connections and credentials
    if files._local:
        return pafs.LocalFileSystem(), f"{base}/"
    return pafs.PyFileSystem(pafs.FSSpecHandler(inner)), f"{base}/"
