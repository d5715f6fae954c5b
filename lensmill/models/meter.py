"""Counts the cost and the outcome of a process's calls to models, and caps the cost."""

from collections import Counter
from dataclasses import dataclass

from lensmill.models.chat import ModelError, Usage
from lensmill.models.replies import Trouble


@dataclass(frozen=True, slots=True)
class Caps:
    """Maximum requests sent, and maximum tokens of prompts and replies. None means no cap."""

    requests: int | None = None
    tokens: int | None = None


NO_CAPS = Caps()


class Meter:
    """Counts for all models of a worker, in one event loop.

    Args:
        caps: once this process has spent this much, it sends no further request.

    Attributes:
        requests: requests sent, with failed attempts.
        tokens: tokens of prompts and replies, as servers counted them.
        replies: replies received.
        in_flight: requests that wait for a reply now.
        failed: failed attempts, by reason.
        waiting: calls that wait for any server to be reachable.
    """

    def __init__(self, caps: Caps = NO_CAPS) -> None:
        self._caps = caps
        self._closed = False
        self.requests = self.tokens = self.replies = self.in_flight = self.waiting = 0
        self.failed: Counter[Trouble] = Counter()

    def close(self) -> None:
        """Allow no further request: the job's cap is reached."""
        self._closed = True

    def send(self) -> None:
        """Count a request that is about to be sent.

        Raises:
            ModelError: "spend_cap": no request may be sent.
        """
        requests, tokens = self._caps.requests, self._caps.tokens
        over = (requests is not None and self.requests >= requests) or (tokens is not None and self.tokens >= tokens)
        if self._closed or over:
            raise ModelError("spend_cap", "a spending cap of this job is reached")
        self.requests += 1

    def received(self, usage: Usage) -> None:
        """Count a reply."""
        self.replies += 1
        self.tokens += usage.prompt + usage.completion
