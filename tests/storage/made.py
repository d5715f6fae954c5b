"""Values for the store's tests, made from numbers."""

import hashlib
from collections.abc import Iterator, Sequence

from lensmill.geometry import Box, Frame
from lensmill.sample import Sample, sample_id_of
from lensmill.trajectory import Action, ImageRef, Message, Observation, Part, Step, Trajectory
from storage.builds.episodes import EpisodeRow, Failure
from storage.builds.plan import Chunk, PlannedSample, plan_sample

FINGERPRINT = "f" * 32


def a_sample(number: int, image: bytes | None = None) -> Sample:
    image_id = hashlib.sha256(image or b"picture %d" % number).hexdigest()
    question, answers = f"What is bar {number}?", (str(number),)
    return Sample(
        sample_id_of(image_id, question, answers),
        image_id,
        300,
        200,
        question,
        answers,
        source="made",
        subset="bars",
        split="train",
        licence="CC0-1.0",
        origin=f"row {number}",
    )


def planned(
    numbers: Sequence[int], rungs: Sequence[int] = (224, 448), fingerprint: str = FINGERPRINT
) -> Iterator[PlannedSample]:
    for number in numbers:
        yield plan_sample(fingerprint, a_sample(number), rungs, ("reader",), (0,))


def an_image(data: bytes = b"view", size: tuple[int, int] = (28, 56)) -> ImageRef:
    return ImageRef(hashlib.sha256(data).hexdigest(), hashlib.sha256(b"pixels" + data).hexdigest(), Frame.whole(size))


def a_trajectory(view: ImageRef | None = None, crop: ImageRef | None = None, answer: str = "7") -> Trajectory:
    view, crop = view or an_image(), crop or an_image(b"crop")
    action = Action(
        "image_zoom_in_tool", {"bbox_2d": [1, 2, 20, 30.5], "label": "bar"}, (("bar", Box(1, 2, 20, 30.5)),)
    )
    return Trajectory(
        (view, crop),
        (Step("I look closer.", action, Observation("", (crop,))), Step("It is clear now.")),
        (
            Message("user", (Part(image=0), Part("What is bar 7?"))),
            Message("assistant", (Part("I look closer."),)),
            Message("user", (Part(image=1),)),
        ),
        answer,
        "answered",
    )


def done(chunk: Chunk, seconds: float = 1.0) -> tuple[EpisodeRow, ...]:
    return tuple(EpisodeRow(episode, "done", a_trajectory(), seconds=seconds) for episode in chunk.episodes)


def failed(chunk: Chunk) -> tuple[EpisodeRow, ...]:
    failure = Failure("engine_error", "the engine went away", 3, "start the engine and run with retry=engine_error")
    return tuple(EpisodeRow(episode, "failed", failure=failure) for episode in chunk.episodes)
