"""The rows of a version's episode tables: how an episode becomes a row, and how a row becomes an episode again."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from lensmill.geometry import Box, Frame
from lensmill.sample import Region, Sample
from lensmill.trajectory import Action, ImageRef, Message, Observation, Part, Step, Trajectory
from lensmill.verdict import Verdict
from storage.builds.judged import JudgedEpisode
from storage.builds.plan import PlannedEpisode
from storage.builds.schema import clean, recording_json, recording_of, to_json
from storage.builds.verdicts import VERDICT, verdict_row
from storage.datasets.features import IMAGE, with_features

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

FACTS: Mapping[str, pa.DataType] = {
    "model": pa.string(),
    "prompt_tokens": pa.int64(),
    "completion_tokens": pa.int64(),
    "image_tokens": pa.int64(),
    "turns": pa.int32(),
    "zooms": pa.int32(),
    "edits": pa.int32(),
    "tool_errors": pa.int32(),
    "exact": pa.bool_(),
    "within_tolerance": pa.bool_(),
}
"""Columns of the ledger that rows carry too, so that readers filter by them without a join."""

EPISODES = with_features(
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
            ("reason", pa.string()),
            ("outcome", pa.string()),
            ("stop", pa.string()),
            *FACTS.items(),
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
            ("recording", pa.string()),
            ("recipe", pa.string()),
            ("judge", pa.string()),
            ("verdict", VERDICT),
        ]
    )
)
"""One schema for the tables train, validation and rejected; `reason` is null in the first two."""

_ENDINGS = {
    b"\x89PNG": "png",
    b"\xff\xd8\xff": "jpg",
    b"GIF8": "gif",
    b"RIFF": "webp",
    b"BM": "bmp",
    b"II*\0": "tif",
    b"MM\0*": "tif",
}


@dataclass(frozen=True, slots=True)
class PublishedEpisode:
    """What a row of an episode table says: the parts of an episode that a version publishes.

    Attributes:
        sample: without its origin, which is not published.
        trajectory: a message's picture and its text are two parts.
        verdict: without a second opinion.
        reason: why the episode must not be trained on; None if training may use it.
    """

    planned: PlannedEpisode
    sample: Sample
    trajectory: Trajectory
    verdict: Verdict
    reason: str | None


def image_value(image_id: str, data: bytes) -> dict[str, Any]:
    """A picture as an IMAGE value, named by its content."""
    ending = next((ending for start, ending in _ENDINGS.items() if data.startswith(start)), "img")
    return {"bytes": data, "path": f"{image_id}.{ending}"}


def episode_row(
    judged: JudgedEpisode,
    pictures: Sequence[bytes],
    recipe: str,
    judge: str,
    reason: str | None = None,
    facts: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """An episode with a trajectory as an EPISODES row.

    Args:
        pictures: the files of the trajectory's pictures, in order.
        recipe, judge: the fingerprints of the build and of its judge.
        reason: why the episode must not be trained on; None if training may use it.
        facts: values for the columns of `FACTS`; a column without a value is null.
    """
    sample, planned, trajectory, verdict = judged.sample, judged.planned, judged.trajectory, judged.verdict
    assert trajectory is not None
    assert verdict is not None
    frames = [_frame_row(reference) for reference in trajectory.images]
    ids = [reference.image_id for reference in trajectory.images]
    known = facts or {}
    return {
        "images": [image_value(name, data) for name, data in zip(ids, pictures, strict=True)],
        "question": clean(sample.question),
        "answer": None if trajectory.answer is None else clean(trajectory.answer),
        "references": [clean(answer) for answer in sample.answers],
        "choices": [clean(choice) for choice in sample.choices],
        "steps": _step_rows(trajectory),
        "messages": [_message_row(message) for message in trajectory.messages],
        "regions": [
            {"kind": region.kind, "label": clean(region.label), "box": _numbers(region.box)}
            for region in sample.regions
        ],
        "targets": [_numbers(box) for box in sample.targets],
        "rung": planned.rung,
        "view": frames[0],
        "frames": frames,
        "image_ids": ids,
        "pixel_hashes": [reference.pixel_hash for reference in trajectory.images],
        "original_width": sample.width,
        "original_height": sample.height,
        "reason": reason,
        "outcome": verdict.outcome,
        "stop": trajectory.stop,
        **{name: known.get(name) for name in FACTS},
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
        "rounds": trajectory.rounds,
        "recording": recording_json(trajectory.recording),
        "recipe": recipe,
        "judge": judge,
        "verdict": verdict_row(verdict),
    }


def episode_of(row: Mapping[str, Any]) -> PublishedEpisode:
    """The episode of an EPISODES row. The columns `images` and those of `FACTS` are not read.

    Raises:
        ValueError, KeyError, TypeError, IndexError: the row holds no episode.
    """
    sample = Sample(
        row["sample_id"],
        row["image_id"],
        row["original_width"],
        row["original_height"],
        row["question"],
        tuple(row["references"]),
        tuple(row["choices"]),
        tuple(Region(region["kind"], region["label"], Box(*region["box"])) for region in row["regions"]),
        tuple(Box(*box) for box in row["targets"]),
        row["source"],
        row["subset"],
        row["split"],
        row["licence"],
        neutralised=tuple(row["neutralised"]),
    )
    planned = PlannedEpisode(row["episode_id"], row["sample_id"], row["rung"], row["agent"], row["seed"])
    images = tuple(
        ImageRef(image_id, pixels, Frame(Box(*frame["region"]), frame["width"], frame["height"]))
        for image_id, pixels, frame in zip(row["image_ids"], row["pixel_hashes"], row["frames"], strict=True)
    )
    trajectory = Trajectory(
        images,
        tuple(_step_of(step, images) for step in row["steps"]),
        tuple(_messages_of(row["messages"])),
        row["answer"],
        row["stop"],
        row["rounds"],
        recording_of(row["recording"]),
    )
    return PublishedEpisode(planned, sample, trajectory, Verdict(**row["verdict"]), row["reason"])


def _numbers(box: Box) -> list[float]:
    return list(box.xyxy)


def _frame_row(reference: ImageRef) -> Mapping[str, Any]:
    frame = reference.frame
    return {"width": frame.width, "height": frame.height, "region": _numbers(frame.region)}


def _step_rows(trajectory: Trajectory) -> list[dict[str, Any]]:
    """Steps, each with the indexes of its pictures: observations' pictures follow the view in order."""
    rows, index = [], 1
    for step in trajectory.steps:
        count = len(step.observation.images) if step.observation is not None else 0
        rows.append(_step_row(step, list(range(index, index + count))))
        index += count
    return rows


def _step_row(step: Step, images: list[int]) -> dict[str, Any]:
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


def _step_of(row: Mapping[str, Any], images: Sequence[ImageRef]) -> Step:
    action = observation = None
    if row["tool"] is not None:
        boxes = tuple((entry["label"], Box(*entry["box"])) for entry in row["boxes"])
        action = Action(row["tool"], json.loads(row["arguments"]), boxes)
    if row["observation"] is not None:
        shown = tuple(images[index] for index in row["images"])
        observation = Observation(row["observation"], shown, bool(row["error"]))
    return Step(row["thought"], action, observation)


def _message_row(message: Message) -> dict[str, Any]:
    content: list[dict[str, Any]] = []
    for part in message.parts:
        if part.image is not None:
            content.append({"type": "image", "text": None})
        if part.text or part.image is None:
            content.append({"type": "text", "text": clean(part.text)})
    return {"role": message.role, "content": content}


def _messages_of(rows: Iterable[Mapping[str, Any]]) -> Iterable[Message]:
    image = 0
    for row in rows:
        parts = []
        for part in row["content"]:
            if part["type"] == "image":
                parts.append(Part(image=image))
                image += 1
            else:
                parts.append(Part(part["text"]))
        yield Message(row["role"], tuple(parts))
