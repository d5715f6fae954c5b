"""The picture of a mapped row: inside the row, or a file that the row names by path, id or URL. Nothing is fetched."""

from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from urllib.parse import unquote

from storage.sources.embedded_pictures import image_bytes, is_base64, only
from storage.sources.files import folder_with, read_within
from storage.sources.rows import RowProblem, shown


class Pictures:
    """Reads pictures.

    Args:
        folders: the folders that names may lie in; the first that has the name counts.
        pattern: the file's name; see `TableSettings.picture_name`.
        url_base: the beginning of URLs that the folders mirror.
    """

    def __init__(self, folders: Sequence[Path], pattern: str = "{}", url_base: str = "") -> None:
        self._folders = tuple(dict.fromkeys(folders))
        self._pattern, self._url_base = pattern, url_base

    def read(self, value: object, field: str) -> bytes:
        """The file of a picture, byte for byte.

        Raises:
            RowProblem: no picture, several, too large, outside the folders, or not there.
        """
        name = picture_name_in(value, field)
        if name is None:
            return image_bytes(value, None, field)
        file = self.file_name(name, field)
        return read_within(folder_with(self._folders, file, field), file, field)

    def file_name(self, name: str, field: str) -> str:
        """The file's name below one of the folders.

        Raises:
            RowProblem: a URL that no folder mirrors.
        """
        name = name.strip()
        if self._url_base and name.startswith(self._url_base):
            name = unquote(name[len(self._url_base) :].partition("?")[0]).lstrip("/")
        elif name.startswith("file://"):
            name = unquote(name.removeprefix("file://").removeprefix("localhost"))
        elif "://" in name[:12]:
            raise RowProblem(
                "bad_field",
                f'field "{field}" is a URL, {shown(name)}, and nothing is fetched; fetch the pictures into a folder, '
                "and set source.url_base and source.pictures",
            )
        path = PurePosixPath(name)
        if self._pattern != "{}":
            filled = self._pattern.replace("{name}", path.name).replace("{stem}", path.stem)
            return filled.replace("{}", name)
        if path.is_absolute() and ".." not in path.parts:
            for folder in self._folders:
                if path.is_relative_to(folder):
                    return str(path.relative_to(folder))
        return name


def picture_name_in(value: object, field: str) -> str | None:
    """The name in a cell of a picture: a text, a whole number, or {path} without bytes; None for a picture itself.

    Raises:
        RowProblem: a list of several.
    """
    value = only(value, field)
    if isinstance(value, dict) and value.get("bytes") is None:
        value = next((value[key] for key in ("path", "image", "url", "file_name") if value.get(key) is not None), None)
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value if isinstance(value, str) and value.strip() and not is_base64(value) else None
