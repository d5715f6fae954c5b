"""What Ray says by itself: as log lines of ours, short, and nowhere else."""

import logging

import ray._private.worker

from monitoring.logs import LOGGER

log = logging.getLogger("lensmill.ray")

MOST_CHARS = 500


def take_over_ray_lines() -> None:
    """Have lines that Ray prints in this process go to our logger. Call it after `ray.init`.

    Ray prints errors of its raylets (a worker killed for memory, an actor without room) with tables of processes and
    dumps of its state, on standard output, whatever `log_to_driver` says. What they mean for the job, the job says
    itself (a worker died, waiting for a worker), so the first line goes to the log on level debug.
    """
    ray_logger = logging.getLogger("ray")
    ray_logger.handlers[:] = LOGGER.handlers or ray_logger.handlers
    ray._private.worker.print_to_stdstream = _print


def _print(data: dict[str, object], **_: object) -> None:
    lines = data.get("lines")
    text = "\n".join(map(str, lines)) if isinstance(lines, list) else str(lines)
    log.debug("%s: %s", data.get("pid", "ray"), next(iter(text.strip().splitlines()), "")[:MOST_CHARS])
