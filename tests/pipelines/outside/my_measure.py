"""A measure: the length of the answer."""

from collections.abc import Mapping
from typing import Any

from lensmill.facts.measure import Column, Episode, Making, Measure


def _of(episode: Episode, _making: Making) -> Mapping[str, Any]:
    answer = episode.trajectory.answer if episode.trajectory is not None else None
    return {"answer_length": None if answer is None else len(answer)}


SPEC = Measure("answer_length", (Column("answer_length", "int32", "characters of the answer"),), _of)
