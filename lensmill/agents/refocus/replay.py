"""Replay: the pictures that an episode's recorded code made, from the original alone (design invariant 2)."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from lensmill.agents.refocus.agent import LOST
from lensmill.agents.refocus.opening import Parts
from lensmill.agents.refocus.parts import from_record, parts_of
from lensmill.agents.refocus.showing import showable
from lensmill.geometry import Box
from lensmill.models.families import ModelFamily
from lensmill.picture import Picture
from lensmill.sample import Region
from lensmill.sandbox.protocol import Sandbox
from lensmill.tools import PYTHON
from lensmill.trajectory import Step

Shown = tuple[list[Picture], tuple[tuple[str, Box], ...]]
"""What a block showed, and what its tool calls focused on, label -> box in original pixels."""


def replay_code(
    view: Picture, steps: Sequence[Step], regions: Iterable[Region], sandbox: Sandbox, most: int, family: ModelFamily
) -> Iterator[Shown]:
    """Run an episode's code again in a fresh session, a block at a time; one item for each `python` step.

    Pixel hashes are those of the steps' observations, in order. A block that a limit ended and that showed nothing is
    not run again, since how far it came differs from run to run; as then, the next one starts afresh.

    Args:
        view: the episode's first picture, drawn again from the original.
        regions: of the sample; where it has none, the parts that the first step recorded are taken, never OCR's.
        sandbox: with the interpreters of the episode, and its limits or more seconds.
        most, family: see `showable`; `most` is the episode's `most_pixels`.
    """
    blocks = [step for step in steps if step.action is not None and step.action.tool == PYTHON]
    parts = _parts(view, blocks, list(regions))
    session = sandbox.session([view], parts)
    try:
        for step in blocks:
            code, count = _code(step), len(step.observation.images) if step.observation else 0
            lost = step.observation is not None and step.observation.error and LOST in step.observation.text
            if lost and not count:
                yield [], ()
            else:
                execution = session.run(code)
                fitted, _ = showable(execution.pictures, most, family)
                # the conversation may have had no room for the last ones
                yield fitted[:count], execution.boxes
            if lost:
                session.close()
                session = sandbox.session([view], parts)
    finally:
        session.close()


def _code(step: Step) -> str:
    assert step.action is not None
    code: Any = step.action.arguments.get("code")
    if not isinstance(code, str):
        raise ValueError("a step of code without its code")
    return code


def _parts(view: Picture, blocks: Sequence[Step], regions: Sequence[Region]) -> Parts:
    if regions:
        return parts_of(view, regions)
    first = blocks[0].action if blocks else None
    return from_record(first.arguments.get("boxes", {})) if first is not None else {}
