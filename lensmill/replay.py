"""Replay: draws every picture of an episode again, from the original, the rung and the recorded actions alone.

Drawn pictures need not be stored (design invariant 2): anybody with the originals and the trajectories can draw each
view and each observation again, and compare them with the recorded hashes.
"""

import re
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from types import TracebackType
from typing import Any, Self

from lensmill.decoding import Original, load_original
from lensmill.geometry import Box, Convention
from lensmill.models.families import ModelFamily
from lensmill.picture import Encoded, Picture, draw_view, encode, pixel_hash
from lensmill.resolution import PATCH_FACTOR, Ladder
from lensmill.sample import Region
from lensmill.sandbox.protocol import Limits, Sandbox
from lensmill.tools import PYTHON, Toolbox, ToolError, ToolSettings
from lensmill.tools.settings import chosen_by
from lensmill.trajectory import Action, ImageRef, Step, Trajectory

FILES_HELD = 128 << 20
"""Maximum bytes of encoded pictures kept for neighbouring episodes: other questions, rungs and samples of the same
picture."""

SECONDS = 10.0
"""Time limit of a block of code: longer than at recording (`Limits`), so that a busy machine changes nothing."""

_SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class ReplaySettings:
    """The part of a recipe that decides how pictures are drawn.

    Attributes:
        factor, upscale: see `Ladder`.
        tools: of the agent; their picture limits are the views' limits too.
        family: of the agent's model. It decides the sizes to which pictures from code are fitted.
        cpython: code may have run in the sandbox's CPython interpreter.
        packages: name -> version of the packages that drew the pictures; other versions may draw other pixels.
    """

    factor: int = PATCH_FACTOR
    upscale: bool = False
    tools: ToolSettings = field(default_factory=ToolSettings)
    family: ModelFamily = field(default_factory=ModelFamily)
    cpython: bool = False
    packages: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of_recipe(cls, recipe: Mapping[str, Any]) -> Self:
        """The settings of a recorded recipe (JSON values). The pictures of given trajectories were drawn as the recipe
        of their own build says.

        Raises:
            ValueError: `recipe` is not a recipe.
        """
        if "given" in recipe:
            return cls.of_recipe(recipe["given"])
        try:
            agent, ladder = recipe["agent"], recipe["ladder"]
            _drawn_as_now(ladder)
            model = recipe.get("models", {}).get("agent")
            family = ModelFamily()
            if model is not None:
                names = ("factor", "min_pixels", "max_pixels", "context_length", "tokens_per_image")
                family = ModelFamily(Convention(model["convention"]), **{name: model[name] for name in names})
            tools = ToolSettings(
                convention=family.convention,
                factor=ladder["factor"],
                min_pixels=ladder["min_pixels"],
                max_pixels=ladder["max_pixels"],
                **chosen_by(agent),
            )
            cpython = bool(recipe.get("sandbox", {}).get("cpython"))
            packages = dict(recipe.get("packages", {}))
            return cls(ladder["factor"], ladder["upscale"], tools, family, cpython, packages)
        except (AttributeError, KeyError, TypeError) as error:
            raise ValueError(f"this is not a recipe: {type(error).__name__}: {error}") from error

    def ladder(self, rung: int) -> Ladder:
        """The ladder that draws views on this rung.

        Raises:
            ValueError: no views are drawn on this rung.
        """
        return Ladder((rung,), self.factor, self.upscale, self.tools.min_pixels, self.tools.max_pixels)

    def record(self) -> dict[str, Any]:
        """The settings as JSON values, for a dataset's manifest."""
        return asdict(self)

    @classmethod
    def of_record(cls, record: Mapping[str, Any]) -> Self:
        """Parse the values that `record` wrote.

        Raises:
            ValueError: the values are not such a record.
        """
        try:
            tools, family = dict(record["tools"]), dict(record["family"])
            _drawn_as_now(tools)
            for values in (tools, family):
                values["convention"] = Convention(values["convention"])
            tools["tools"] = tuple(tools.get("tools", ()))
            rest = {name: value for name, value in record.items() if name not in ("tools", "family")}
            made = cls(tools=ToolSettings(**tools), family=ModelFamily(**family), **rest)
            made.ladder(made.tools.zoom_floor)  # a record may hold any number
            return made
        except (AttributeError, KeyError, TypeError) as error:
            raise ValueError(f"these are not settings of a replay: {type(error).__name__}: {error}") from error


