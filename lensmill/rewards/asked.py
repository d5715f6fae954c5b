"""The question of a rollout with its ground truth, from the columns of a row."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from lensmill.geometry import Box, Convention, Frame
from lensmill.judging.rules import Policy
from lensmill.resolution import view_frame
from lensmill.tools.settings import ToolSettings

MOST_TARGETS = 1000


@dataclass(frozen=True, slots=True)
class Asked:
    """One question as reward functions see it.

    Attributes:
        references: accepted answers; any one is right.
        question, choices: as the model saw them.
        targets: boxes of the evidence, in pixels of the original.
        original: (width, height) of the original in pixels; None if the row does not say.
        view: frame of the first picture; None if the row does not say.
        rung: side of the view's rung in pixels, for the size of crops.
        tools: how the tools of the rollout drew.
        policy: of the answer rules.
        key: equal for the rollouts of one question.
    """

    references: tuple[str, ...]
    question: str = ""
    choices: tuple[str, ...] = ()
    targets: tuple[Box, ...] = ()
    original: tuple[int, int] | None = None
    view: Frame | None = None
    rung: int = 0
    tools: ToolSettings = field(default_factory=ToolSettings)
    policy: Policy = "strict"
    key: str = ""


def read_asked(
    columns: Mapping[str, Any],
    references: object = None,
    tools: Mapping[str, Any] | None = None,
    policy: Policy = "strict",
) -> Asked:
    """The question of a row.

    Args:
        columns: of a published row (`question`, `references`, `choices`, `targets`, `original_width`,
            `original_height`, `rung`, `view`), or the same names in verl's `extra_info`. Only `references` is required.
        references: the ground truth if the trainer hands it over apart: a text or a list of texts.
        tools: fields of `ToolSettings` that differ from the defaults, e.g. {"convention": "thousand"}.
        policy: of the answer rules.

    Raises:
        ValueError: a column is missing or has another type; the message names the column.
    """
    known = _texts("references", columns.get("references") if references is None else references)
    if not any(reference.strip() for reference in known):
        raise ValueError("a reward needs the answer: the column `references` (or verl's `ground_truth`) is empty")
    question, choices = _text(columns.get("question")), _texts("choices", columns.get("choices"))
    rung = _whole("rung", columns.get("rung")) or 0
    original = _size(columns)
    key = repr((_text(columns.get("sample_id")), question, known, choices, rung))
    targets, view = _targets(columns.get("targets")), _view(columns.get("view"), original, rung)
    return Asked(known, question, choices, targets, original, view, rung, _settings(tools or {}), policy, key)


def _settings(chosen: Mapping[str, Any]) -> ToolSettings:
    values = dict(chosen)
    try:
        if "convention" in values:
            values["convention"] = Convention(values["convention"])
        return ToolSettings(**values)
    except (TypeError, ValueError) as error:
        raise ValueError(f"tools: {error}; the fields are those of lensmill.tools.ToolSettings") from error


def _size(columns: Mapping[str, Any]) -> tuple[int, int] | None:
    width, height = (_whole(name, columns.get(name)) for name in ("original_width", "original_height"))
    return None if width is None or height is None else (width, height)


def _view(value: Any, original: tuple[int, int] | None, rung: int) -> Frame | None:
    if original is None:
        return None
    if value is None:
        return view_frame(original, rung) if rung else Frame.whole(original)
    sizes = [value.get("width"), value.get("height")] if isinstance(value, Mapping) else _plain(value)
    if not isinstance(sizes, Sequence) or len(sizes) != 2:
        raise ValueError(f"view: must have a width and a height in pixels, got {value!r:.80}")
    width, height = (_whole("view", size) for size in sizes)
    if width is None or height is None:
        raise ValueError(f"view: must have a width and a height in pixels, got {value!r:.80}")
    return Frame.whole(original, (width, height))


def _targets(value: Any) -> tuple[Box, ...]:
    boxes = _plain(value) if value is not None else []
    if not isinstance(boxes, Sequence) or len(boxes) > MOST_TARGETS:
        raise ValueError(f"targets: must be a list of at most {MOST_TARGETS} boxes [x1, y1, x2, y2], got {value!r:.80}")
    try:
        return tuple(Box(*(float(number) for number in _plain(box))) for box in boxes)
    except (TypeError, ValueError) as error:
        raise ValueError(f"targets: must be boxes [x1, y1, x2, y2] in pixels of the original: {error}") from error


def _texts(name: str, value: Any) -> tuple[str, ...]:
    plain = _plain(value)
    if plain is None:
        return ()
    if isinstance(plain, str | int | float) and not isinstance(plain, bool):
        return (str(plain),)
    if isinstance(plain, Sequence) and all(isinstance(item, str) for item in plain):
        return tuple(plain)
    raise ValueError(f"{name}: must be a text or a list of texts, got {value!r:.80}")


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _whole(name: str, value: Any) -> int | None:
    if value is None:
        return None
    try:
        number = int(value)
    except (TypeError, ValueError, OverflowError) as error:
        raise ValueError(f"{name}: must be a number of pixels, got {value!r:.80}") from error
    if not 1 <= number <= 1 << 24:
        raise ValueError(f"{name}: must be from 1 to {1 << 24} pixels, got {number}")
    return number


def _plain(value: Any) -> Any:
    """A NumPy array (as pandas reads lists) as a list; anything else as it is."""
    return value.tolist() if hasattr(value, "tolist") else value
