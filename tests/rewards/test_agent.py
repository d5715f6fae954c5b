"""Rollouts of our own zoom agent earn what the ledger says of them."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from lensmill.agents.environment import Environment
from lensmill.agents.protocol import Task
from lensmill.agents.zoom.agent import ZoomAgent
from lensmill.facts.looks import area_of, asked_by, covered, shown_by, zooms_of
from lensmill.picture import draw_view
from lensmill.rewards import read_asked, read_attempt
from lensmill.tools import ZOOM
from lensmill.training import open_episode
from lensmill.trajectory import Message, Trajectory
from tests.agents.scripted import ScriptedModel
from tests.rewards.rollouts import answer, call, value

SIZE = (600, 400)
ROW = {"question": "Which colour?", "references": ["red"], "targets": [[250.0, 150.0, 380.0, 230.0]], "rung": 224}
ASKED = read_asked({**ROW, "original_width": SIZE[0], "original_height": SIZE[1]})
BOXES = st.tuples(st.integers(0, 120), st.integers(0, 80), st.integers(20, 130), st.integers(20, 80))


def completion(messages: tuple[Message, ...]) -> list[dict[str, Any]]:
    """The messages after the prompt, as trainers write them."""

    def written(message: Message) -> list[dict[str, str]]:
        return [
            {"type": "text", "text": part.text} if part.image is None else {"type": "image"} for part in message.parts
        ]

    return [{"role": message.role, "content": written(message)} for message in messages[2:]]


async def rollout(*replies: str) -> Trajectory:
    original = Image.new("RGB", SIZE)
    environment = Environment(Task(str(ROW["question"]), 224), original, draw_view(original, 224))
    return (await ZoomAgent(ScriptedModel(*replies)).run(environment)).trajectory


@settings(max_examples=25, deadline=None)
@given(st.lists(BOXES, max_size=3), st.sampled_from(["red", "blue"]))
async def test_rewards_see_the_zooms_and_the_answer_of_the_record(
    corners: list[tuple[int, int, int, int]], said: str
) -> None:
    boxes = [(x, y, x + width, y + height) for x, y, width, height in corners]
    trajectory = await rollout(*(call(box) for box in boxes), answer(said))
    tried = read_attempt(completion(trajectory.messages), ASKED)
    zooms = list(zooms_of(trajectory))
    assert [(look.asked, look.shown) for look in tried.looks] == [(asked_by(zoom), shown_by(zoom)) for zoom in zooms]
    assert tried.calls == len(boxes)
    assert tried.answer == trajectory.answer
    assert value("format", tried) == 1
    targets = ASKED.targets
    if all(look.new for look in tried.looks):
        assert value("target_coverage", tried) == covered(map(shown_by, zooms), targets) / area_of(targets)


async def test_several_calls_of_one_reply_all_count() -> None:
    both = call((10, 10, 60, 60)) + call((100, 50, 160, 90)).partition("</think>")[2]
    trajectory = await rollout(both, answer("red"))
    assert len(read_attempt(completion(trajectory.messages), ASKED).looks) == len(trajectory.images) - 1 == 2


def test_a_rollout_through_the_episode_of_training_counts_the_same() -> None:
    episode = open_episode(Image.new("RGB", SIZE), 224)
    boxes, messages = [(10, 10, 60, 60), (0, 0, 1, 1), (100, 50, 160, 90)], list[dict[str, Any]]()
    for box in boxes:
        shown = episode.call(ZOOM, {"bbox_2d": list(box)})
        messages += [{"role": "assistant", "content": call(box)}, {"role": "tool", "content": shown.text}]
    tried = read_attempt([*messages, {"role": "assistant", "content": answer("red")}], ASKED)
    assert [look.shown for look in tried.looks] == [frame.region for frame in episode.toolbox.pictures.frames[1:]]