def _drawn_as_now(limits: Mapping[str, Any]) -> None:
    """Refuse records from before pictures had an upper limit: crops and outlines were drawn differently then."""
    if "factor" in limits and "max_pixels" not in limits:
        raise ValueError("its pictures were drawn as an earlier lensmill did; replay them with that one, or build anew")


@dataclass(frozen=True, slots=True)
class Difference:
    """A difference between a replay and the record: the field of the trajectory, e.g. "steps[1].boxes", and a
    description."""

    field: str
    what: str


@dataclass(frozen=True, slots=True)
class Redrawn:
    """A picture that was drawn again, or a step without a picture that differs.

    Attributes:
        index: into the trajectory's `images`; None without a picture.
        picture: as drawn now.
        file: its encoding, if requested.
        differences: from the record. The first picture of a step also has the differences of the step itself.
    """

    index: int | None
    picture: Picture | None
    file: Encoded | None
    differences: tuple[Difference, ...]


def stored_pictures(trajectory: Trajectory) -> frozenset[str]:
    """Ids of the pictures that are stored as files; everything else is drawn again from its record.

    These are the pictures that code showed: with other limits, or on a slower machine, code may get less far. Of a
    recorded trajectory they are all pictures that came with it.
    """
    if trajectory.recording is not None:
        return frozenset(ref.image_id for ref in trajectory.images[1:])
    steps = (step for step in trajectory.steps if step.action is not None and step.action.tool == PYTHON)
    return frozenset(ref.image_id for step in steps if step.observation for ref in step.observation.images)


class ReplayError(ValueError):
    """A replay that differs from the record. One line that says where."""


