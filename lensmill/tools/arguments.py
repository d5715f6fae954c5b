"""What an agent wrote for an argument, as the value that it must be."""

from collections.abc import Sequence

from lensmill.tools.errors import ToolError, shown


def checked_box(numbers: object) -> tuple[float, float, float, float]:
    """Four finite numbers from whatever an agent wrote for a box.

    Raises:
        ToolError: it is something else.
    """
    if (
        isinstance(numbers, Sequence)
        and not isinstance(numbers, str)
        and len(numbers) == 4
        and all(isinstance(n, int | float) and not isinstance(n, bool) and abs(n) < 1e9 for n in numbers)
    ):
        x1, y1, x2, y2 = (float(n) for n in numbers)
        return (x1, y1, x2, y2)
    raise ToolError(f"bbox_2d must be four finite numbers [x1, y1, x2, y2], got {shown(numbers)}")


def checked_label(written: object) -> str:
    """A label as the agent wrote it; a plain number (a year on an axis) is taken as its text.

    Raises:
        ToolError: it is something else.
    """
    if isinstance(written, str):
        return written
    if isinstance(written, int | float) and not isinstance(written, bool) and abs(written) < 1e15:
        return str(written)
    raise ToolError(f"a label must be a text, got {shown(written)}")
