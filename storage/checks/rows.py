"""Verifies one row of a version against itself: ids, pictures, steps and messages."""

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any

from lensmill.geometry import Box
from lensmill.sample import sample_id_of
from storage.builds.plan import episode_id_of

Row = Mapping[str, Any]
Problem = tuple[str, str]
"""A field, and what is wrong with it."""


def sha256_of(image: Mapping[str, Any] | None) -> str:
    """The sha256 of a picture's bytes; "" without bytes."""
    data = (image or {}).get("bytes")
    return hashlib.sha256(data).hexdigest() if isinstance(data, bytes) else ""


def id_problems(row: Row, inputs: Mapping[str, Any]) -> Iterator[Problem]:
    """Whether an episode's id follows from what the episode is."""
    if row["episode_id"] is None:
        return
    made = episode_id_of(inputs["recipe"], row["sample_id"], row["rung"], row["agent"], row["seed"])
    if made != row["episode_id"]:
        yield "episode_id", "it does not follow from recipe, sample_id, rung, agent and seed"


def provenance_problems(row: Row, inputs: Mapping[str, Any]) -> Iterator[Problem]:
    """Whether recipe, judge, sample and boxes are valid."""
    for name in ("recipe", "judge"):
        if row[name] != inputs[name]:
            yield name, f"it is {row[name]!r}, the manifest says {inputs[name]!r}"
    texts = (row["question"], *row["references"], *row["choices"])
    if not any("\ufffd" in text for text in texts):  # the character may replace one that no column can hold
        made = sample_id_of(row["image_id"], row["question"], tuple(row["references"]), tuple(row["choices"]))
        if made != row["sample_id"]:
            yield "sample_id", "it does not follow from image_id, question, references and choices"
    for number, step in enumerate(row["steps"]):
        for box in step["boxes"]:
            try:
                Box(*box["box"])
            except (TypeError, ValueError) as error:
                yield f"steps[{number}].boxes", str(error)


def picture_problems(row: Row) -> Iterator[Problem]:
    """Whether the row has exactly the pictures that it names."""
    count = len(row["images"])
    for name in ("image_ids", "pixel_hashes", "frames"):
        if len(row[name]) != count:
            yield name, f"there are {len(row[name])} for {count} images"
            return
    if not count or row["view"] != row["frames"][0]:
        yield "view", "it is not the first of the frames"
    for number, (image, image_id) in enumerate(zip(row["images"], row["image_ids"], strict=True)):
        if sha256_of(image) != image_id:
            yield f"images[{number}]", "its bytes are not those that image_ids names"
    if [index for step in row["steps"] for index in step["images"]] != list(range(1, count)):
        yield "steps", "the pictures that its steps name are not those that follow the view, in order"
    parts = [part for message in row["messages"] for part in message["content"]]
    if parts and (placeholders := sum(part["type"] == "image" for part in parts)) != count:
        yield "messages", f"there are {placeholders} places for {count} images"
    if any(part["text"] is None for part in parts if part["type"] != "image"):
        yield "messages", "a part of type text has no text"


def table_problems(row: Row, table: str, rung: int | None) -> Iterator[Problem]:
    """Whether a row is of this table and rung."""
    outcome = row["verdict"]["outcome"]
    if row["rung"] != rung:
        yield "rung", f"it is {row['rung']}, the manifest says {rung}"
    if row["outcome"] != outcome:
        yield "outcome", f"it is {row['outcome']!r}, the verdict is {outcome!r}"
    if table == "rejected":
        if row["reason"] is None:
            yield "reason", "a rejected row has none"
        return
    if row["reason"] is not None:
        yield "reason", f"it is {row['reason']!r}, and an accepted row has none"
    if outcome != "correct":
        yield "verdict", f"it is {outcome!r}, and only correct ones are accepted"
