"""The model calls behind an episode: models, tokens, time. Null if no model was asked."""

from collections.abc import Mapping
from typing import Any

from lensmill.facts.measure import Column, Episode, Making, Measure

AGENT = "agent"


def _of(episode: Episode, making: Making) -> Mapping[str, Any]:
    calls = episode.calls
    named = making.recipe.get("models", {}).get(AGENT, {}).get("name")
    answered = next((call.reply.model for call in calls if call.role == AGENT and call.reply.model), None)
    if not calls:
        return {"model": named}
    usages = [call.reply.usage for call in calls]
    return {
        "model": answered or named,
        "model_calls": len(calls),
        "model_seconds": sum(call.reply.latency_s for call in calls),
        "model_retries": sum(call.reply.attempts - 1 for call in calls),
        "cut_replies": sum(call.reply.finish_reason == "length" for call in calls),
        "prompt_tokens": sum(usage.prompt for usage in usages),
        "completion_tokens": sum(usage.completion for usage in usages),
        "cached_tokens": sum(usage.cached for usage in usages),
    }


SPEC = Measure(
    "model",
    (
        Column("model", "string", "name of the agent's model as its server gives it; null for an agent without one"),
        Column("model_calls", "int32", "calls of all models: the agent's, a verifier's ..."),
        Column("model_seconds", "float64", "seconds of these calls, in sum", varies=True),
        Column("model_retries", "int32", "attempts of these calls beyond the first", varies=True),
        Column("cut_replies", "int32", "replies that ended at their limit of tokens"),
        Column("prompt_tokens", "int64", "tokens of all prompts, as the server counts them"),
        Column("completion_tokens", "int64", "tokens of all replies"),
        Column("cached_tokens", "int64", "tokens of prompts that came from the server's prefix cache", varies=True),
    ),
    _of,
)
