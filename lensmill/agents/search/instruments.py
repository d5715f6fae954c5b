"""The search agent's instruments: each may be another model, and every box that they name is kept."""

import asyncio
import contextlib
import inspect
from collections.abc import Callable, Mapping
from typing import Any

from lensmill.agents.conversation import Conversation, call_seed, check_view
from lensmill.agents.environment import Environment
from lensmill.agents.replies.boxes import Numbers
from lensmill.agents.replies.loose_json import Unreadable
from lensmill.agents.search.prompting import PROMPTS
from lensmill.agents.search.replies import InstrumentCall, read_located
from lensmill.agents.search.structure import boxes_structure
from lensmill.agents.wording import convention_words
from lensmill.geometry import Box, Convention, Frame
from lensmill.models.chat import ChatModel, ChatReply, Sampling
from lensmill.picture import Encoded, encode
from lensmill.tools import ZOOM, Toolbox, ToolError
from lensmill.tools.zoom import zoom_region
from lensmill.trajectory import Observation, Part

MAX_FOUND = 10
"""Instances of one object."""

_SAID = 1000
"""Characters of what a model said about a crop."""


class Instruments:
    """locate, vlm and adjust_box for one episode.

    Crops are drawn by a toolbox of their own: the episode's record gets the zooms of the summary only.

    Args:
        models: by instrument.
        structured: hold box replies to their form by a regular expression.

    Attributes:
        boxes: every box of the search, as the agent writes it -> in original pixels.
    """

    def __init__(
        self, environment: Environment, models: Mapping[str, ChatModel], max_tokens: int, structured: bool
    ) -> None:
        self.boxes: dict[Numbers, Box] = {}
        self._structured = structured
        self._environment, self._models = environment, models
        self._sampling = Sampling(max_tokens=max_tokens)  # what is there is there: nothing is drawn at random
        self._view = environment.view.frame
        self._asked: dict[str, int] = {}
        for role in ("locate", "adjust_box"):  # they write boxes about the view
            check_view(models[role].family, (self._view.width, self._view.height), environment.task.rung)

    async def run(self, call: InstrumentCall) -> Observation:
        """Run one call; what goes wrong comes back as an observation.

        Raises:
            ModelError, TooLong, PictureSize: an instrument's model could not be asked.
        """
        try:
            if call.box is None:
                return Observation(await self.locate(call.text))
            box = self._known(call.box)
            return Observation(await (self.vlm if call.name == "vlm" else self.adjust_box)(box, call.text))
        except (Unreadable, ToolError) as error:
            return Observation(f"{call.name}: {error}.", error=True)

    def place(self, box: Numbers) -> tuple[tuple[str, Box], ...]:
        """Where a call looked, for the record: the search's box in original pixels; none where it has none there."""
        near = match(box, self.boxes, self._environment.settings.convention)
        return () if near is None else (("", self.boxes[near]),)

    def usable(self) -> dict[Numbers, Box]:
        """The boxes that the zoom tool can show; others are too small or too thin."""
        settings = self._environment.settings
        whole = Frame.whole(self._environment.original.size)
        source = whole if settings.zoom_source == "original" else self._view
        found: dict[Numbers, Box] = {}
        for numbers, box in self.boxes.items():
            with contextlib.suppress(ToolError):
                zoom_region(source.from_original(box), (source.width, source.height), settings.zoom_enlarge)
                found[numbers] = box
        return found

    async def locate(self, object: str) -> str:
        """Find every instance of an object in the picture: gives their boxes, or says that there is none.

        object: what to look for, in words that tell it from its surroundings.
        """
        model = self._models["locate"]
        convention = model.family.convention
        prompt = PROMPTS.fill("locate", object=object, limit=MAX_FOUND, convention=convention_words(convention))
        structure = boxes_structure(convention, self._view, many=True) if self._structured else None
        reply = await self._ask("locate", prompt, self._environment.images[0], structure)
        found = [self._keep(numbers, convention) for numbers in read_located(reply.text, convention, self._view, 10)]
        boxes = list(dict.fromkeys(box for box in found if box is not None))
        if not boxes:
            return f"locate found no {object!r}."
        return f"locate found {len(boxes)}: {', '.join(map(written, boxes))}."

    async def vlm(self, bbox_2d: Numbers, question: str) -> str:
        """Have the part of the picture inside a box looked at up close: gives an answer about that part alone.

        bbox_2d: the part to look at, as [x1, y1, x2, y2].
        question: what to find out there; it must be answerable from the part alone.
        """
        crop = await asyncio.to_thread(self._crop, bbox_2d)
        reply = await self._ask("vlm", PROMPTS.fill("vlm", question=question), crop, None)
        said = " ".join(reply.text.rpartition("</think>")[2].split())
        return f"vlm says of {written(bbox_2d)}: {said[:_SAID] or 'nothing'}"

    async def adjust_box(self, bbox_2d: Numbers, instruction: str) -> str:
        """Change a box as described, where it misses a part of its object or holds too much: gives the new box.

        bbox_2d: the box to change, as [x1, y1, x2, y2].
        instruction: what to change, e.g. "include the whole sign on the left".
        """
        model = self._models["adjust_box"]
        convention = model.family.convention
        here = _rounded(convention.write_original(self.boxes[bbox_2d], self._view), convention)
        words = convention_words(convention)
        prompt = PROMPTS.fill("adjust_box", box=written(here), convention=words, instruction=instruction)
        structure = boxes_structure(convention, self._view, many=False) if self._structured else None
        reply = await self._ask("adjust_box", prompt, self._environment.images[0], structure)
        found = read_located(reply.text, convention, self._view, 1)
        box = self._keep(found[0], convention) if found else None
        if box is None:
            return "adjust_box gave no new box."
        return f"adjust_box changed {written(bbox_2d)} to {written(box)}."

    async def _ask(self, role: str, prompt: str, image: Encoded, structure: dict[str, Any] | None) -> ChatReply:
        environment, number = self._environment, self._asked.get(role, 0)
        self._asked[role] = number + 1
        seed = call_seed(environment.episode, environment.task.seed, role, number)
        talk = Conversation(
            self._models[role],
            self._sampling,
            seed=seed,
            episode=environment.episode,
            rung=environment.task.rung,
            record=environment.calls,
            role=role,
        )
        talk.tell(Part(image=0), f"\n{prompt}")
        return await talk.reply([image], structure)

    def _crop(self, box: Numbers) -> Encoded:
        environment = self._environment
        toolbox = Toolbox(environment.original, environment.view, environment.task.rung, settings=environment.settings)
        return encode(toolbox.call(ZOOM, {"bbox_2d": list(box)}).picture, environment.lossless)

    def _known(self, box: Numbers) -> Numbers:
        """The box of the search that was meant, or a new one of the agent's own."""
        near = match(box, self.boxes, self._environment.settings.convention)
        if near is not None:
            return near
        kept = self._keep(box, self._environment.settings.convention)
        if kept is None:
            raise ToolError(f"the box {written(box)} lies outside the picture or has no area")
        return kept

    def _keep(self, numbers: Numbers, convention: Convention) -> Numbers | None:
        """Add a box about the view, written in some model's convention; None where nothing of it is inside."""
        inside = convention.read_original(numbers, self._view).clip(self._view.region)
        if inside is None:
            return None
        own = self._environment.settings.convention
        mine = _rounded(own.write_original(inside, self._view), own)
        box = own.read_original(mine, self._view)
        if box.area <= 0:
            return None
        self.boxes.setdefault(mine, box)
        return mine


