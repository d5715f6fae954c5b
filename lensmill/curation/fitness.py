"""Texts that must not be in a row to train on, right or wrong: one named reason, or none."""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from typing import Any, Literal, get_args

from lensmill.curation.made_up import makes_up
from lensmill.curation.runaway import runs_away
from lensmill.sample import Sample
from lensmill.template_tokens import bad_character, holds_template_token
from lensmill.trajectory import Message, Step, Trajectory

Unfit = Literal["unseen_picture", "template_token", "bad_character", "empty_turn", "runaway", "made_up_observation"]

UNFIT: frozenset[Unfit] = frozenset(get_args(Unfit))

SAME_TURNS = 3
"""Times that one conversation holds the same reply, letter by letter, if the model runs in circles."""

_OWN_TAGS = re.compile(r"</?(?:think|tool_call|answer)>")
_TAGS = re.compile(r"<[^<>\n]{1,80}>")


def unfit(sample: Sample, trajectory: Trajectory) -> Unfit | None:
    """The reason why an answered episode cannot be trained on; None if it can.

    Protocol tags are allowed in messages, where the agents' protocols have them. The sample, thoughts, arguments,
    labels, answer and observations must hold none. Exception: an observation about a wrong reply may name the tags that
    the reply lacks.
    """
    if len(trajectory.shown) < len(trajectory.images):
        return "unseen_picture"
    messages = [_text(message) for message in trajectory.messages]
    data = [*_of_sample(sample), *_of_steps(trajectory.steps), trajectory.answer or ""]
    if any(map(holds_template_token, data)) or any(holds_template_token(text, tags=False) for text in messages):
        return "template_token"
    if any(bad_character(text) for text in (*data, *messages)):
        return "bad_character"
    turns = _turns(trajectory)
    if any("\ufffd" in turn for turn in turns):
        return "bad_character"
    if any(_says_nothing(turn) for turn in turns):
        return "empty_turn"
    thoughts = [step.thought for step in trajectory.steps if not any(step.thought in turn for turn in turns)]
    if any(turns.count(turn) >= SAME_TURNS for turn in set(turns)) or any(map(runs_away, (*turns, *thoughts))):
        return "runaway"
    return "made_up_observation" if makes_up(trajectory.messages, trajectory.steps) else None


def never_spoke(trajectory: Trajectory) -> bool:
    """Whether a model was asked and all its replies are empty."""
    turns = _turns(trajectory)
    return bool(turns) and all(map(_says_nothing, turns))


def _turns(trajectory: Trajectory) -> list[str]:
    return [_text(message) for message in trajectory.messages if message.role == "assistant"]


def _text(message: Message) -> str:
    return "".join(part.text for part in message.parts)


def _says_nothing(turn: str) -> bool:
    """Whether a turn has no letter, digit or sign besides its tags. An answer may be a punctuation mark."""
    if "<answer>" in turn and _TAGS.sub("", turn).strip():
        return False
    return not any(unicodedata.category(character)[0] in "LNS" for character in _TAGS.sub("", turn))


def _of_sample(sample: Sample) -> Iterator[str]:
    yield from (sample.question, *sample.answers, *sample.choices, *(region.label for region in sample.regions))
    yield from (sample.source, sample.subset, sample.split, sample.licence)


def _of_steps(steps: tuple[Step, ...]) -> Iterator[str]:
    for step in steps:
        yield step.thought
        if step.action is not None:
            yield step.action.tool
            yield from _of_value(dict(step.action.arguments))
            yield from (label for label, _ in step.action.boxes)
        if step.observation is not None:
            text = step.observation.text
            yield _OWN_TAGS.sub("", text) if step.observation.error else text


def _of_value(value: Any) -> Iterator[str]:
    """Every text in a JSON value, keys too."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield str(key)
            yield from _of_value(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _of_value(item)
