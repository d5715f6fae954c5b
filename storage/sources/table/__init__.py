"""Anyone's dataset, by a mapping of its columns."""

from storage.sources.spec import SourceSpec, find_files
from storage.sources.table.settings import TableSettings
from storage.sources.table.source import TableSource

SPEC = SourceSpec(
    settings=TableSettings,
    build=TableSource,
    version=1,
    look_for=find_files,
    not_in_recipe=frozenset({"pictures", "split"}),
)
