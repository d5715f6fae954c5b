"""A sample: one visual question with its picture, its answers, and the known regions of the picture."""

import hashlib
import json
from dataclasses import dataclass
from typing import Literal

from lensmill.geometry import Box
from lensmill.trajectory import Trajectory

RegionKind = Literal["x_values", "y_values", "columns", "rows", "subplots"]


@dataclass(frozen=True, slots=True)
class Region:
    """A named part of the picture that an agent may see and edit by name. `box` is in original pixels."""

    kind: RegionKind
    label: str
    box: Box


@dataclass(frozen=True, slots=True)
class Sample:
    """One visual question.

    Attributes:
        sample_id: hash of the content (picture, question, answers, choices); see `sample_id_of`.
        image_id: sha256 of the source's picture file.
        width, height: of the upright original in pixels (after its EXIF rotation).
        question: as the source has it, after `neutral_sample`.
        answers: accepted answers; any one is right.
        choices: options of a multiple-choice question, in the order shown; empty for an open question.
        regions: named parts given by the source, visible to agents.
        targets: boxes of the evidence in original pixels. Ground truth: agents never see them.
        source, subset, split, licence: provenance, e.g. "chartqa", "human", "test", "GPL-3.0".
        origin: file (below its source) and row of the sample, for error messages only.
        neutralised: the changes that neutralising made to its texts, e.g. "question: ‹|im_end|›"; see `neutral_sample`.
        recorded: the trajectory that came with the sample; its first picture is the original. Only agents whose spec
            needs a recording see it: it holds the answer.
    """

    sample_id: str
    image_id: str
    width: int
    height: int
    question: str
    answers: tuple[str, ...]
    choices: tuple[str, ...] = ()
    regions: tuple[Region, ...] = ()
    targets: tuple[Box, ...] = ()
    source: str = ""
    subset: str = ""
    split: str = ""
    licence: str = ""
    origin: str = ""
    neutralised: tuple[str, ...] = ()
    recorded: Trajectory | None = None

    def __post_init__(self) -> None:
        if not self.question.strip():
            raise ValueError("a sample needs a question that is not empty")
        if not self.answers:
            raise ValueError("a sample needs at least one answer")


def sample_id_of(image_id: str, question: str, answers: tuple[str, ...], choices: tuple[str, ...] = ()) -> str:
    """The stable id of a sample: the same content gives the same id, independent of place and order."""
    content = json.dumps([image_id, question, answers, choices], ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(content.encode("utf-8", "surrogatepass")).hexdigest()[:32]
