"""Reads some rows with proposed settings: the samples, and why rows fail."""

import itertools
from collections import Counter
from dataclasses import dataclass, field

from storage.sources.protocol import SourceError, SourceFailure, SourceItem
from storage.sources.recorded import RecordedSource
from storage.sources.spec import SOURCES, FileSourceSettings, SourceSettings, build_source
from storage.sources.table.proposing.looking import LISTED_PARTS, SAMPLED_PARTS

SHOWN = 5
"""Samples that are kept with their pictures."""

FIRST_ROWS = 20
"""Rows that a named source must read without a failure to be mentioned."""


@dataclass
class Trial:
    """What reading gave.

    Attributes:
        failures: rows by error class.
        first: the first failure of each class.
        shown: the first samples of some slices.
    """

    samples: int = 0
    choices: int = 0
    targets: int = 0
    failures: Counter[str] = field(default_factory=Counter)
    first: dict[str, SourceFailure] = field(default_factory=dict)
    shown: list[SourceItem] = field(default_factory=list)

    def take(self, item: SourceItem | SourceFailure, show: bool) -> None:
        """Count a row."""
        if isinstance(item, SourceFailure):
            self.failures[item.error_class] += 1
            self.first.setdefault(item.error_class, item)
            return
        self.samples += 1
        self.choices += bool(item.sample.choices)
        self.targets += bool(item.sample.targets)
        if show and len(self.shown) < SHOWN:
            self.shown.append(item)


def trial(settings: SourceSettings, rows: int) -> Trial:
    """Read up to this many rows, from slices that are spread over the source.

    Raises:
        SourceError: the source cannot be read.
    """
    source, found = build_source(settings), Trial()
    slices = list(itertools.islice(source.slices(), LISTED_PARTS))
    chosen = slices[:: max(1, len(slices) // SAMPLED_PARTS)][:SAMPLED_PARTS]
    each, shown_each = max(1, rows // max(1, len(chosen))), -(-SHOWN // max(1, len(chosen)))
    for part in chosen:
        for place, item in enumerate(itertools.islice(source.read(part), each)):
            found.take(item, place < shown_each)
    return found


def named_sources(path: str) -> list[str]:
    """The named sources that read the first rows at a path without a failure."""
    found = []
    for name, spec in SOURCES.own.items():
        if not issubclass(spec.settings, FileSourceSettings) or name == "table":
            continue
        try:
            source = spec.build(spec.settings(path=path))
            items = list(itertools.islice(source.read(), FIRST_ROWS))
        except (SourceError, TypeError, ValueError):
            continue
        samples = [item.sample for item in items if not isinstance(item, SourceFailure)]
        recorded = isinstance(source, RecordedSource)
        if samples and len(samples) == len(items) and all(one.recorded or not recorded for one in samples):
            found.append(name)
    return found
