"""The environment of one episode: it runs the agent's tool calls, and records each as a step."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from PIL import Image

from lensmill.agents.protocol import Rollout, Task, Verifier
from lensmill.models.chat import ModelCall
from lensmill.picture import Encoded, Picture, encode
from lensmill.tools import Album, Toolbox, ToolError, ToolSettings
from lensmill.trajectory import Action, ImageRef, Message, Observation, Step, Stop, Trajectory


@dataclass(frozen=True, slots=True)
class Given:
    """The pictures of a trajectory that exists already.

    Attributes:
        steps: those that showed pictures, without their thoughts.
        images: the view, then the pictures of the steps.
    """

    steps: tuple[Step, ...]
    images: tuple[Encoded, ...]

    @classmethod
    def of(cls, trajectory: Trajectory, images: Sequence[Encoded]) -> "Given":
        """The given pictures of a trajectory; `images`: all of its pictures, in order."""
        steps = (replace(step, thought="") for step in trajectory.steps if step.action is not None)
        return cls(tuple(steps), tuple(images))


@dataclass
class Environment:
    """What an agent acts in: the pictures, the tools, and the recorder of its steps. One an episode.

    Args:
        original: the upright RGB original.
        view: what the agent sees first.
        lossless: encode pictures as PNG; False for originals that came from a lossy file.
        encoded: the view's file, if the caller has it: episodes of one picture share it.
        episode: the episode's id, which keeps its model calls on one replica.
        verifier: says whether an answer is right, for agents that need a verifier (`search`).
        calls: of models, added during the episode, so that a failed episode has them too.
        recorded: the trajectory that came with the sample, for agents that need a recording. It holds the answer.
    """

    task: Task
    original: Image.Image
    view: Picture
    settings: ToolSettings = field(default_factory=ToolSettings)
    lossless: bool = True
    encoded: Encoded | None = None
    episode: str = ""
    verifier: Verifier | None = None
    calls: list[ModelCall] = field(default_factory=list)
    recorded: Rollout | None = None

    def __post_init__(self) -> None:
        self._toolbox = Toolbox(self.original, self.view, self.task.rung, self.task.regions, self.settings)
        self._steps: list[Step] = []
        self._images: list[Encoded] = [self.encoded or encode(self.view, self.lossless)]

    @property
    def pictures(self) -> Album:
        """The view, then each observation's picture; asking for one may draw it again, asking for `frames` does not."""
        return self._toolbox.pictures

    @property
    def steps(self) -> tuple[Step, ...]:
        """The recorded steps, in order."""
        return tuple(self._steps)

    def act(self, thought: str, tool: str, arguments: Mapping[str, Any]) -> Observation:
        """Run one tool call. An impossible call gives an observation with the reason."""
        return self.look(thought, tool, arguments)[0]

    def look(self, thought: str, tool: str, arguments: Mapping[str, Any]) -> tuple[Observation, Picture | None]:
        """Run one tool call and return the picture too, for agents that read pixels themselves: `pictures` would draw
        it again."""
        try:
            result = self._toolbox.call(tool, arguments)
        except ToolError as error:
            observation = Observation(str(error), error=True)
            self._steps.append(Step(thought, Action(tool, arguments), observation))
            return observation, None
        image = encode(result.picture, self.lossless)
        self._images.append(image)
        observation = Observation(result.text, (image.ref,))
        self._steps.append(Step(thought, Action(tool, arguments, result.boxes), observation))
        return observation, result.picture

    def show(self, picture: Picture) -> ImageRef:
        """Record a picture that an agent's own code made; the next of `images`, and of `pictures` for later calls."""
        image = encode(picture, self.lossless)
        self._toolbox.pictures.add(image if self.lossless else picture)  # the model's file is kept in any case
        self._images.append(image)
        return image.ref

    def begin_with(self, given: Given) -> None:
        """Take over the pictures of a given trajectory, with the steps that made them, before the agent acts.

        The agent sees neither the thoughts nor the answer of that trajectory. `pictures` stays the view alone.
        """
        self._images = [*given.images]
        self._steps = [*given.steps]

    def record(self, step: Step) -> None:
        """Record a step that was not a tool call: code that ran in the sandbox, or a reply that could not be read."""
        self._steps.append(step)

    @property
    def images(self) -> tuple[Encoded, ...]:
        """The encoded pictures: the view, then what each step showed."""
        return tuple(self._images)

    def hand_in(
        self,
        thought: str,
        answer: str | None,
        messages: tuple[Message, ...],
        stop: Stop | None = None,
        rounds: int = 0,
    ) -> Rollout:
        """Close the episode with a last thought and the answer; None abstains. `rounds`: times that the verifier
        was asked."""
        ending: Stop = stop or ("abstained" if answer is None else "answered")
        trajectory = Trajectory(
            tuple(image.ref for image in self._images),
            (*self._steps, Step(thought)),
            messages,
            answer,
            ending,
            rounds,
        )
        return Rollout(trajectory, tuple(self._images))
