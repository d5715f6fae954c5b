"""The summary of a search: zooms and an answer in Chain-of-Focus's protocol, held against the search itself."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lensmill.agents.replies.boxes import Numbers
from lensmill.agents.replies.calls import read_calls
from lensmill.agents.replies.final import one_answer
from lensmill.agents.replies.loose_json import Unreadable
from lensmill.agents.replies.tags import read_pieces
from lensmill.agents.search.instruments import match, written
from lensmill.agents.zoom.replies import Zoom, zooms_of
from lensmill.geometry import Box, Convention, Frame
from lensmill.judging.text import canonical
from lensmill.tools.errors import shown


@dataclass(frozen=True, slots=True)
class Look:
    """A thought and the zoom that follows from it."""

    thought: str
    zoom: Zoom


@dataclass(frozen=True, slots=True)
class Summary:
    """A search retold; every box is one of the search's."""

    looks: tuple[Look, ...]
    thought: str


class Unfit(ValueError):
    """A summary that is not the search; the message says what to correct."""


def read_summary(
    reply: str,
    answer: str,
    boxes: Mapping[Numbers, Box],
    convention: Convention,
    view: Frame,
    limit: int,
) -> Summary:
    """A summariser's reply, if it is true to the search.

    Args:
        answer: the search's; the summary's must be the same.
        boxes: the search's that can be zoomed into, as written about the view.
        limit: zooms at most.

    Raises:
        Unfit: it is not.
    """
    looks: list[Look] = []
    thoughts: list[str] = []
    answers: list[str] = []
    for piece in read_pieces(reply):
        if piece.kind == "answer":
            answers.append(piece.text)
        elif piece.kind == "call":
            try:
                found = [zoom for call in read_calls(piece.text) for zoom in zooms_of(call, convention, [view])]
            except Unreadable as error:
                raise Unfit(f"the tool call {shown(piece.text, 60)} could not be read: {error}") from error
            for zoom in found:
                looks.append(Look(_one_thought(thoughts), _checked(zoom, boxes, convention)))
        elif piece.text:
            thoughts.append(piece.text)
    _check_answer(answers, answer)
    if boxes and not looks:
        raise Unfit("it zooms nowhere, though the notes have boxes")
    if len(looks) > limit:
        raise Unfit(f"it zooms {len(looks)} times; at most {limit} are allowed")
    if len({look.zoom.bbox_2d for look in looks}) < len(looks):
        raise Unfit("it zooms into the same box twice")
    return Summary(tuple(looks), _one_thought(thoughts))


def _one_thought(thoughts: list[str]) -> str:
    """The thought before a call or the answer; each is used up."""
    thought = "\n".join(thoughts).strip()
    thoughts.clear()
    if not thought:
        raise Unfit("each call and the answer need a <think> ... </think> of their own before them")
    return thought


def _checked(zoom: Zoom, boxes: Mapping[Numbers, Box], convention: Convention) -> Zoom:
    known = match(zoom.bbox_2d, boxes, convention)
    if known is None:
        raise Unfit(
            f"the box {written(zoom.bbox_2d)} is not in the notes, or too small to zoom into; "
            f"take {_listed(list(boxes))}"
        )
    return Zoom(known, zoom.label, 0)


def _check_answer(answers: Sequence[str], wanted: str) -> None:
    said, problem = one_answer(answers)
    if said is None:
        raise Unfit(problem or "it has no <answer> at its end")
    if canonical(said) != canonical(wanted):
        raise Unfit(f"its answer is {shown(said, 60)!r}, but the notes' answer is {shown(wanted, 200)!r}")


def _listed(boxes: Sequence[Numbers]) -> str:
    return ", ".join(map(written, boxes[:20])) or "none"
