"""A worker and recorded trajectories: pictures come from the store, and only agents that need a recording see it."""

from pathlib import Path

import pytest

from actors.rollouts.pictures import Pictures
from actors.rollouts.runtime import Runtime
from actors.rollouts.worker_metrics import NOT_WATCHED, Watch
from lensmill.agents.reader.settings import ReaderSettings
from lensmill.agents.recorded.settings import RecordedSettings
from lensmill.agents.settings import AgentSettings
from lensmill.judging.rule_judge import RuleSettings
from lensmill.resolution import Ladder
from lensmill.sandbox.settings import SandboxSettings
from storage.builds.images import ImageStore
from storage.builds.plan import plan_sample
from storage.files.store import Files, StoreError
from tests.formats.test_refocus_rows import a_row, made_of, picture

LADDER = Ladder((224,))


@pytest.mark.parametrize(("agent", "sees"), [(RecordedSettings(), True), (ReaderSettings(), False)])
async def test_only_an_agent_that_needs_a_recording_is_given_it(
    tmp_path: Path, agent: AgentSettings, sees: bool
) -> None:
    files, sample = Files(str(tmp_path)), made_of(a_row()).sample
    images = ImageStore(files)
    for colour in ("white", "red"):
        images.put(picture(colour).image_id, picture(colour).data)
    pictures = Pictures(images, LADDER)
    runtime = Runtime(agent, RuleSettings(), {}, SandboxSettings(), LADDER, Watch(NOT_WATCHED, "f", files))
    (planned,) = plan_sample("f", sample, (224,), (agent.name,), (0,)).episodes
    original = await pictures.original(sample.image_id)
    view = await pictures.view(sample.image_id, 224)
    recorded = await pictures.recorded(sample)
    environment = runtime.environment(planned, sample, original, view, [], recorded)
    assert runtime.needs_recording == sees
    assert environment.recorded == (recorded if sees else None)


async def test_a_given_picture_that_is_missing_in_the_store_is_an_error_of_the_store(tmp_path: Path) -> None:
    pictures = Pictures(ImageStore(Files(str(tmp_path))), LADDER)
    with pytest.raises(StoreError, match="is missing"):
        await pictures.recorded(made_of(a_row()).sample)
