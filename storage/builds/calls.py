"""What the episode store keeps of the model calls behind an episode; never published, since latencies differ."""

from collections.abc import Mapping
from typing import Any

import pyarrow as pa

from lensmill.models.chat import ChatReply, ModelCall, Usage
from storage.builds.schema import clean

CALL = pa.struct(
    [
        ("role", pa.string()),
        ("model", pa.string()),
        ("text", pa.string()),
        ("reasoning", pa.string()),
        ("finish_reason", pa.string()),
        ("prompt_tokens", pa.int64()),
        ("completion_tokens", pa.int64()),
        ("cached_tokens", pa.int64()),
        ("latency_s", pa.float64()),
        ("attempts", pa.int32()),
    ]
)


def call_row(call: ModelCall) -> dict[str, Any]:
    """A call as a CALL value."""
    reply = call.reply
    return {
        "role": call.role,
        "model": clean(reply.model),
        "text": clean(reply.text),
        "reasoning": clean(reply.reasoning),
        "finish_reason": clean(reply.finish_reason),
        "prompt_tokens": reply.usage.prompt,
        "completion_tokens": reply.usage.completion,
        "cached_tokens": reply.usage.cached,
        "latency_s": reply.latency_s,
        "attempts": reply.attempts,
    }


def call_of(row: Mapping[str, Any]) -> ModelCall:
    """A call from its CALL value."""
    usage = Usage(row["prompt_tokens"], row["completion_tokens"], row["cached_tokens"])
    reply = ChatReply(
        row["text"], row["reasoning"], row["finish_reason"], usage, row["latency_s"], row["model"], row["attempts"]
    )
    return ModelCall(row["role"], reply)
