"""What a process's calls to models cost and how they fare, counted as they go, and a cap on what they may cost."""

from collections import Counter

from lensmill.models.chat import ModelError, Usage
from lensmill.models.replies import Trouble


class Meter:
    """Shared by all models of a worker; for one event loop.

    Args:
        requests, tokens: this process sends no further request once it has had so many; None is no cap.

    Attributes:
        requests: sent, failed attempts included.
        tokens: of prompts and replies together, as servers counted them.
        replies: that came.
        in_flight: requests that wait for a reply now.
        failed: attempts that gave none, by why.
        waiting: calls that wait for any server to be there again.
    """

    def __init__(self, requests: int | None = None, tokens: int | None = None) -> None:
        self._caps = (requests, tokens)
        self._closed = False
        self.requests = self.tokens = self.replies = self.in_flight = self.waiting = 0
        self.failed: Counter[Trouble] = Counter()

    def close(self) -> None:
        """Let no further request be sent: the job's cap is reached."""
        self._closed = True

    def send(self) -> None:
        """A request is about to be sent.

        Raises:
            ModelError: "spend_cap": none may be.
        """
        requests, tokens = self._caps
        over = (requests is not None and self.requests >= requests) or (tokens is not None and self.tokens >= tokens)
        if self._closed or over:
            raise ModelError("spend_cap", "a spending cap of this job is reached")
        self.requests += 1

    def received(self, usage: Usage) -> None:
        """A reply came."""
        self.replies += 1
        self.tokens += usage.prompt + usage.completion
