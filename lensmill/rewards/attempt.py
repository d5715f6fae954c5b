"""One rollout, read once for all reward terms: its answer, its verdict, and the zooms that really worked."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lensmill.agents.replies.final import abstains, one_answer
from lensmill.agents.replies.tags import read_pieces
from lensmill.agents.zoom.replies import Zoom, read_zoom_reply
from lensmill.facts.crops import SAME
from lensmill.geometry import Box, Frame
from lensmill.judging.rules import judge_answer
from lensmill.rewards.asked import Asked
from lensmill.rewards.turns import Turns, outside_thoughts, turns_of
from lensmill.tools.errors import ToolError
from lensmill.tools.zoom import zoom_frame
from lensmill.verdict import Verdict

MOST_LOOKS = 100
"""Zooms of one rollout that count; later ones earn nothing."""

_ANSWER = re.compile(r"<\s{0,3}(?:final[\s_]{0,3})?answer\s{0,3}>", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Look:
    """A zoom that showed a picture. Boxes are in pixels of the original.

    Attributes:
        asked: the box of the call.
        shown: the part that the crop shows, which the tool has enlarged.
        new: the crop shows neither the whole picture nor what an earlier crop shows (`lensmill.facts.crops.SAME`).
    """

    asked: Box
    shown: Box
    new: bool


@dataclass(frozen=True, slots=True)
class Attempt:
    """One rollout with all that reward terms need.

    Attributes:
        answer: the final answer; None if there is none, or if the answers differ from one another.
        verdict: of the answer rules.
    """

    asked: Asked
    turns: Turns
    answer: str | None
    verdict: Verdict
    _looks: tuple[Look, ...] | None
    _calls: int

    @property
    def correct(self) -> bool:
        """Whether the rules are sure that the answer is right."""
        return self.verdict.outcome == "correct"

    @property
    def looks(self) -> tuple[Look, ...]:
        """The zooms that worked, in order.

        A call counts if the trainer ran it (`Turn.results`) and the tool accepts it: each call is tried again on
        frames, without pixels. So text that looks like a call or like a result earns nothing.

        Raises:
            ValueError: the row does not say how large the original is.
        """
        if self._looks is None:
            raise ValueError(
                "the columns `original_width` and `original_height` are missing: without them no reward term can tell "
                "which zooms worked; add them to the row (verl: to extra_info)"
            )
        return self._looks

    @property
    def used_tool(self) -> bool:
        """Whether a zoom worked and showed something new."""
        return any(look.new for look in self.looks)

    @property
    def calls(self) -> int:
        """Calls that the trainer ran and that can be read, whether they worked or not."""
        return self._calls if self.looks is not None else 0


def read_attempt(
    completion: str | Sequence[Mapping[str, Any]], asked: Asked, num_turns: int | None = None, parallel_calls: int = 1
) -> Attempt:
    """Read one rollout.

    Args:
        completion, num_turns, parallel_calls: see `turns_of`.

    Raises:
        ValueError: the completion is neither a text nor messages.
    """
    turns = turns_of(completion, num_turns, parallel_calls)
    answer = _answer(turns, asked)
    verdict = judge_answer(
        answer, asked.references, question=asked.question, choices=asked.choices, policy=asked.policy
    )
    if asked.original is None or asked.view is None:
        return Attempt(asked, turns, answer, verdict, None, 0)
    looks, calls = _looks(turns, asked, Frame.whole(asked.original), asked.view)
    return Attempt(asked, turns, answer, verdict, looks, calls)


def _answer(turns: Turns, asked: Asked) -> str | None:
    """The answer of the last reply, if no reply gives another one. Only tagged answers outside thoughts count."""
    given = [_tagged_answers(turn.text) for turn in turns.replies]
    if not given or not given[-1]:
        return None
    answer, _ = one_answer([answer for answers in given for answer in answers])
    return None if answer is None or abstains(answer, asked.choices) else answer


def _tagged_answers(reply: str) -> list[str]:
    said = outside_thoughts(reply)
    if not _ANSWER.search(said):
        return []
    return [piece.text for piece in read_pieces(said) if piece.kind == "answer"]


def _looks(turns: Turns, asked: Asked, original: Frame, view: Frame) -> tuple[tuple[Look, ...], int]:
    """Try the calls again, as `lensmill.tools.Toolbox` would run them, but on frames alone."""
    settings, frames, looks, calls = asked.tools, [view], list[Look](), 0
    source = original if settings.zoom_source == "original" else view
    for turn in turns.replies:
        if not turn.results or len(looks) >= MOST_LOOKS:
            continue
        read = read_zoom_reply(outside_thoughts(turn.text), settings.convention, frames)
        for call in read.calls[: turn.results]:
            calls += 1
            if not isinstance(call, Zoom):
                continue
            try:
                box = settings.convention.read_original(call.bbox_2d, frames[call.image])
                frame = zoom_frame(source, box, settings, settings.most_pixels(asked.rung))
            except (ToolError, ValueError):
                continue
            frames.append(frame)
            whole = frame.region.area >= SAME * original.region.area
            seen = any(frame.region.iou(look.shown) >= SAME for look in looks)
            looks.append(Look(box, frame.region, not whole and not seen))
    return tuple(looks), calls
