"""An episode's code runs again, and shows the same pixels."""

from lensmill.agents.environment import Environment
from lensmill.agents.protocol import Rollout, Task
from lensmill.agents.refocus.agent import RefocusAgent
from lensmill.agents.refocus.replay import replay_code
from lensmill.models.families import ModelFamily
from lensmill.picture import draw_view, pixel_hash
from lensmill.sample import Region
from lensmill.sandbox.protocol import Sandbox
from lensmill.tools import ToolSettings
from tests.agents.scripted import ScriptedModel, a_picture, two_columns
from tests.perception.drawn import columns

FIRST = 'kept = focus_on_x_values_with_draw(image_1, ["{label}"], x_values_bbox)\ndisplay(kept)'
SECOND = "display(kept.crop((0, 0, 150, 99)), kept.crop((0, 0, 300, 2)), kept)"
FAMILY = ModelFamily(min_pixels=40_000)


def reply(code: str) -> str:
    return f"THOUGHT: I look.\nACTION:\n```python\n{code}\n```"


async def episode(environment: Environment, sandbox: Sandbox, label: str) -> Rollout:
    lines = [reply(FIRST.format(label=label)), "hm", reply(SECOND), "FINAL ANSWER: 4. TERMINATE"]
    return await RefocusAgent(ScriptedModel(*lines, family=FAMILY), sandbox).run(environment)


async def replays(environment: Environment, rollout: Rollout, sandbox: Sandbox, regions: tuple[Region, ...]) -> None:
    """In a fresh session, with nothing but the original, the record and the sample's regions."""
    steps = rollout.trajectory.steps
    recorded = [
        [ref.pixel_hash for ref in step.observation.images] for step in steps if step.action and step.observation
    ]
    assert [len(hashes) for hashes in recorded] == [1, 2]
    view = draw_view(environment.original, environment.task.rung)
    shown = replay_code(view, steps, regions, sandbox, environment.settings.most_pixels(environment.task.rung), FAMILY)
    assert [[pixel_hash(picture.pixels) for picture in pictures] for pictures, _ in shown] == recorded


async def test_an_episode_whose_parts_we_found_replays_from_its_record(sandbox: Sandbox) -> None:
    original = columns({"2015": [43], "2016": [71], "2017": [58]}).picture.pixels
    environment = Environment(Task("?", 896), original, draw_view(original, 896), ToolSettings())
    rollout = await episode(environment, sandbox, "2016")
    first, _, second = (step.action for step in rollout.trajectory.steps[:3])
    assert first is not None
    assert second is not None
    assert set(first.arguments["boxes"]["x_values"]) == {"2015", "2016", "2017"}
    assert set(second.arguments) == {"code"}
    await replays(environment, rollout, sandbox, ())


async def test_an_episode_with_the_sample_s_parts_replays_without_a_record_of_them(sandbox: Sandbox) -> None:
    original, regions = a_picture(), two_columns()
    environment = Environment(Task("?", 448, regions=regions), original, draw_view(original, 448), ToolSettings())
    rollout = await episode(environment, sandbox, "2019")
    assert all("boxes" not in step.action.arguments for step in rollout.trajectory.steps if step.action)
    await replays(environment, rollout, sandbox, regions)
