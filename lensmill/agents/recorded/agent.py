"""The recorded agent: no model, no tools; the rollout is the trajectory that came with the sample."""

from dataclasses import replace

from lensmill.agents.environment import Environment
from lensmill.agents.errors import EpisodeError
from lensmill.agents.protocol import Rollout


class NoRecording(EpisodeError):
    """The sample came without a trajectory."""

    error_class = "no_recording"
    retry = "choose another agent for this sample, or leave its row out"


class RecordedAgent:
    """Hands in what came with the sample. The view takes the place of the original in it: both show the whole picture,
    and a view's sides are whole patches, as a model's own preprocessor makes them."""

    name = "recorded"

    async def run(self, environment: Environment) -> Rollout:
        """See `Agent`.

        Raises:
            NoRecording: the sample came without a trajectory.
        """
        recorded = environment.recorded
        if recorded is None:
            raise NoRecording("no trajectory came with the sample")
        view = environment.images[0]
        trajectory = replace(recorded.trajectory, images=(view.ref, *recorded.trajectory.images[1:]))
        return Rollout(trajectory, (view, *recorded.images))
