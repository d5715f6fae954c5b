"""Judged episodes made by hand, with boxes that a test chooses."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from lensmill.facts.measure import MEASURES, Making
from lensmill.geometry import Box, Frame
from lensmill.tools import EDIT_TOOLS, ZOOM
from lensmill.trajectory import Action, ImageRef, Observation, Step, Trajectory
from lensmill.verdict import Verdict
from storage.builds.episodes import Failure
from storage.builds.judged import JudgedEpisode
from storage.builds.plan import plan_sample
from tests.storage.made import FINGERPRINT, a_sample

EDIT = sorted(EDIT_TOOLS)[0]
MAKING = Making({"agent": {"name": "reader"}, "ladder": {"factor": 28}}, FINGERPRINT, "j" * 16)
SAMPLE = replace(a_sample(7), width=400, height=200)
VIEW = ImageRef("v" * 64, "w" * 64, Frame.whole((400, 200), (224, 112)))


def a_zoom(shown: Box, asked: Box | None = None) -> Step:
    """A zoom that asked for a box and showed another, in pixels of the original."""
    boxes = (("it", asked or shown),)
    picture = ImageRef(f"{shown}", f"pixels {shown}", Frame(shown, 56, 56))
    return Step("I look closer.", Action(ZOOM, {}, boxes), Observation("", (picture,)))


def an_edit(*marked: Box) -> Step:
    boxes = tuple((str(number), box) for number, box in enumerate(marked))
    picture = ImageRef(f"edit {marked}", f"pixels {marked}", VIEW.frame)
    return Step("I mark it.", Action(EDIT, {}, boxes), Observation("", (picture,)))


def an_error(tool: str | None = ZOOM) -> Step:
    """A call that failed, or (without a tool) a reply that could not be read."""
    return Step("hm", None if tool is None else Action(tool, {}), Observation("no", error=True))


def an_episode(
    steps: Sequence[Step] = (),
    answer: str | None = "7",
    targets: Sequence[Box] = (),
    verdict: Verdict | None = None,
    **values: Any,
) -> JudgedEpisode:
    sample = replace(values.pop("sample", SAMPLE), targets=tuple(targets))
    (planned,) = plan_sample(FINGERPRINT, sample, (224,), ("reader",), (0,)).episodes
    images = (VIEW, *(ref for step in steps if step.observation for ref in step.observation.images))
    stop = "abstained" if answer is None else "answered"
    trajectory = Trajectory(images, (*steps, Step("So.")), (), answer, stop)  # type: ignore[arg-type]
    return JudgedEpisode(planned, sample, trajectory, None, verdict or Verdict("correct", "number"), **values)


def a_failure() -> JudgedEpisode:
    episode = an_episode()
    failure = Failure("timeout", "took too long", 2)
    return JudgedEpisode(episode.planned, episode.sample, None, failure, None, 3.0)


def facts(measure: str, episode: JudgedEpisode, making: Making = MAKING) -> dict[str, Any]:
    """What one measure says of an episode; columns that it leaves out are None."""
    spec = MEASURES.get(measure)
    values = spec.of(episode, making)
    names = [column.name for column in spec.columns]
    assert values.keys() <= {*names}
    return {name: values.get(name) for name in names}
