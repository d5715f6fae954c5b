"""What a process's calls to models cost and how they fare, counted as they go, and a cap on what they may cost."""

from collections import Counter
from dataclasses import dataclass

from lensmill.models.chat import ModelError, Usage
from lensmill.models.replies import Trouble


@dataclass(frozen=True, slots=True)
class Caps:
    """What may be spent: requests sent, and tokens of prompts and replies; None is no cap."""

    requests: int | None = None
    tokens: int | None = None


NO_CAPS = Caps()


class Meter:
    """Shared by all models of a worker; for one event loop.

    Args:
        caps: this process sends no further request once it has spent so much.

    Attributes:
        requests: sent, failed attempts included.
        tokens: of prompts and replies together, as servers counted them.
        replies: that came.
        in_flight: requests that wait for a reply now.
        failed: attempts that gave none, by why.
        waiting: calls that wait for any server to be there again.
    """

    def __init__(self, caps: Caps = NO_CAPS) -> None:
        self._caps = caps
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
        requests, tokens = self._caps.requests, self._caps.tokens
        over = (requests is not None and self.requests >= requests) or (tokens is not None and self.tokens >= tokens)
        if self._closed or over:
            raise ModelError("spend_cap", "a spending cap of this job is reached")
        self.requests += 1

    def received(self, usage: Usage) -> None:
        """A reply came."""
        self.replies += 1
        self.tokens += usage.prompt + usage.completion
