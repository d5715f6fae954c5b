"""Verifying one row of a version against itself: ids, pictures, steps and messages."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any

from lensmill.geometry import Box, Frame
from lensmill.sample import Region, sample_id_of
from lensmill.trajectory import Action, ImageRef, Observation, Step, Trajectory
from storage.builds.plan import episode_id_of

Row = Mapping[str, Any]
Problem = tuple[str, str]
"""A field, and what is wrong with it."""


def sha256_of(image: Mapping[str, Any] | None) -> str:
    """Of a picture's bytes; "" where there are none."""
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
    """Whether recipe, judge, sample and boxes are what they must be."""
    for name in ("recipe", "judge"):
        if row[name] != inputs[name]:
            yield name, f"it is {row[name]!r}, the manifest says {inputs[name]!r}"
    texts = (row["question"], *row["references"], *row["choices"])
    if not any("\ufffd" in text for text in texts):  # it may stand for what no column can hold
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
    """Whether a row's pictures are those that it names, and whether it names those that it has."""
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
    if row["verdict"]["outcome"] != "correct":
        yield "verdict", f"it is {row['verdict']['outcome']!r}, and only correct ones are accepted"


def trajectory_of_row(row: Row) -> Trajectory:
    """An accepted row's trajectory as far as a replay needs it: all but the messages.

    Raises:
        ValueError, KeyError, TypeError, IndexError: it is none.
    """
    refs = [
        ImageRef(image_id, pixels, Frame(Box(*frame["region"]), frame["width"], frame["height"]))
        for image_id, pixels, frame in zip(row["image_ids"], row["pixel_hashes"], row["frames"], strict=True)
    ]
    steps = []
    for step in row["steps"]:
        action = None
        if step["tool"] is not None:
            boxes = tuple((box["label"], Box(*box["box"])) for box in step["boxes"])
            action = Action(step["tool"], json.loads(step["arguments"]), boxes)
        observation = None
        if step["observation"] is not None:
            shown = tuple(refs[index] for index in step["images"])
            observation = Observation(step["observation"], shown, bool(step["error"]))
        steps.append(Step(step["thought"], action, observation))
    answer = row["answer"]
    return Trajectory(tuple(refs), tuple(steps), (), answer, "abstained" if answer is None else "answered")


def regions_of_row(row: Row) -> tuple[Region, ...]:
    """The named regions of a row's sample."""
    return tuple(Region(region["kind"], region["label"], Box(*region["box"])) for region in row["regions"])