def match(box: Numbers, known: Mapping[Numbers, Box], convention: Convention) -> Numbers | None:
    """The known box that these numbers are a copy of: each at most one unit off, which is how rounding differs."""
    unit = 0.0015 if convention is Convention.UNIT else 1.0
    near = [other for other in known if all(abs(a - b) <= unit for a, b in zip(box, other, strict=True))]
    return min(near, key=lambda other: sum(abs(a - b) for a, b in zip(box, other, strict=True)), default=None)


def written(box: Numbers) -> str:
    """A box as a prompt shows it."""
    return "[" + ", ".join(f"{n:g}" for n in box) + "]"


def _rounded(numbers: Numbers, convention: Convention) -> Numbers:
    """As a model would write it: whole numbers, or three decimals of fractions."""
    x1, y1, x2, y2 = (round(n, 3) if convention is Convention.UNIT else round(n) for n in numbers)
    return (x1, y1, x2, y2)


def _schema(method: Callable[..., Any]) -> dict[str, Any]:
    """A method's schema from its docstring: what it does, then a line for each argument."""
    text, _, arguments = (inspect.getdoc(method) or "").partition("\n\n")
    properties: dict[str, Any] = {}
    for line in arguments.splitlines():
        name, _, words = line.partition(": ")
        kind: dict[str, Any] = {"type": "string"}
        if name == "bbox_2d":
            kind = {"type": "array", "items": {"type": "number"}, "minItems": 4, "maxItems": 4}
        properties[name] = {**kind, "description": words}
    parameters = {"type": "object", "properties": properties, "required": list(properties)}
    function = {"name": method.__name__, "description": " ".join(text.split()), "parameters": parameters}
    return {"type": "function", "function": function}


INSTRUMENT_SCHEMAS: Mapping[str, Mapping[str, Any]] = {
    method.__name__: _schema(method) for method in (Instruments.locate, Instruments.vlm, Instruments.adjust_box)
}
"""By name, in the function-calling shape that chat models are trained on."""
