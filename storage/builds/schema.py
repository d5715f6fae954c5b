"""How the library's values are written as Parquet columns and JSON, and read back.

Text columns hold any script. A lone surrogate (half a character, as a model's reply cut in mid-character can hold)
cannot be written as UTF-8: in text columns it becomes U+FFFD, the replacement character; in JSON it stays as its
escape, so arguments and samples come back exactly.
"""

import io
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from lensmill.geometry import Box, Frame
from lensmill.sample import Region, Sample
from lensmill.trajectory import Action, ImageRef, Message, Observation, Part, Recording, Step, Trajectory

COMPRESSION: Mapping[str, Any] = {"compression": "zstd", "compression_level": 3}

_SURROGATE = re.compile("[\ud800-\udfff]")

BOX = pa.struct([(edge, pa.float64()) for edge in ("x1", "y1", "x2", "y2")])
"""xyxy in pixels of the original."""

LABELLED_BOX = pa.struct([("label", pa.string()), ("box", BOX)])

IMAGE_REF = pa.struct(
    [
        ("image_id", pa.string()),
        ("pixel_hash", pa.string()),
        ("region", BOX),
        ("width", pa.int32()),
        ("height", pa.int32()),
    ]
)

STEP = pa.struct(
    [
        ("thought", pa.string()),
        (
            "action",
            pa.struct(
                [
                    ("tool", pa.string()),
                    ("arguments", pa.string()),
                    ("boxes", pa.list_(LABELLED_BOX)),
                ]
            ),
        ),
        (
            "observation",
            pa.struct([("text", pa.string()), ("images", pa.list_(IMAGE_REF)), ("error", pa.bool_())]),
        ),
    ]
)

MESSAGE = pa.struct(
    [
        ("role", pa.string()),
        ("parts", pa.list_(pa.struct([("text", pa.string()), ("image", pa.int32())]))),
    ]
)

TRAJECTORY = pa.struct(
    [
        ("images", pa.list_(IMAGE_REF)),
        ("steps", pa.list_(STEP)),
        ("messages", pa.list_(MESSAGE)),
        ("answer", pa.string()),
        ("stop", pa.string()),
        ("rounds", pa.int32()),
        ("recording", pa.string()),
    ]
)


def clean(text: str) -> str:
    """The text as a column can hold it: lone surrogates become U+FFFD, everything else stays."""
    return text if text.isascii() else _SURROGATE.sub("\ufffd", text)


def to_json(value: Any) -> str:
    """Compact JSON in the value's own key order, readable in any script, with lone surrogates as escapes."""
    written = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return written if written.isascii() else _SURROGATE.sub(lambda half: f"\\u{ord(half[0]):04x}", written)


def to_parquet(rows: Iterable[Mapping[str, Any]], schema: pa.Schema) -> bytes:
    """One Parquet file of few rows, in memory."""
    sink = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(list(rows), schema=schema), sink, **COMPRESSION)
    return sink.getvalue()


def from_parquet(data: bytes) -> list[dict[str, Any]]:
    """The rows of a Parquet file."""
    rows: list[dict[str, Any]] = pq.ParquetFile(pa.BufferReader(data)).read().to_pylist()
    return rows


def box_row(box: Box) -> dict[str, float]:
    """A box as columns."""
    return {"x1": box.x1, "y1": box.y1, "x2": box.x2, "y2": box.y2}


def image_row(image: ImageRef) -> dict[str, Any]:
    """A reference to a picture as columns."""
    frame = image.frame
    return {
        "image_id": image.image_id,
        "pixel_hash": image.pixel_hash,
        "region": box_row(frame.region),
        "width": frame.width,
        "height": frame.height,
    }


def _image(row: Mapping[str, Any]) -> ImageRef:
    return ImageRef(row["image_id"], row["pixel_hash"], Frame(Box(**row["region"]), row["width"], row["height"]))


def _action_row(action: Action) -> dict[str, Any]:
    return {
        "tool": clean(action.tool),
        "arguments": to_json(dict(action.arguments)),
        "boxes": [{"label": clean(label), "box": box_row(box)} for label, box in action.boxes],
    }


