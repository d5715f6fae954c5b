"""`exclude=`: the file that names the rows to take down."""

import os

from pipelines.door import SettingsError
from storage.exclusion import Exclusion, parse_exclusion
from storage.files import Files
from storage.settings import SCHEMES, AnyStoreSettings

MAX_BYTES = 256 * 2**20


def read_exclude(where: str | None, store: AnyStoreSettings) -> Exclusion:
    """What a file takes down: local, or in the store's kind of bucket; nothing where none is named.

    Raises:
        SettingsError: it is not there, too large, or a line of it is no id.
        StoreError: it cannot be read.
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
