"""The work of an agent: steps, turns, tool calls, and their time."""

from collections.abc import Mapping
from typing import Any

from lensmill.facts.measure import Column, Episode, Making, Measure
from lensmill.tools.uses import uses_of


def _of(episode: Episode, _: Making) -> Mapping[str, Any]:
    trajectory = episode.trajectory
    if trajectory is None:
        return {"seconds": episode.seconds}
    uses = uses_of(trajectory)
    errors = [step.action is not None for step in trajectory.steps if step.observation and step.observation.error]
    return {
        "seconds": episode.seconds,
        "steps": uses.steps,
        "turns": sum(message.role == "assistant" for message in trajectory.messages),
        "tool_calls": uses.calls,
        "zooms": uses.zooms,
        "edits": uses.edits,
        "tool_errors": sum(errors),
        "unreadable": len(errors) - sum(errors),
        "rounds": trajectory.rounds,
        "thought_characters": sum(len(step.thought) for step in trajectory.steps),
    }


SPEC = Measure(
    "work",
    (
        Column("seconds", "float64", "how long the episode took", varies=True),
        Column("steps", "int32", "steps of the trajectory, the answer's included; null if failed"),
        Column("turns", "int32", "replies of the agent in the conversation"),
        Column("tool_calls", "int32", "steps with a tool call, whether it worked or not"),
        Column("zooms", "int32", "zooms that showed a picture"),
        Column("edits", "int32", "edits that showed a new picture"),
        Column("tool_errors", "int32", "tool calls that failed"),
        Column("unreadable", "int32", "replies that held neither a call nor an answer that could be read"),
        Column("rounds", "int32", "times that a verifier who knows the answer was asked"),
        Column("thought_characters", "int32", "characters of all thoughts"),
    ),
    _of,
)
