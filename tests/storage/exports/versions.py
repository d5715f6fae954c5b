"""A published version whose rows can be exported."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import replace

from lensmill.formats.example import Example
from lensmill.replay import ReplaySettings
from lensmill.sample import sample_id_of
from lensmill.trajectory import ImageRef, Trajectory
from storage.builds.images import ImageStore
from storage.builds.plan import PlannedEpisode
from storage.datasets.shards import ShardSizes
from storage.files.store import Files
from tests.formats.examples import an_example
from tests.storage.published_rows import INPUTS, Row, accepted, publish, rejected

VERSION = "v1"

RUNGS = (448, 672)
"""Of the episodes by turns: each rung is a shard, and a part of an export."""


def rows(files: Files, wrong: Sequence[int] = (), count: int = 6) -> Iterator[Row]:
    """`count` accepted episodes, each with a question of its own; those of `wrong` also have a rejected one."""
    images = ImageStore(files)
    for number in range(count):
        for answer in ("7", "8") if number in wrong else ("7",):
            yield _row(images, an_example(number=number, answer=answer), number, answer)


def _row(images: ImageStore, example: Example, number: int, answer: str) -> Row:
    original = b"picture %d" % number
    image_id = hashlib.sha256(original).hexdigest()
    images.put(image_id, original)
    references = []
    for picture, reference in zip(example.pictures, example.trajectory.images, strict=True):
        data = bytes(picture.data) + b"%d" % number
        name = hashlib.sha256(data).hexdigest()
        images.put(name, data)
        references.append(replace(reference, image_id=name))
    sample = replace(
        example.sample,
        sample_id=sample_id_of(image_id, "What is bar 7?", ("7",)),
        image_id=image_id,
        subset=str(number),
    )
    planned = PlannedEpisode(
        f"{number:016x}{answer:0>16}", sample.sample_id, RUNGS[number % 2], "zoom", int(answer) - 7
    )
    trajectory = _with_images(example.trajectory, references)
    return (accepted if answer == "7" else rejected)(planned, sample, trajectory)


def _with_images(trajectory: Trajectory, references: list[ImageRef]) -> Trajectory:
    steps, at = [], 1
    for step in trajectory.steps:
        observation = step.observation
        if observation is not None:
            shown = tuple(references[at : at + len(observation.images)])
            at += len(shown)
            observation = replace(observation, images=shown)
        steps.append(replace(step, observation=observation))
    return replace(trajectory, images=tuple(references), steps=tuple(steps))


def a_version(root: str, wrong: Sequence[int] = (), count: int = 6, rows_a_group: int = 2) -> str:
    """Publish a version below a store's root; returns its folder."""
    files = Files(root)
    inputs = replace(INPUTS, replay=ReplaySettings().record())
    sizes = ShardSizes(row_group_rows=rows_a_group)
    return publish(files, VERSION, rows(files, wrong, count), inputs, sizes=sizes).path
