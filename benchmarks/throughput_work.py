"""The work of the throughput benchmark, the same for lensmill and its peers: one small picture, an agent that answers
at once, and rules that judge the answer."""

import hashlib
import io
import json
from dataclasses import asdict
from typing import Any

from PIL import Image

from actors.rollouts.pictures import Pictures
from actors.rollouts.runtime import Runtime
from actors.rollouts.worker_metrics import NOT_WATCHED, Watch
from lensmill.agents.direct.settings import DirectSettings
from lensmill.agents.environment import Environment
from lensmill.agents.protocol import Rollout
from lensmill.judging.rule_judge import RuleSettings
from lensmill.models.settings import ModelSettings
from lensmill.resolution import Ladder
from lensmill.sample import Sample, sample_id_of
from lensmill.sandbox.settings import SandboxSettings
from lensmill.trajectory import Message, Part
from storage.builds.images import ImageStore
from storage.builds.plan import PlannedSample, plan_sample
from storage.files.store import Files

CHUNK, IN_FLIGHT, RUNGS = 256, 64, (224,)
NOBODY = ModelSettings("nobody", ("http://127.0.0.1:9/v1",))
"""The stub agent calls no model, but an agent of its kind must have one."""

FINGERPRINT, JUDGE = "b" * 16, "j" * 16


class StubAgent:
    """Answers at once, without a model."""

    name = "direct"

    async def run(self, environment: Environment) -> Rollout:
        """Return the same answer for every episode."""
        asked = Message("user", (Part(image=0), Part(environment.task.question)))
        said = Message("assistant", (Part("<think>It is clear.</think><answer>7</answer>"),))
        return environment.hand_in("It is clear.", "7", (asked, said))


def put_picture(files: Files) -> str:
    """Store the picture of every episode; return its id."""
    buffer = io.BytesIO()
    Image.new("RGB", (300, 200), "navy").save(buffer, "PNG")
    data = buffer.getvalue()
    image_id = hashlib.sha256(data).hexdigest()
    ImageStore(files).put(image_id, data)
    return image_id


def planned(image_id: str, number: int) -> PlannedSample:
    """The sample with this number, and its one episode."""
    question = f"How high is bar {number}?"
    sample = Sample(sample_id_of(image_id, question, ("7",)), image_id, 300, 200, question, ("7",))
    return plan_sample(FINGERPRINT, sample, RUNGS, ("direct",), (0,))


class Episodes:
    """Runs these episodes in a peer's process with our library.

    Args:
        folder: of the store that holds the picture.
    """

    def __init__(self, folder: str) -> None:
        files, ladder = Files(folder), Ladder(RUNGS)
        self._pictures = Pictures(ImageStore(files), ladder)
        watch = Watch(NOT_WATCHED, FINGERPRINT, files, RUNGS)
        self._runtime = Runtime(DirectSettings(), RuleSettings(), {"agent": NOBODY}, SandboxSettings(), ladder, watch)
        self._agent = StubAgent()

    async def make(self, image_id: str, number: int) -> dict[str, Any]:
        """Run and judge one episode. Return its row as plain values."""
        found = planned(image_id, number)
        sample, episode = found.sample, found.episodes[0]
        original = await self._pictures.original(image_id)
        view = await self._pictures.view(image_id, episode.rung)
        rollout = await self._agent.run(self._runtime.environment(episode, sample, original, view, []))
        trajectory = rollout.trajectory
        verdict = await self._runtime.judge.judge(
            sample.question, sample.answers, sample.choices, trajectory.answer, episode.episode_id
        )
        return {
            "episode_id": episode.episode_id,
            "sample_id": sample.sample_id,
            "rung": episode.rung,
            "answer": trajectory.answer,
            "images": json.dumps([asdict(image) for image in trajectory.images]),
            "messages": json.dumps([asdict(message) for message in trajectory.messages]),
            "outcome": verdict.outcome,
        }
