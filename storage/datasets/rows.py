"""The rows of a published dataset: what goes into each of its tables, and the columns it becomes there."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from lensmill.geometry import Box
from lensmill.sample import Sample
from lensmill.trajectory import ImageRef, Message, Step, Trajectory
from lensmill.verdict import Verdict
from storage.builds.episodes import Failure
from storage.builds.plan import PlannedEpisode
from storage.builds.schema import clean, to_json
from storage.builds.verdicts import VERDICT, verdict_row
from storage.datasets.features import IMAGE, with_features
from storage.sources.protocol import SourceFailure


@dataclass(frozen=True, slots=True)
class AcceptedEpisode:
    """An episode that curation keeps. `files`: of its pictures by id, those that the image store has not."""

    planned: PlannedEpisode
    sample: Sample
    trajectory: Trajectory
    verdict: Verdict
    files: Mapping[str, bytes] = field(default_factory=dict, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class RejectedEpisode:
    """An episode that curation leaves out; `reason` is a stable name, e.g. "incorrect", "abstained"."""

    planned: PlannedEpisode
    sample: Sample
    trajectory: Trajectory
    verdict: Verdict
    reason: str


@dataclass(frozen=True, slots=True)
class FailedEpisode:
    """An episode without a trajectory."""

    planned: PlannedEpisode
    sample: Sample
    failure: Failure


DatasetRow = AcceptedEpisode | RejectedEpisode | FailedEpisode | SourceFailure
"""One row of a dataset version: every planned episode and every unreadable source row becomes exactly one."""


_BOX = pa.list_(pa.float64())
_FRAME = pa.struct([("width", pa.int32()), ("height", pa.int32()), ("region", _BOX)])
_STEP = pa.struct(
    [
        ("thought", pa.string()),
        ("tool", pa.string()),
        ("arguments", pa.string()),
        ("boxes", pa.list_(pa.struct([("label", pa.string()), ("box", _BOX)]))),
        ("observation", pa.string()),
        ("images", pa.list_(pa.int32())),
        ("error", pa.bool_()),
    ]
)
_CONTENT = pa.struct([("type", pa.string()), ("text", pa.string())])
"""A part of a message. It has no key besides these: Arrow gives every part every key, and the chat templates of Qwen
take a part with a key "image" for a picture, even where the key is null. The nth part of type "image" in a row is the
nth of its `images`."""

_MESSAGE = pa.struct([("role", pa.string()), ("content", pa.list_(_CONTENT))])
_REGION = pa.struct([("kind", pa.string()), ("label", pa.string()), ("box", _BOX)])

_PROVENANCE = (
    ("sample_id", pa.string()),
    ("episode_id", pa.string()),
    ("image_id", pa.string()),
    ("source", pa.string()),
    ("subset", pa.string()),
    ("split", pa.string()),
    ("licence", pa.string()),
    ("neutralised", pa.list_(pa.string())),
    ("agent", pa.string()),
    ("seed", pa.int64()),
    ("rounds", pa.int32()),
    ("recipe", pa.string()),
    ("judge", pa.string()),
    ("verdict", VERDICT),
)

TRAIN = with_features(
    pa.schema(
        [
            ("images", pa.list_(IMAGE)),
            ("question", pa.string()),
            ("answer", pa.string()),
            ("references", pa.list_(pa.string())),
            ("choices", pa.list_(pa.string())),
            ("steps", pa.list_(_STEP)),
            ("messages", pa.list_(_MESSAGE)),
            ("regions", pa.list_(_REGION)),
            ("targets", pa.list_(_BOX)),
            ("rung", pa.int32()),
            ("view", _FRAME),
            ("frames", pa.list_(_FRAME)),
            ("image_ids", pa.list_(pa.string())),
            ("pixel_hashes", pa.list_(pa.string())),
            ("original_width", pa.int32()),
            ("original_height", pa.int32()),
            *_PROVENANCE,
        ]
    )
)
REJECTED = with_features(
    pa.schema(
        [
            ("reason", pa.string()),
            ("question", pa.string()),
            ("answer", pa.string()),
            ("stop", pa.string()),
            ("references", pa.list_(pa.string())),
            ("choices", pa.list_(pa.string())),
            ("steps", pa.list_(_STEP)),
            ("rung", pa.int32()),
            *_PROVENANCE,
        ]
    )
)
FAILURES = with_features(
    pa.schema(
        [
            ("kind", pa.string()),
            ("error_class", pa.string()),
            ("message", pa.string()),
            ("attempts", pa.int32()),
            ("retry", pa.string()),
            ("origin", pa.string()),
            ("sample_id", pa.string()),
            ("episode_id", pa.string()),
            ("rung", pa.int32()),
            ("agent", pa.string()),
            ("seed", pa.int64()),
        ]
    )
)
ORIGINALS = with_features(pa.schema([("image_id", pa.string()), ("image", IMAGE)]))

_ENDINGS = {
    b"\x89PNG": "png",
    b"\xff\xd8\xff": "jpg",
    b"GIF8": "gif",
    b"RIFF": "webp",
    b"BM": "bmp",
    b"II*\0": "tif",
    b"MM\0*": "tif",
}


def image_value(image_id: str, data: bytes) -> dict[str, Any]:
    """A picture as an IMAGE value, named by its content."""
    ending = next((ending for start, ending in _ENDINGS.items() if data.startswith(start)), "img")
    return {"bytes": data, "path": f"{image_id}.{ending}"}


def train_row(row: AcceptedEpisode, recipe: str, judge: str, image: Callable[[str], bytes]) -> dict[str, Any]:
    """An accepted episode as a TRAIN row; `image` gives the file of a picture that the row has not, by its id."""
    sample, trajectory = row.sample, row.trajectory
    frames = [_frame(reference) for reference in trajectory.images]
    ids = [ref.image_id for ref in trajectory.images]
    return {
        "images": [image_value(name, row.files.get(name) or image(name)) for name in ids],
        "question": clean(sample.question),
        "answer": None if trajectory.answer is None else clean(trajectory.answer),
        "references": [clean(answer) for answer in sample.answers],
        "choices": [clean(choice) for choice in sample.choices],
        "steps": _steps(trajectory),
        "messages": [_message(message) for message in trajectory.messages],
        "regions": [
            {"kind": region.kind, "label": clean(region.label), "box": _numbers(region.box)}
            for region in sample.regions
        ],
        "targets": [_numbers(box) for box in sample.targets],
        "rung": row.planned.rung,
        "view": frames[0],
        "frames": frames,
        "image_ids": ids,
        "pixel_hashes": [ref.pixel_hash for ref in trajectory.images],
        "original_width": sample.width,
        "original_height": sample.height,
        **_provenance(row, recipe, judge),
    }


def rejected_row(row: RejectedEpisode, recipe: str, judge: str) -> dict[str, Any]:
    """A rejected episode as a REJECTED row: all but the pictures."""
    sample, trajectory = row.sample, row.trajectory
    return {
        "reason": clean(row.reason),
        "question": clean(sample.question),
        "answer": None if trajectory.answer is None else clean(trajectory.answer),
        "stop": trajectory.stop,
        "references": [clean(answer) for answer in sample.answers],
        "choices": [clean(choice) for choice in sample.choices],
        "steps": _steps(trajectory),
        "rung": row.planned.rung,
        **_provenance(row, recipe, judge),
    }


def failure_row(row: FailedEpisode | SourceFailure) -> dict[str, Any]:
    """An episode or a source row that failed, as a FAILURES row."""
    if isinstance(row, SourceFailure):
        return {
            "kind": "source",
            "error_class": clean(row.error_class),
            "message": clean(row.message),
            "attempts": 1,
            "retry": "correct the row at its source and run again",
            "origin": clean(row.origin),
        }
    planned, failure = row.planned, row.failure
    return {
        "kind": "episode",
        "error_class": clean(failure.error_class),
        "message": clean(failure.message),
        "attempts": failure.attempts,
        "retry": clean(failure.retry),
        "origin": clean(row.sample.origin),
        "sample_id": planned.sample_id,
        "episode_id": planned.episode_id,
        "rung": planned.rung,
        "agent": clean(planned.agent),
        "seed": planned.seed,
    }


def _provenance(row: AcceptedEpisode | RejectedEpisode, recipe: str, judge: str) -> dict[str, Any]:
    sample, planned = row.sample, row.planned
    return {
        "sample_id": sample.sample_id,
        "episode_id": planned.episode_id,
        "image_id": sample.image_id,
        "source": clean(sample.source),
        "subset": clean(sample.subset),
        "split": clean(sample.split),
        "licence": clean(sample.licence),
        "neutralised": [clean(change) for change in sample.neutralised],
        "agent": clean(planned.agent),
        "seed": planned.seed,
        "rounds": row.trajectory.rounds,
        "recipe": recipe,
        "judge": judge,
        "verdict": verdict_row(row.verdict),
    }


def _numbers(box: Box) -> list[float]:
    return list(box.xyxy)


def _frame(reference: ImageRef) -> Mapping[str, Any]:
    frame = reference.frame
    return {"width": frame.width, "height": frame.height, "region": _numbers(frame.region)}


def _steps(trajectory: Trajectory) -> list[dict[str, Any]]:
    """Steps, each with the indexes of its pictures: observations' pictures follow the view in order."""
    rows, index = [], 1
    for step in trajectory.steps:
        count = len(step.observation.images) if step.observation is not None else 0
        rows.append(_step(step, list(range(index, index + count))))
        index += count
    return rows


def _step(step: Step, images: list[int]) -> dict[str, Any]:
    action, observation = step.action, step.observation
    return {
        "thought": clean(step.thought),
        "tool": None if action is None else clean(action.tool),
        "arguments": None if action is None else to_json(dict(action.arguments)),
        "boxes": []
        if action is None
        else [{"label": clean(label), "box": _numbers(box)} for label, box in action.boxes],
        "observation": None if observation is None else clean(observation.text),
        "images": images,
        "error": observation is not None and observation.error,
    }


def _message(message: Message) -> dict[str, Any]:
    content: list[dict[str, Any]] = []
    for part in message.parts:
        if part.image is not None:
            content.append({"type": "image", "text": None})
        if part.text or part.image is None:
            content.append({"type": "text", "text": clean(part.text)})
    return {"role": message.role, "content": content}