class Replayer:
    """Draws episodes again, one after the other. A context manager, because code of an agent needs a sandbox.

    It holds the last original with its views, and a bounded number of encoded pictures. So pass episodes of one picture
    one after the other, as the plan has them. Not thread-safe.

    Args:
        settings: how the pictures were drawn.
        original: image id -> the picture's file.
        unsafe: run recorded code even if this machine grants no boundary; never taken from a record.
    """

    def __init__(self, settings: ReplaySettings, original: Callable[[str], bytes], unsafe: bool = False) -> None:
        self._settings = settings
        self._load = original
        self._unsafe = unsafe
        self._sandbox: Sandbox | None = None
        self._original: tuple[str, Original] | None = None
        self._views: dict[int, Picture] = {}
        self._files: OrderedDict[tuple[str, bool], Encoded] = OrderedDict()
        self._ids: dict[str, tuple[str, bool]] = {}
        self._held = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._sandbox is not None:
            self._sandbox.close()

    def replay(
        self, image_id: str, rung: int, regions: Sequence[Region], trajectory: Trajectory, files: bool = False
    ) -> Iterator[Redrawn]:
        """Draw every picture of a trajectory again, in order and one at a time, and compare it with the record.

        Ends early, with a difference, at a step that can no longer be run. Of a recorded trajectory only the view is
        drawn.

        Args:
            image_id: of the original.
            rung: of the episode.
            regions: of the sample.
            trajectory: the record.
            files: also encode each picture and compare its sha256. This takes most of the time.

        Raises:
            ImageError: the original cannot be decoded. Exceptions of `original` pass through.
            ValueError: no view is drawn on this rung.
            NoBoundary: there is code to run and no sandbox to contain it.
        """
        recorded = [ref for step in trajectory.steps if step.observation for ref in step.observation.images]
        if recorded != list(trajectory.images[1:]):
            what = "the pictures of the steps are not those of the trajectory"
            yield Redrawn(None, None, None, (Difference("images", what),))
            return
        if trajectory.recording is not None:  # others drew its pictures: the view alone follows from the original
            trajectory = replace(trajectory, images=trajectory.images[:1], steps=(), messages=())
        lossless, view = self._look(image_id, rung)
        shown = self._steps(view, rung, regions, trajectory)
        index = 0
        for pictures, differences in shown:
            expected = trajectory.images[index : index + len(pictures)]
            for number, (picture, ref) in enumerate(zip(pictures, expected, strict=False)):
                again = self._compared(index + number, picture, ref, lossless, files)
                first = differences if number == 0 else ()
                yield replace(again, differences=(*first, *again.differences))
            if not pictures and differences:
                yield Redrawn(None, None, None, differences)
            index += len(pictures)

    def files(self, image_id: str, rung: int, regions: Sequence[Region], trajectory: Trajectory) -> Iterator[Encoded]:
        """The files of a trajectory's pictures, in order, each with the bytes that its id names.

        An episode whose pictures were all drawn for its neighbours costs nothing.

        Raises:
            ReplayError: a picture differs from the record.
        """
        if all(ref.image_id in self._ids for ref in trajectory.images):
            keys = [self._ids[ref.image_id] for ref in trajectory.images]
            held = [self._files[key] for key in keys]
            for key, ref, file in zip(keys, trajectory.images, held, strict=True):
                if key in self._files:
                    self._files.move_to_end(key)
                yield replace(file, ref=ref)
            return
        for again in self.replay(image_id, rung, regions, trajectory, files=True):
            if again.differences:
                raise ReplayError(f"{again.differences[0].field}: {again.differences[0].what}")
            if again.file is not None:
                yield again.file

    def _look(self, image_id: str, rung: int) -> tuple[bool, Picture]:
        if self._original is None or self._original[0] != image_id:
            self._original, self._views = None, {}  # two originals at a time would take twice the memory
            self._original = (image_id, load_original(self._load(image_id)))
        original = self._original[1]
        if rung not in self._views:
            self._views[rung] = draw_view(original.pixels, rung, self._settings.ladder(rung))
        return original.lossless, self._views[rung]

    def _steps(
        self, view: Picture, rung: int, regions: Sequence[Region], trajectory: Trajectory
    ) -> Iterator[tuple[Sequence[Picture], tuple[Difference, ...]]]:
        """The view, then for each step its pictures as drawn now and the differences of the step."""
        assert self._original is not None
        yield [view], ()
        toolbox = Toolbox(self._original[1].pixels, view, rung, regions, self._settings.tools)
        code = self._code(view, rung, regions, trajectory.steps)
        for number, step in enumerate(trajectory.steps):
            place = f"steps[{number}]"
            action, refs = step.action, step.observation.images if step.observation else ()
            try:
                if action is not None and action.tool == PYTHON:
                    pictures, boxes = next(code)
                    differences = _of_code(place, step, pictures, boxes)
                    yield pictures, differences
                elif action is not None and action.tool in toolbox:
                    yield _of_tool(place, step, action, toolbox)
                elif refs:
                    yield [], (Difference(place, f"there is no tool {str(action and action.tool)[:60]!r} to replay"),)
                    return
            except (ToolError, AttributeError, LookupError, TypeError, ValueError) as error:
                text = str(error) if isinstance(error, ToolError) else f"{type(error).__name__}: {error}"
                yield [], (Difference(place, f"it can no longer be done: {text[:300]}"),)
                return

    def _code(
        self, view: Picture, rung: int, regions: Sequence[Region], steps: Sequence[Step]
    ) -> Iterator[tuple[list[Picture], tuple[tuple[str, Box], ...]]]:
        from lensmill.agents.refocus.replay import replay_code  # imported late: only code needs the interpreter
        from lensmill.sandbox.interpreters import open_sandbox

        if self._sandbox is None:
            limits = Limits(seconds=SECONDS)
            self._sandbox = open_sandbox(limits, 1, self._settings.cpython, self._unsafe)
        most = self._settings.tools.most_pixels(rung)
        yield from replay_code(view, steps, regions, self._sandbox, most, self._settings.family)

    def _compared(self, index: int, picture: Picture, ref: ImageRef, lossless: bool, files: bool) -> Redrawn:
        found = pixel_hash(picture.pixels)
        differences = []
        if found != ref.pixel_hash:
            what = f"drawn again its pixels are {found[:16]}..., recorded is {ref.pixel_hash[:16]}..."
            differences.append(Difference(f"images[{index}].pixel_hash", what))
        if picture.frame != ref.frame:
            what = f"drawn again it is {picture.frame}, recorded is {ref.frame}"
            differences.append(Difference(f"images[{index}].frame", what))
        if not files:
            return Redrawn(index, picture, None, tuple(differences))
        file = self._encoded(picture, found, lossless)
        if file.ref.image_id != ref.image_id:
            what = f"encoded again its sha256 is {file.ref.image_id[:16]}..., recorded is {ref.image_id[:16]}..."
            differences.append(Difference(f"images[{index}].image_id", what))
        return Redrawn(index, picture, file, tuple(differences))

    def _encoded(self, picture: Picture, pixels: str, lossless: bool) -> Encoded:
        """A picture's file. Equal pixels are encoded once."""
        key = (pixels, lossless)
        if key in self._files:
            self._files.move_to_end(key)
            held = self._files[key]
            return replace(held, ref=replace(held.ref, frame=picture.frame))
        made = self._files[key] = encode(picture, lossless)
        self._ids[made.ref.image_id] = key
        self._held += len(made.data)
        while self._held > FILES_HELD and len(self._files) > 1:
            _, old = self._files.popitem(last=False)
            del self._ids[old.ref.image_id]
            self._held -= len(old.data)
        return made


