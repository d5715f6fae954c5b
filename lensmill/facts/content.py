"""A hash of all that an episode's row in a version shows, so that a block of a version follows from contents."""

import hashlib
from collections.abc import Mapping
from typing import Any

from lensmill.facts.measure import Column, Episode, Making, Measure


def _of(episode: Episode, _: Making) -> Mapping[str, Any]:
    failure = episode.failure
    failed = None if failure is None else (failure.error_class, failure.message, failure.attempts)
    calls = () if failure else episode.calls  # the row of a failure shows none
    replies = [(call.role, call.reply.model, call.reply.usage) for call in calls]
    tokens = [(role, model, usage.prompt, usage.completion) for role, model, usage in replies]
    shown = (episode.sample, episode.trajectory, failed, episode.verdict, tokens)
    digest = hashlib.sha256(repr(shown).encode("utf-8", "backslashreplace")).digest()
    return {"content": int.from_bytes(digest[:8], "big", signed=True)}


SPEC = Measure(
    "content",
    (
        Column(
            "content",
            "int64",
            "hash of sample, trajectory, failure, verdict and tokens: rows with one hash show the same",
        ),
    ),
    _of,
)
