"""What every job's command has in common: --help, --cfg, and errors in one line with an exit status."""

import sys
import traceback
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from time import monotonic

import ray
from ray.exceptions import RayError, RayTaskError

from actors.cluster import ClusterError
from actors.engines import EngineError
from lensmill.redaction import redact
from monitoring.export import MetricsError
from monitoring.logs import line_of
from monitoring.only_json import only_json
from monitoring.textfile import job_ended
from pipelines.door import SettingsError, compose_config
from pipelines.help import help_for
from pipelines.models import ModelChoiceError
from storage.files import StoreError
from storage.sources.protocol import SourceError


def run_command(job: str, introduction: str, arguments: Sequence[str], run: Callable[[Sequence[str]], int]) -> int:
    """Run a job, and return its exit status; see `_run_command`. With `logging=json` its output is JSON lines alone."""
    as_json = _as_json(arguments) and not {"-h", "--help", "--cfg"} & {*arguments}
    started, status = monotonic(), 1
    with only_json() if as_json else nullcontext():
        try:
            status = _run_command(job, introduction, arguments, run)
        except Exception:
            if not as_json:
                raise
            traceback.print_exc()
        finally:
            job_ended(status)
        if as_json:
            level, fields = "info" if status == 0 else "error", {"status": int(status), "seconds": _seconds(started)}
            print(line_of(level, f"{job} ended with status {int(status)}", "json", fields=fields), file=sys.stderr)
    return status


def _as_json(arguments: Sequence[str]) -> bool:
    return "logging=json" in (argument.lstrip("+").replace('"', "").replace("'", "") for argument in arguments)


def _seconds(started: float) -> float:
    return round(monotonic() - started, 1)


def _run_command(job: str, introduction: str, arguments: Sequence[str], run: Callable[[Sequence[str]], int]) -> int:
    """Run a job and return its exit status; 2 is for what the user can mend, 1 for what went wrong within.

    Args:
        job: conf/<job>.yaml holds its settings.
        introduction: the beginning of its --help.
        run: given the arguments.
    """
    if any(argument in ("-h", "--help") for argument in arguments):
        print(help_for(job, introduction))
        return 0

    def tell(line: str) -> None:
        line = redact(line)  # of libraries, servers and stores
        shown = line_of("error", line, "json") if _as_json(arguments) else line
        print(shown, file=sys.stderr)

    try:
        if "--cfg" in arguments:
            from omegaconf import OmegaConf

            print(OmegaConf.to_yaml(compose_config(job, [a for a in arguments if a != "--cfg"])), end="")
            return 0
        return run(arguments)
    except (
        SettingsError,
        ModelChoiceError,
        SourceError,
        StoreError,
        ClusterError,
        EngineError,
        MetricsError,
    ) as error:
        tell(f"error: {getattr(error, 'cause', error)}")  # Ray wraps what its tasks raise
        return 2
    except RayTaskError as error:
        cause = getattr(error, "cause", error)
        tell(f"error: {type(cause).__name__}: {cause} (a bug: please report it)")
        return 1
    except RayError as error:
        tell(f"error: Ray: {' '.join(str(error).split())[:500]}; run the same command again")
        return 1
    except KeyboardInterrupt:
        tell("stopped at once; what was committed is kept: run the same command again to go on")
        return 130
    finally:
        if ray.is_initialized():
            ray.shutdown()
