"""Rows to publish, with their pictures in the store."""

import io
from collections.abc import Iterator, Sequence

from PIL import Image

from lensmill.picture import draw_view, encode
from lensmill.sample import Sample
from lensmill.trajectory import Trajectory
from lensmill.verdict import Verdict
from storage.builds.episodes import Failure
from storage.builds.images import ImageStore
from storage.builds.plan import PlannedEpisode, plan_sample
from storage.datasets.rows import AcceptedEpisode, DatasetRow, FailedEpisode, RejectedEpisode
from storage.datasets.version import DatasetInputs
from storage.files.store import Files
from storage.sources.protocol import SourceFailure
from tests.storage.made import FINGERPRINT, a_sample, a_trajectory

INPUTS = DatasetInputs(FINGERPRINT, "j" * 32, ("c1", "c2"), {"keep": "correct"})
CORRECT = Verdict("correct", "number", 1.0, "7 is 7")
WRONG = Verdict("incorrect", "number", 0.0, "8 is not 7")


def _png(colour: tuple[int, int, int], size: tuple[int, int] = (300, 200)) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", size, colour).save(buffer, "PNG")
    return buffer.getvalue()


def seen(images: ImageStore, number: int) -> tuple[Sample, Trajectory]:
    """A sample whose pictures are in the store, and a trajectory over them."""
    data = _png((number % 256, 0, 0))
    sample = a_sample(number, data)
    images.put(sample.image_id, data)
    view = encode(draw_view(Image.open(io.BytesIO(data)), 224))
    crop = encode(draw_view(Image.new("RGB", (56, 56), (0, number % 256, 0)), 56), lossless=False)
    for image in (view, crop):
        images.put(image.ref.image_id, image.data)
    return sample, a_trajectory(view.ref, crop.ref)


def planned(sample: Sample, rung: int = 224) -> PlannedEpisode:
    return plan_sample(FINGERPRINT, sample, (rung,), ("reader",), (0,)).episodes[0]


def rows_of(files: Files, numbers: Sequence[int] = range(6)) -> Iterator[DatasetRow]:
    """Two accepted rows, one rejected, and so on; then one of each failure."""
    images = ImageStore(files)
    for number in numbers:
        sample, trajectory = seen(images, number)
        if number % 3 == 2:
            yield RejectedEpisode(planned(sample), sample, trajectory, WRONG, "incorrect")
        else:
            yield AcceptedEpisode(planned(sample), sample, trajectory, CORRECT)
    sample = a_sample(99)
    yield FailedEpisode(planned(sample), sample, Failure("timeout", "took too long", 2, "raise agent.timeout"))
    yield SourceFailure("rows.json row 3", "missing_field", "no query: add one")
