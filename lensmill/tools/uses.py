"""What an episode did with its pictures: the one count that the closing table, the card and the metrics share."""

from dataclasses import dataclass

from lensmill.tools.spec import TOOLS, ToolKind
from lensmill.trajectory import Step, Trajectory


@dataclass(frozen=True, slots=True)
class Uses:
    """Counts of one trajectory, or sums over several.

    Attributes:
        steps: turns: those with a tool call, those whose reply could not be read, and the last one.
        calls: steps with a tool call, whether it worked or not.
        zooms: calls of the zoom tool that showed a picture.
        edits: calls of an edit tool, or of code that an agent wrote, that showed a picture which the episode did not
            have before. Code that shows several pictures is one edit; code that shows the view again is none.
    """

    steps: int = 0
    calls: int = 0
    zooms: int = 0
    edits: int = 0

    def __add__(self, other: "Uses") -> "Uses":
        return Uses(
            self.steps + other.steps, self.calls + other.calls, self.zooms + other.zooms, self.edits + other.edits
        )


def uses_of(trajectory: Trajectory) -> Uses:
    """The counts of one trajectory."""
    calls = zooms = edits = 0
    seen = {trajectory.view.pixel_hash}
    for step in trajectory.steps:
        shown = _shown(step)
        calls += step.action is not None
        kind = kind_of(step, trajectory)
        zooms += kind == "zoom"
        edits += kind in ("edit", "code") and not shown <= seen
        seen |= shown
    return Uses(len(trajectory.steps), calls, zooms, edits)


def kind_of(step: Step, trajectory: Trajectory) -> ToolKind | None:
    """The kind of a step's tool; None for a step without a call, and for a call that showed no picture.

    A tool from outside is told by what it showed (see `ToolSpec.kind`), so that the kind is the same where its module
    is not installed.
    """
    action, shown = step.action, step.observation.images if step.observation is not None else ()
    if action is None or not shown:
        return None
    if action.tool in TOOLS.own:
        return TOOLS.own[action.tool].kind
    about = action.arguments.get("image", 0)
    given = trajectory.images[about].frame if isinstance(about, int) and 0 <= about < len(trajectory.images) else None
    return "edit" if all(ref.frame == given for ref in shown) else "zoom"


def _shown(step: Step) -> set[str]:
    """Hashes of the pictures that a step showed."""
    return {ref.pixel_hash for ref in step.observation.images} if step.observation is not None else set()
