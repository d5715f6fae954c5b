"""Why an episode ends without a trajectory, where the agent itself knows it."""


class EpisodeError(Exception):
    """An episode that fails for a reason with a name.

    Attributes:
        error_class: the stable name, by which failed episodes are retried.
        retry: what is needed for another attempt to succeed.
    """

    error_class = "agent_error"
    retry = "report it with this message"


class TooLong(EpisodeError):
    """The next call cannot fit into the model's context; the message names the rung and the tokens."""

    error_class = "context_length"
    retry = "leave out this rung, or use a model and server with a longer context (agent.max_tokens counts too)"


class PictureSize(EpisodeError):
    """The model's server would resize a picture, so the model would not see what the record says."""

    error_class = "picture_size"
    retry = "leave out this rung, or change min_pixels or max_pixels of the model, and of its server alike"


class NoTrajectory(EpisodeError):
    """The build of the given trajectories has none of this question on this rung, or its pictures changed."""

    error_class = "no_trajectory"
    retry = "finish the build of the given trajectories on the same questions and rungs, then retry=no_trajectory"


class BadSummary(EpisodeError):
    """No summary of a search stayed with the search: `search` hands in nothing rather than a text of our own."""

    error_class = "bad_summary"
    retry = "retry it with another seed or a better model for the role summariser"
