"""The common part of every job's command: --help, --cfg, and errors in one line with an exit status."""

import signal
import sys
import threading
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from time import monotonic

import ray
from ray.exceptions import (
    ActorDiedError,
    AuthenticationError,
    OutOfDiskError,
    OutOfMemoryError,
    RayError,
    RayTaskError,
    RuntimeEnvSetupError,
    WorkerCrashedError,
)

from actors.cluster.errors import ClusterError, ClusterUnavailable, Stopped
from actors.engines.replicas import EngineError, EngineUnavailable
from lensmill.redaction import redact
from lensmill.specs import SpecError
from monitoring.export import MetricsError
from monitoring.logs import line_of
from monitoring.only_json import only_json
from monitoring.textfile import job_ended
from pipelines import signals
from pipelines.config import SettingsError, compose_config
from pipelines.exit_status import ExitStatus
from pipelines.help import help_for
from pipelines.models import ModelChoiceError
from storage.builds.conditions import ConditionError
from storage.builds.sql import QueryError
from storage.files.store import StoreError, StoreUnavailable
from storage.sources.protocol import SourceError

UNAVAILABLE = (StoreUnavailable, ClusterUnavailable, EngineUnavailable)
"""Errors after which the same command may succeed later."""

TO_MEND = (
    *(SettingsError, ModelChoiceError, SpecError, ConditionError, QueryError),
    *(SourceError, StoreError, ClusterError, EngineError, MetricsError),
)
"""Errors that the user has to mend first."""


_RAY_TO_MEND = (RuntimeEnvSetupError, AuthenticationError, OutOfDiskError)

_RAY_CRASHES = (OutOfMemoryError, WorkerCrashedError, ActorDiedError)
"""Ray has restarted the process as often as that may help; the next run would end in the same way."""


def ending_of(error: BaseException) -> tuple[ExitStatus, str]:
    """The exit status of a job that ended with an error, and the line that says why."""
    cause = getattr(error, "cause", error)  # Ray wraps what its tasks raise
    match error:
        case KeyboardInterrupt():
            return ExitStatus.STOPPED, (
                "stopped at once; what was committed is kept: run the same command again to go on"
            )
        case Stopped():
            return ExitStatus.STOPPED, "stopped; finished work is kept: run the same command again to go on"
        case _ if isinstance(error, UNAVAILABLE):
            return ExitStatus.TRY_LATER, f"error: {cause}"
        case _ if isinstance(error, TO_MEND):
            return ExitStatus.MEND, f"error: {cause}"
        case RayTaskError():
            return ExitStatus.FAILED, _bug(cause)
        case RayError():
            status, advice = _ending_in_ray(error)
            return status, f"error: Ray: {' '.join(str(error).split())[:500]}; {advice}"
    raise error


def _ending_in_ray(error: RayError) -> tuple[ExitStatus, str]:
    if isinstance(error, _RAY_TO_MEND):
        return ExitStatus.MEND, "mend this and run again"
    with_its_node = isinstance(error, ActorDiedError) and (error.preempted or "node has died" in str(error))
    if isinstance(error, _RAY_CRASHES) and not with_its_node:
        return ExitStatus.FAILED, "look at Ray's logs and at this machine's memory before running again"
    return ExitStatus.TRY_LATER, "run the same command again"


def _bug(error: BaseException) -> str:
    return f"error: {type(error).__name__}: {' '.join(str(error).split())} (a bug: please report it)"


def run_command(job: str, introduction: str, arguments: Sequence[str], run: Callable[[Sequence[str]], int]) -> int:
    """Run a job, and return its exit status; see `_run_command`. With `logging=json` its output is JSON lines alone."""
    as_json = wants_json(arguments) and not {"-h", "--help", "--cfg"} & {*arguments}
    started, status = monotonic(), int(ExitStatus.FAILED)
    with only_json() if as_json else nullcontext():
        try:
            status = _run_command(job, introduction, arguments, run)
        except Exception as error:
            told, trace = redact(_bug(error)), redact(traceback.format_exc())
            if as_json:
                told = line_of("error", told, "json", fields={"traceback": trace})
            print(told if as_json else f"{trace}{told}", file=sys.stderr)
        finally:
            job_ended(status)
        if as_json:
            level, fields = "info" if status == 0 else "error", {"status": int(status), "seconds": _seconds(started)}
            print(line_of(level, f"{job} ended with status {int(status)}", "json", fields=fields), file=sys.stderr)
    return status


def wants_json(arguments: Sequence[str]) -> bool:
    """Whether a job's arguments ask for JSON lines."""
    return "logging=json" in (argument.lstrip("+").replace('"', "").replace("'", "") for argument in arguments)


def _seconds(started: float) -> float:
    return round(monotonic() - started, 1)


def _run_command(job: str, introduction: str, arguments: Sequence[str], run: Callable[[Sequence[str]], int]) -> int:
    """Run a job and return its exit status, one of `ExitStatus`.

    Args:
        job: conf/<job>.yaml holds its settings.
        introduction: the beginning of its --help.
        run: given the arguments.
    """
    try:
        if any(argument in ("-h", "--help") for argument in arguments):
            print(help_for(job, introduction, arguments))
            return ExitStatus.DONE
        with _sigterm_as_ctrl_c():
            if "--cfg" in arguments:
                from omegaconf import OmegaConf

                print(OmegaConf.to_yaml(compose_config(job, [a for a in arguments if a != "--cfg"])), end="")
                return ExitStatus.DONE
            return run(arguments)
    except (*UNAVAILABLE, *TO_MEND, RayError, Stopped, KeyboardInterrupt) as error:
        status, line = ending_of(error)
        level = "warning" if status is ExitStatus.STOPPED else "error"
        line = redact(line)  # of libraries, servers and stores
        print(line_of(level, line, "json") if wants_json(arguments) else line, file=sys.stderr)
        return status
    finally:
        if ray.is_initialized():
            ray.shutdown()


@contextmanager
def _sigterm_as_ctrl_c() -> Iterator[None]:
    """SIGTERM ends a job like Ctrl-C, with a line and status 130, while the job does not handle signals gently."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, stop)
    signals.begin()
    try:
        yield
    finally:
        if before is signals.stop_at_once:
            signals.end()
        else:
            signal.signal(signal.SIGTERM, before)
