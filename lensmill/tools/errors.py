"""What a tool says when a call cannot be done: an explanation for the agent, never a silent fallback."""


class ToolError(ValueError):
    """A call that cannot be done as asked; the message tells the agent what to change."""


def shown(value: object, length: int = 80) -> str:
    """What an agent wrote, short enough for a message; values that cannot be written out are named by their type."""
    try:
        text = value if isinstance(value, str) else repr(value)
    except (ValueError, RecursionError):  # integers of thousands of digits, nesting without end
        text = f"a {type(value).__name__}"
    return text if len(text) <= length else text[: length - 1] + "…"
