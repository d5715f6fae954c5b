"""What a tool says when a call cannot be done: an explanation for the agent, never a silent fallback."""


class ToolError(ValueError):
    """A call that cannot be done as asked; the message tells the agent what to change."""
