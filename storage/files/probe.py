"""Checks a store before any work: can it be reached, written, read and listed, and does it have conditional create?"""

import uuid
from contextlib import nullcontext, suppress

from storage.files.store import STAGING, Files, StoreError
from storage.files.watch import Say, StoreWatch

PROBE_S = 30.0
"""Seconds to wait for a store that does not answer at the start, where a person waits."""


def probe(files: Files, say: Say | None = None) -> None:
    """Try every operation that a job relies on, with a file of a few bytes that is removed again.

    Args:
        files: the store.
        say: told one line if the store does not answer for some seconds.

    Raises:
        StoreError: an operation does not work; one line. StoreUnavailable: the store does not answer.
    """
    hasty = files.waiting(PROBE_S)
    with StoreWatch(hasty, say, at_start=True) if say is not None else nullcontext():
        _try(hasty)


def _try(hasty: Files) -> None:
    folder = f"{STAGING}/probe-{uuid.uuid4().hex}"
    path = f"{folder}/file"
    hasty.create(path, b"first")
    try:
        _look(hasty, folder, path)
    except BaseException:
        with suppress(StoreError):
            hasty.remove_folder(folder)
        raise
    hasty.remove_folder(folder)


def _look(files: Files, folder: str, path: str) -> None:
    made, held = not files.single_writer and files.create(path, b"second"), files.read(path)
    if held.lstrip()[:1] == b"<":
        raise StoreError(f"{files.root}: what answers is a web page, not S3: check store.endpoint")
    if not files.single_writer and (made or held != b"first"):
        raise StoreError(
            f"{files.root}: this store has no conditional create (it ignores If-None-Match), so two writers would "
            "overwrite each other's work: use a store that has it, or, if only one job ever writes here, set "
            "store.single_writer=true"
        )
    if files.list(folder) != [path]:
        raise StoreError(
            f"{files.root}: this store does not list a file that was just written, so finished work would be "
            "overlooked: use a store whose listings are up to date"
        )
