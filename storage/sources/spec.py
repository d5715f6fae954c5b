"""The spec of a source plug-in, and the registry of all sources: one file a source, with one spec."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from lensmill.specs import PluginSettings, Registry, plugin_name
from storage.sources.files import require_local
from storage.sources.neutral import NeutralSource
from storage.sources.protocol import Source, SourceError

Withdrawn = Literal["drop", "keep"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceSettings(PluginSettings):
    """Base of the settings of all sources."""

    withdrawn: Withdrawn = "drop"
    """samples of earlier runs that the source no longer holds: versions drop them, or keep them"""

    @property
    def place(self) -> str:
        """The place of the source, for messages; "" without a place."""
        return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileSourceSettings(SourceSettings):
    """Base of the settings of sources that lie in files."""

    path: str

    @property
    def place(self) -> str:
        """See `SourceSettings`."""
        return self.path


def nothing_to_find(_settings: SourceSettings) -> str | None:
    """For `SourceSpec.look_for`: the source can always be read."""
    return None


def find_files(settings: FileSourceSettings) -> str | None:
    """For `SourceSpec.look_for`: a file or a folder must exist.

    Raises:
        SourceError: the path names no file and no folder.
    """
    place = require_local(settings.path, settings.name)
    if not place.exists():
        raise SourceError(f"sources/{settings.name}: there is no file or folder {place}; give the path of the data")
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceSpec:
    """One source.

    Attributes:
        settings: class of its settings; the default of its field `name` is the source's name.
        build: opens the source. Raises SourceError if the source's files are missing.
        version: raised when the source gives other samples for the same data.
        licence: of all samples; "" if the rows or the data's owner say it.
        look_for: sees whether there is something to read, without reading it; returns what reading will wait for
            besides this machine's own files, in one line. Raises SourceError.
        not_in_recipe: settings that say where the source lies or select samples, and decide nothing about an episode;
            `withdrawn` and `path` are always among them.
    """

    settings: type[SourceSettings]
    build: Callable[[Any], Source]
    version: int
    licence: str = ""
    look_for: Callable[[Any], str | None] = nothing_to_find
    not_in_recipe: frozenset[str] = frozenset()

    @property
    def name(self) -> str:
        """The name of the plug-in, from its settings."""
        return plugin_name(self.settings)


SOURCES = Registry("source", "storage.sources", SourceSpec)
"""Every source of ours, by name."""


def build_source(settings: SourceSettings) -> Source:
    """The source that the settings describe, with neutral texts.

    Raises:
        SourceError: what it needs is missing.
    """
    return NeutralSource(SOURCES.of(settings).build(settings))
