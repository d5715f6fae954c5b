"""The processes that a process started, whatever session they are in."""

import os
from contextlib import suppress
from pathlib import Path


def descendants(pid: int) -> list[int]:
    """The process's children, theirs, and so on."""
    children: dict[int, list[int]] = {}
    for entry in os.listdir("/proc"):
        with suppress(ValueError, OSError, IndexError):
            fields = Path(f"/proc/{int(entry)}/stat").read_text().rpartition(")")[2].split()
            children.setdefault(int(fields[1]), []).append(int(entry))
    found, todo = [], [pid]
    while todo:
        todo += (mine := children.get(todo.pop(), []))
        found += mine
    return found


def alive(pid: int) -> bool:
    """Whether it runs; one that has ended and was not waited for does not."""
    with suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False