def _action(row: Mapping[str, Any]) -> Action:
    boxes = tuple((entry["label"], Box(**entry["box"])) for entry in row["boxes"])
    return Action(row["tool"], json.loads(row["arguments"]), boxes)


def _observation_row(observation: Observation) -> dict[str, Any]:
    images = [image_row(image) for image in observation.images]
    return {"text": clean(observation.text), "images": images, "error": observation.error}


def _observation(row: Mapping[str, Any]) -> Observation:
    return Observation(row["text"], tuple(_image(image) for image in row["images"]), row["error"])


def trajectory_row(trajectory: Trajectory) -> dict[str, Any]:
    """A trajectory as a TRAJECTORY value."""
    return {
        "images": [image_row(image) for image in trajectory.images],
        "steps": [
            {
                "thought": clean(step.thought),
                "action": None if step.action is None else _action_row(step.action),
                "observation": None if step.observation is None else _observation_row(step.observation),
            }
            for step in trajectory.steps
        ],
        "messages": [
            {
                "role": message.role,
                "parts": [{"text": clean(part.text), "image": part.image} for part in message.parts],
            }
            for message in trajectory.messages
        ],
        "answer": None if trajectory.answer is None else clean(trajectory.answer),
        "stop": trajectory.stop,
        "rounds": trajectory.rounds,
        "recording": recording_json(trajectory.recording),
    }


def trajectory_of(row: Mapping[str, Any]) -> Trajectory:
    """The trajectory of a TRAJECTORY value."""
    return Trajectory(
        tuple(_image(image) for image in row["images"]),
        tuple(
            Step(
                step["thought"],
                None if step["action"] is None else _action(step["action"]),
                None if step["observation"] is None else _observation(step["observation"]),
            )
            for step in row["steps"]
        ),
        tuple(
            Message(message["role"], tuple(Part(part["text"], part["image"]) for part in message["parts"]))
            for message in row["messages"]
        ),
        row["answer"],
        row["stop"],
        row["rounds"],
        recording_of(row.get("recording")),  # a chunk from before recordings has none
    )


def recording_json(recording: Recording | None) -> str | None:
    """A recording as JSON; None without one. A row's fields differ from row to row, so they are no columns."""
    return None if recording is None else to_json(asdict(recording))


def recording_of(written: str | None) -> Recording | None:
    """The recording that `recording_json` wrote."""
    if written is None:
        return None
    values = json.loads(written)
    return Recording(values["format"], tuple(values["notes"]), values["fields"], tuple(values["keys"]))


def sample_json(sample: Sample) -> str:
    """A sample as JSON, exactly."""
    return to_json(
        {
            "sample_id": sample.sample_id,
            "image_id": sample.image_id,
            "width": sample.width,
            "height": sample.height,
            "question": sample.question,
            "answers": sample.answers,
            "choices": sample.choices,
            "regions": [[region.kind, region.label, region.box.xyxy] for region in sample.regions],
            "targets": [box.xyxy for box in sample.targets],
            "source": sample.source,
            "subset": sample.subset,
            "split": sample.split,
            "licence": sample.licence,
            "origin": sample.origin,
            **({"neutralised": sample.neutralised} if sample.neutralised else {}),
            **({"recorded": trajectory_row(sample.recorded)} if sample.recorded else {}),
        }
    )


def sample_of(written: str) -> Sample:
    """The sample that `sample_json` wrote."""
    values = json.loads(written)
    values["answers"] = tuple(values["answers"])
    values["choices"] = tuple(values["choices"])
    values["neutralised"] = tuple(values.get("neutralised", ()))
    values["regions"] = tuple(Region(kind, label, Box(*box)) for kind, label, box in values["regions"])
    values["recorded"] = trajectory_of(values["recorded"]) if "recorded" in values else None
    values["targets"] = tuple(Box(*box) for box in values["targets"])
    return Sample(**values)
