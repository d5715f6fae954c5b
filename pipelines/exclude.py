"""`exclude=`: the file that names the rows to take down."""

import os

from monitoring.logs import Say
from pipelines.config import SettingsError
from storage.builds.exclusion import Exclusion, parse_exclusion
from storage.builds.scope import EXCLUDE, read_scope
from storage.datasets.releases import Releases
from storage.datasets.version import folder_of, published
from storage.files.settings import SCHEMES, AnyStoreSettings
from storage.files.store import Files

MAX_BYTES = 256 * 2**20


def read_exclude(where: str | None, store: AnyStoreSettings) -> Exclusion:
    """The names that a file takes down. The file is local, or in a bucket of the store's kind. Empty without a file.

    Raises:
        SettingsError: the file is missing or too large, or a line is not an id.
        StoreError: the file cannot be read.
    """
    if where is None:
        return Exclusion()
    scheme, remote, _ = where.partition("://")
    if remote and scheme in ("http", "https"):
        raise SettingsError(f"exclude={scheme}://...: give a path, s3:// or gs://")
    place = where if remote else os.path.abspath(os.path.expanduser(where))
    above, _, name = place.rpartition("/")
    mine = remote and f"{scheme}://" in SCHEMES.get(store.name, ())
    files = Files(above or "/", store.options() if mine else {})
    if not name or not files.exists(name):
        raise SettingsError(f"exclude={where}: there is no such file: give a text file of ids, one a line")
    try:
        if files.size(name) > MAX_BYTES:
            raise SettingsError(f"exclude={where}: it is larger than {MAX_BYTES} bytes: is this the list of ids?")
        return parse_exclusion(files.read(name))
    except ValueError as error:
        raise SettingsError(
            f"exclude={where}: {error}: write one id a line, of a picture, sample or episode, or a row's origin"
        ) from error


def tell_lifted(files: Files, fingerprint: str, exclusion: Exclusion, say: Say) -> None:
    """Warn of names that the last version of a build took down and this run does not: their rows come back. The last
    version is the latest release; without releases every version counts."""
    release = Releases(files).latest()
    for name in [release.version] if release else files.folders("datasets"):
        there = published(files, name)
        if there is None or there.inputs.get("recipe") != fingerprint or not there.inputs.get("excluded"):
            continue
        before = read_scope(files, folder_of(name)).exclusion
        if lifted := sorted({*before.lines()} - {*exclusion.lines()}):
            say(
                f"exclude: {name} took down {len(lifted)} names that this run does not, and their rows come back: give "
                f"exclude={files.locate(folder_of(name))}/{EXCLUDE} to keep them down; the first: {lifted[0]}",
                level="warning",
                lifted=len(lifted),
                first=lifted[0],
            )
            return
