"""Measures: named columns, and a pure function from a judged episode to their values."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from lensmill.models.chat import ModelCall
from lensmill.sample import Sample
from lensmill.specs import Registry, SpecError
from lensmill.trajectory import Trajectory
from lensmill.verdict import Verdict

Kind = Literal["bool", "int32", "int64", "float32", "float64", "string", "list<float32>", "list<string>"]
"""The type of a column. Every column may be null: the fact is unknown, or does not apply."""


class Planned(Protocol):
    """The plan's part of an episode; `storage.builds.plan.PlannedEpisode` is one."""

    @property
    def episode_id(self) -> str:
        """Hash of everything that decides the episode."""

    @property
    def sample_id(self) -> str:
        """The sample's id."""

    @property
    def rung(self) -> int:
        """Side of the view's rung in pixels."""

    @property
    def agent(self) -> str:
        """The agent's name."""

    @property
    def seed(self) -> int:
        """The seed of the episode."""


class Failed(Protocol):
    """Why an episode has no trajectory; `storage.builds.episodes.Failure` is one."""

    @property
    def error_class(self) -> str:
        """The stable name of the error."""

    @property
    def message(self) -> str:
        """One line for a person."""

    @property
    def attempts(self) -> int:
        """The number of attempts."""


class Episode(Protocol):
    """A judged episode; `storage.builds.judged.JudgedEpisode` is one, with the meaning of each attribute."""

    @property
    def planned(self) -> Planned:
        """The plan's part."""

    @property
    def sample(self) -> Sample:
        """The sample."""

    @property
    def trajectory(self) -> Trajectory | None:
        """The record; None if the episode failed."""

    @property
    def failure(self) -> Failed | None:
        """The failure; None if the episode did not fail."""

    @property
    def verdict(self) -> Verdict | None:
        """The judge's verdict; None without one."""

    @property
    def seconds(self) -> float:
        """Wall time of the episode."""

    @property
    def calls(self) -> tuple[ModelCall, ...]:
        """The calls to models."""


@dataclass(frozen=True, slots=True)
class Making:
    """How all episodes of a build were made.

    Attributes:
        recipe: as the build records it: its source, agent, ladder, models and packages.
        fingerprint: of the recipe.
        judge: fingerprint of the judge.
    """

    recipe: Mapping[str, Any]
    fingerprint: str
    judge: str


@dataclass(frozen=True, slots=True)
class Column:
    """One column of the ledger.

    Attributes:
        doc: the meaning and the unit, for `pipelines.query --help`.
        varies: the value depends on the machine or the hour, e.g. seconds and retries. A version's ledger lacks such
            columns, so that the same episodes give the same bytes.
    """

    name: str
    kind: Kind
    doc: str
    varies: bool = False


@dataclass(frozen=True, slots=True)
class Measure:
    """The spec of a measure.

    Attributes:
        columns: that it fills.
        of: the values of one episode by column; a column that is left out is null. Pure: the same episode gives the
            same values. A measure that raises leaves its columns null and its name in the row's `unmeasured`.
        version: raised when the same episode gives other values; ledgers are then written anew.
    """

    name: str
    columns: tuple[Column, ...]
    of: Callable[[Episode, Making], Mapping[str, Any]]
    version: int = 1


MEASURES: Registry[Measure] = Registry("measure", "lensmill.facts", Measure)
"""Every measure of ours: the modules beside this one that export a SPEC."""

UNMEASURED = Column("unmeasured", "list<string>", "names of the measures that failed on this episode; mostly empty")


def measures_of(names: Sequence[str] = ()) -> tuple[Measure, ...]:
    """Every measure of ours, `identity` first, then those that are named as `module:NAME`, in their order.

    Raises:
        SpecError: there is no such measure, or two measures have a column of the same name.
    """
    ours = sorted(MEASURES.own.values(), key=lambda measure: (measure.name != "identity", measure.name))
    found = (*ours, *(MEASURES.get(name) for name in dict.fromkeys(names)))
    owner = {UNMEASURED.name: "the ledger"}
    for measure in found:
        for column in measure.columns:
            if column.name in owner:
                raise SpecError(
                    f"measure {measure.name}: the column {column.name} is one of {owner[column.name]}: rename it"
                )
            owner[column.name] = measure.name
    return found


def facts_of(episode: Episode, making: Making, measures: Sequence[Measure]) -> dict[str, Any]:
    """The values of every column, of all the measures."""
    facts: dict[str, Any] = {}
    failed: list[str] = []
    for measure in measures:
        try:
            values = measure.of(episode, making)
        except Exception:  # any code may fail: a failure costs the facts of this measure only
            values = {}
            failed.append(measure.name)
        for column in measure.columns:
            facts[column.name] = values.get(column.name)
    return {**facts, UNMEASURED.name: failed}
