"""Replaces Ray's own messages by one log line each."""

import logging
import re

import ray._private.worker

from monitoring.logs import LOGGER

log = logging.getLogger("lensmill.ray")

MOST_CHARS = 500

_VARIES = re.compile(r"[0-9a-f]{8,}|\d+")


def take_over_ray_lines() -> None:
    """Send Ray's messages in this process to lensmill's logger. Call it after `ray.init`.

    Ray prints errors of its raylets (a worker killed for memory, an actor without resources) with tables of processes
    and dumps of its state, on standard output, independent of `log_to_driver`, and repeats some every few seconds. The
    first line of each is logged as a warning, once for lines that differ only in ids and numbers. The rest is in Ray's
    log files.
    """
    ray_logger = logging.getLogger("ray")
    ray_logger.handlers[:] = LOGGER.handlers or ray_logger.handlers
    said: set[str] = set()

    def tell(data: dict[str, object], **_: object) -> None:
        lines = data.get("lines")
        text = "\n".join(map(str, lines)) if isinstance(lines, list) else str(lines)
        first = next((line.strip() for line in text.splitlines() if line.strip()), "")[:MOST_CHARS]
        kind = _VARIES.sub("", first)
        if first and kind not in said:
            said.add(kind)
            log.warning("Ray's %s: %s", data.get("pid", "log"), first)

    ray._private.worker.print_to_stdstream = tell
