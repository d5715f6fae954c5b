"""Several sources in one build, in proportion. Each sample keeps its source, subset, split and licence."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Literal

from pydantic import TypeAdapter, ValidationError

from lensmill.specs import SpecError
from storage.sources.parts import PartSlice, PartsSource
from storage.sources.protocol import Source, SourceError
from storage.sources.spec import SOURCES, SourceSettings, SourceSpec

UNKNOWN_ROWS = 64
"""Rows that a slice counts for if only reading shows their number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MixSettings(SourceSettings):
    """Several sources in one build; their slices take turns by weight, and each sample keeps its licence."""

    name: Literal["mix"] = "mix"
    parts: tuple[Mapping[str, Any], ...] = ()
    """e.g. [{name: chartqa, path: /data/ChartQA, weight: 2, limit: 5000}, {name: highres, path: /data/vstar}]; a part
    has the settings of its source, and of its own weight (rows that it gives in the time of one row of weight 1) and
    limit (maximum rows)"""

    def __post_init__(self) -> None:
        if not self.parts:
            raise ValueError("parts must list sources: parts=[{name: ..., path: ...}, ...]")
        for number, part in enumerate(self.parts):
            _weight(part, number)
            limit = part.get("limit")
            if limit is not None and (type(limit) is not int or limit < 1):
                raise ValueError(f"parts[{number}].limit must be a whole number of at least 1, or null")
            if part.get("name") == "mix":
                raise ValueError(f"parts[{number}].name: a mix has no mix in it: name its parts")

    @property
    def place(self) -> str:
        """See `SourceSettings`."""
        return ", ".join(str(part.get("path", part.get("name", ""))) for part in self.parts)


def _weight(part: Mapping[str, Any], number: int) -> float:
    weight = part.get("weight", 1)
    if isinstance(weight, bool) or not isinstance(weight, (int, float)) or not 0 < weight < 1e6:
        raise ValueError(f"parts[{number}].weight must be a number above 0")
    return float(weight)


class MixSource(PartsSource):
    """See `MixSettings`.

    The next slice is of the part with the fewest rows for its weight, of several such of the first. So a run with a
    limit has the proportions, as far as whole slices allow, and the order is the same everywhere.
    """

    def __init__(self, sources: Sequence[Source], weights: Sequence[float], limits: Sequence[int | None]) -> None:
        super().__init__("mix", sources)
        self._weights, self._limits = tuple(weights), tuple(limits)

    def slices(self) -> Iterator[PartSlice]:
        """See `Source`."""
        going = {number: source.slices() for number, source in enumerate(self._sources)}
        given = dict.fromkeys(going, 0)
        while going:
            number = min(going, key=lambda one: (given[one] / self._weights[one], one))
            limit = self._limits[number]
            left = None if limit is None else limit - given[number]
            inner = next(going[number], None) if left is None or left > 0 else None
            if inner is None:
                del going[number]
                continue
            part = PartSlice(number, inner, left if left is not None and left < (inner.rows or left + 1) else None)
            yield part
            given[number] += part.rows if part.rows is not None else UNKNOWN_ROWS


def part_settings(part: Mapping[str, Any], number: int) -> tuple[SourceSpec, SourceSettings]:
    """The spec and the settings of a part.

    Raises:
        SourceError: there is no such source, or a setting is wrong.
    """
    given = {key: value for key, value in part.items() if key not in ("weight", "limit")}
    where = f"sources/mix: source.parts[{number}]"
    try:
        spec = SOURCES.get(str(given.get("_spec_") or given.get("name", "")))
    except SpecError as error:
        raise SourceError(f"{where}: {error}") from error
    known = {field.name for field in fields(spec.settings)}
    if unknown := [key for key in given if key not in known]:
        raise SourceError(f"{where}: {spec.name} has no setting {unknown[0]} (there are: {', '.join(sorted(known))})")
    try:
        return spec, TypeAdapter(spec.settings).validate_python(given)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise SourceError(f"{where}: {place}: {first['msg'].removeprefix('Value error, ')}") from error


def mix(settings: MixSettings) -> MixSource:
    """The source.

    Raises:
        SourceError: a part cannot be opened; the message begins with its number.
    """
    sources = []
    for number, part in enumerate(settings.parts):
        spec, own = part_settings(part, number)
        try:
            sources.append(spec.build(own))
        except SourceError as error:
            raise SourceError(f"sources/mix: source.parts[{number}]: {error}") from error
    weights = [_weight(part, number) for number, part in enumerate(settings.parts)]
    return MixSource(sources, weights, [part.get("limit") for part in settings.parts])


def _look_for(settings: MixSettings) -> str | None:
    waits = []
    for number, part in enumerate(settings.parts):
        spec, own = part_settings(part, number)
        waits.append(spec.look_for(own))
    return "; ".join(wait for wait in waits if wait) or None


SPEC = SourceSpec(settings=MixSettings, build=mix, version=1, look_for=_look_for, not_in_recipe=frozenset({"parts"}))
