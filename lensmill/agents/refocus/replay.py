"""Replay: the pictures that an episode's recorded code made, from the original alone (design invariant 2)."""

from collections.abc import Iterable, Sequence

from lensmill.agents.refocus.agent import PYTHON
from lensmill.agents.refocus.parts import Parts, from_record, parts_of
from lensmill.agents.refocus.showing import showable
from lensmill.models.families import ModelFamily
from lensmill.picture import Picture
from lensmill.sample import Region
from lensmill.sandbox.protocol import Sandbox
from lensmill.trajectory import Step


def replay_code(
    view: Picture, steps: Sequence[Step], regions: Iterable[Region], sandbox: Sandbox, most: int, family: ModelFamily
) -> list[list[Picture]]:
    """Run an episode's code again in a fresh session; for each `python` step the pictures that it showed.

    Their pixel hashes are those of the steps' observations, in order. A block that ran out of time then may end in
    time now, and the other way round, on a machine of another speed; all else follows from the arguments.

    Args:
        view: the episode's first picture, drawn again from the original.
        regions: of the sample; where it has none, the parts that the first step recorded are taken, never OCR's.
        sandbox: with the lanes and limits of the episode.
        most, family: see `showable`; `most` is the episode's `most_pixels`.
    """
    blocks = [step for step in steps if step.action is not None and step.action.tool == PYTHON]
    session = sandbox.session([view], _parts(view, blocks, list(regions)))
    shown = []
    try:
        for step in blocks:
            assert step.action is not None
            execution = session.run(step.action.arguments["code"])
            fitted, _ = showable(execution.pictures, most, family)
            # the conversation may have had no room for the last ones
            shown.append(fitted[: len(step.observation.images) if step.observation else 0])
    finally:
        session.close()
    return shown


def _parts(view: Picture, blocks: Sequence[Step], regions: Sequence[Region]) -> Parts:
    if regions:
        return parts_of(view, regions)
    first = blocks[0].action if blocks else None
    return from_record(first.arguments.get("boxes", {})) if first is not None else {}