def _of_tool(
    place: str, step: Step, action: Action, toolbox: Toolbox
) -> tuple[Sequence[Picture], tuple[Difference, ...]]:
    """Run a tool call again.

    Raises:
        ToolError: the call fails now and did not fail when it was recorded.
    """
    observation = step.observation
    text, failed = (observation.text, observation.error) if observation else ("", False)
    try:
        result = toolbox.call(action.tool, action.arguments)
    except ToolError as error:
        if not failed:
            raise
        return [], _text(place, str(error), text)
    if failed:
        return [], (Difference(place, "recorded is that the call failed, and now it does not"),)
    differences = _text(place, result.text, text)
    if observation is None or len(observation.images) != 1:
        raise ValueError("the call shows one picture, and as many were not recorded")
    if not _same_boxes(result.boxes, action.boxes):
        differences += (Difference(f"{place}.boxes", f"done again it looks at {_shown(result.boxes)}"),)
    return [result.picture], differences


def _of_code(
    place: str, step: Step, pictures: Sequence[Picture], boxes: Sequence[tuple[str, Box]]
) -> tuple[Difference, ...]:
    observation = step.observation
    count = len(observation.images) if observation else 0
    if len(pictures) != count:
        raise ValueError(f"run again its code shows {len(pictures)} pictures, recorded are {count}")
    failed = observation is not None and observation.error  # the progress of code before a limit may differ
    if step.action is not None and not failed and not _same_boxes(boxes, step.action.boxes):
        return (Difference(f"{place}.boxes", f"run again its code looks at {_shown(boxes)}"),)
    return ()


def _text(place: str, found: str, recorded: str) -> tuple[Difference, ...]:
    if _plain(found) == _plain(recorded):
        return ()
    return (Difference(f"{place}.observation", f"done again it says {found[:100]!r}, recorded is {recorded[:100]!r}"),)


def _same_boxes(found: Sequence[tuple[str, Box]], recorded: Sequence[tuple[str, Box]]) -> bool:
    def plain(boxes: Sequence[tuple[str, Box]]) -> list[tuple[str, Box]]:
        return [(_plain(label), box) for label, box in boxes]

    return plain(found) == plain(recorded)


def _shown(boxes: Sequence[tuple[str, Box]]) -> str:
    return str([(label[:60], list(box.xyxy)) for label, box in boxes])[:300]


def _plain(text: str) -> str:
    """The text as a column stores it: a lone surrogate becomes U+FFFD."""
    return _SURROGATE.sub("\ufffd", text)
