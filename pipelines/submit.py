"""Sends a job to a Ray cluster: the same job with the same settings, run by Ray Jobs.

    python -m pipelines.submit address=http://127.0.0.1:8265 build source=chartqa out=s3://bucket/chartqa

The command sends the checkout, shows the job's log, and ends with the job's exit status. Ctrl-C stops following the
job, never the job itself.
"""

import asyncio
import contextlib
import importlib
import io
import logging
import os
import shlex
import shutil
import socket
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future
from pathlib import Path
from threading import Thread
from time import monotonic, sleep
from typing import Any
from urllib.parse import urlsplit

import yaml
from ray.dashboard.modules import dashboard_sdk
from ray.dashboard.modules.job import sdk
from ray.job_submission import JobDetails, JobErrorType, JobStatus, JobSubmissionClient

from actors.cluster.errors import ClusterError, ClusterUnavailable
from monitoring.only_json import only_json
from pipelines.command import run_command, wants_json
from pipelines.config import SettingsError, load
from pipelines.exit_status import ExitStatus
from pipelines.help import SUBMIT_HELP
from pipelines.settings import SubmitSettings

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ("lensmill", "storage", "actors", "monitoring", "pipelines", "conf")
"""The files to send, named one by one: other files of a checkout, e.g. keys or datasets, stay where they are."""

STOP_WAIT_S = 300
"""Seconds that `ray job stop` waits for episodes in flight to end and be handed back; Ray's own 3 s would lose them."""

_TOKEN = (
    "the cluster wants Ray's token: set RAY_AUTH_MODE=token and RAY_AUTH_TOKEN here to what `ray get-auth-token` "
    "prints on its head, or start the head with RAY_AUTH_MODE=disabled"
)

PATIENCE_S = 120.0
"""Seconds without an answer from the cluster after which following is given up."""


def jobs() -> list[str]:
    """The names of the jobs that can be sent."""
    return sorted(
        path.stem
        for path in (ROOT / "pipelines").glob("[a-z]*.py")
        if path.stem != "submit" and "\ndef main(" in path.read_text()
    )


def split(arguments: Sequence[str]) -> tuple[list[str], str, list[str]]:
    """The settings of the sending, the job's name ("" without one), and the settings of the job."""
    for place, argument in enumerate(arguments):
        if "=" not in argument and not argument.startswith("-"):
            return list(arguments[:place]), argument, list(arguments[place + 1 :])
    return list(arguments), "", []


def check_job(job: str, arguments: Sequence[str]) -> list[str]:
    """The job's settings, as a cluster needs them.

    Raises:
        SettingsError: there is no such job, its own command refuses the settings, or the settings make no sense on a
            cluster.
    """
    if job not in jobs():
        raise SettingsError(f"{job or 'no job'}: name the job to send, one of {', '.join(jobs())}, before its settings")
    shown, refused = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(shown), contextlib.redirect_stderr(refused):
        status = importlib.import_module(f"pipelines.{job}").main([*arguments, "--cfg"])
    if status != 0:
        raise SettingsError(refused.getvalue().strip().removeprefix("error: "))
    config: Mapping[str, Any] = yaml.safe_load(shown.getvalue())
    out = str(config.get("out", ""))
    if "://" not in out and not out.startswith("/"):
        raise SettingsError(
            f"out={out}: the nodes of a cluster need a place that all of them reach: a bucket (s3://...), or "
            "the absolute path of a folder that they share"
        )
    if config.get("cluster", {}).get("address") != "local":
        return list(arguments)
    if any(argument.partition("=")[0] in ("cluster", "cluster.address") for argument in arguments):
        raise SettingsError("cluster=local would start a Ray within the cluster: leave it out")
    return ["cluster=running", *arguments]


def environment(names: Sequence[str]) -> dict[str, str]:
    """The variables for a job.

    Raises:
        SettingsError: a variable is not set.
    """
    if missing := [name for name in names if name not in os.environ]:
        raise SettingsError(f"env: {missing[0]} is not set here")
    ours = {"PYTHONUNBUFFERED": "1", "RAY_JOB_STOP_WAIT_TIME_S": str(STOP_WAIT_S)}
    return {**ours, **{name: os.environ[name] for name in names}}


@contextlib.contextmanager
def checkout() -> Iterator[str]:
    """A folder with a copy of the code and of nothing else."""
    with tempfile.TemporaryDirectory(prefix="lensmill-") as folder:
        for room in ROOMS:
            shutil.copytree(ROOT / room, Path(folder) / room, ignore=shutil.ignore_patterns("__pycache__"))
        yield folder


class Submission:
    """One job on a cluster.

    Raises:
        ClusterError: no cluster answers, or the cluster does not take the job.
    """

    def __init__(self, settings: SubmitSettings) -> None:
        self._settings = settings
        for name in ("ray", dashboard_sdk.__name__, sdk.__name__):
            logging.getLogger(name).setLevel(logging.ERROR)
        try:
            place = urlsplit(settings.address)
            port = place.port or (443 if place.scheme == "https" else 80)
            # Ray's client waits without a limit
            socket.create_connection((place.hostname or "", port), timeout=10).close()
            self._client = JobSubmissionClient(settings.address)
        except (OSError, RuntimeError, ValueError) as error:  # RuntimeError: Ray's extra may be missing
            if _asks_for_a_token(error):
                raise ClusterError(f"address={settings.address}: {_TOKEN}") from error
            raise kind_of(error)(
                f"address={settings.address}: {_first_line(error)}: name the dashboard of a Ray cluster that runs (of "
                "`ray start --head --include-dashboard=true`, or what `kubectl port-forward` makes of its port 8265)"
            ) from error

    def send(self, job: str, arguments: Sequence[str]) -> str:
        """Start the job; return the submission's id."""
        settings = self._settings
        runtime: dict[str, Any] = {"env_vars": environment(settings.env)}
        if settings.pip is not None:
            runtime["pip"] = settings.pip
        with checkout() as folder:
            if settings.code:
                runtime["working_dir"] = folder
            try:
                name: str = self._client.submit_job(
                    entrypoint=shlex.join(["python", "-m", f"pipelines.{job}", *arguments]),
                    submission_id=settings.id,
                    runtime_env=runtime,
                    entrypoint_num_cpus=settings.num_cpus,
                    entrypoint_resources=dict(settings.resources) or None,
                )
            except (OSError, RuntimeError, ValueError) as error:
                if "already exists" in str(error):
                    raise ClusterError(
                        f"id={settings.id}: the cluster has a job of this id already: choose another, or look "
                        f"at that one with `{self._ray('logs --follow', settings.id or '')}`"
                    ) from error
                if _asks_for_a_token(error):
                    raise ClusterError(f"address={settings.address}: {_TOKEN}") from error
                raise kind_of(error)(f"the cluster does not take the job: {_first_line(error)}") from error
        return name

    def _ray(self, command: str, submission: str) -> str:
        return f"ray job {command} --address {self._settings.address} {submission}"

    def commands(self, submission: str) -> str:
        """The commands to look after a job that nobody follows."""
        follow, stop = self._ray("logs --follow", submission), self._ray("stop", submission)
        return f"follow it with `{follow}`, stop it with `{stop}`"

    def follow(self, submission: str) -> int:
        """Show the log until the job has ended. Return the job's exit status; STOPPED if the job was stopped.

        Raises:
            ClusterError: the job could not be run, or the cluster no longer answers.
            KeyboardInterrupt: at once, because another thread runs the event loop.
        """
        outcome: Future[int] = Future()

        def run() -> None:
            try:
                outcome.set_result(self._follow(submission))
            except BaseException as error:
                outcome.set_exception(error)

        Thread(target=run, daemon=True).start()
        return outcome.result()

    def _follow(self, submission: str) -> int:
        seen, heard = 0, monotonic()
        while True:
            try:
                seen = asyncio.run(self._show(submission, seen))
                details = self._client.get_job_info(submission)
            except (OSError, RuntimeError) as error:
                if monotonic() - heard > PATIENCE_S:
                    raise ClusterUnavailable(
                        f"the cluster answers no more ({_first_line(error)}); if the job goes on, "
                        f"{self.commands(submission)}"
                    ) from error
            else:
                heard = monotonic()
                match details.status:
                    case JobStatus.SUCCEEDED:
                        return ExitStatus.DONE
                    case JobStatus.STOPPED:
                        print(f"{submission} was stopped", file=sys.stderr)
                        return ExitStatus.STOPPED
                    case JobStatus.FAILED if details.driver_exit_code is None:
                        raise failure_of(details)(f"{submission} failed: {_first_line(details.message)}")
                    case JobStatus.FAILED:
                        status: int = details.driver_exit_code
                        return status if status >= 0 else 128 - status
            sleep(1)

    async def _show(self, submission: str, seen: int) -> int:
        """Print the new part of the log, from this character on, as long as the connection lasts."""
        place = 0
        async for text in self._client.tail_job_logs(submission):
            new = text[max(0, seen - place) :]
            place += len(text)
            seen = max(seen, place)
            print(new, end="", flush=True)
        return seen


def _asks_for_a_token(error: Exception) -> bool:
    return any(word in str(error).lower() for word in ("unauthenticated", "authentication token", "unauthorized"))


def kind_of(error: Exception) -> type[ClusterError]:
    """The class of an error: whether the cluster may take the job later. An unknown host name stays unknown."""
    unknown = isinstance(error, socket.gaierror) and error.errno != socket.EAI_AGAIN
    return ClusterUnavailable if isinstance(error, OSError) and not unknown else ClusterError


def failure_of(details: JobDetails) -> type[ClusterError]:
    """The failure of a job that never ran, or whose process vanished without a status (mostly with its node)."""
    wrong = (JobErrorType.RUNTIME_ENV_SETUP_FAILURE, JobErrorType.JOB_ENTRYPOINT_COMMAND_START_ERROR)
    said = "runtime_env" in (details.message or "")
    return ClusterError if said or details.error_type in wrong else ClusterUnavailable


def _first_line(error: object) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0][:500] if lines else type(error).__name__


def main(arguments: Sequence[str]) -> int:
    """The command; returns its exit status."""
    own, job, rest = split(arguments)
    if job in jobs() and {"-h", "--help", "--cfg"} & {*rest}:
        return int(importlib.import_module(f"pipelines.{job}").main(rest))

    def submit(own: Sequence[str]) -> int:
        try:
            settings = load("submit", SubmitSettings, own)
        except SettingsError as error:
            raise SettingsError(f"{error}; settings of the job itself stand after its name") from error
        command = check_job(job, rest)
        submission = Submission(settings)
        name = submission.send(job, command)
        try:
            print(f"{name} runs `{job}` on {settings.address}", file=sys.stderr)
            if settings.follow:
                return submission.follow(name)
            print(submission.commands(name), file=sys.stderr)
            return ExitStatus.DONE
        except KeyboardInterrupt:
            print(f"\nno longer followed; the job goes on: {submission.commands(name)}", file=sys.stderr)
            return ExitStatus.STOPPED

    with only_json() if wants_json(rest) else contextlib.nullcontext():  # the job's log comes through here
        return run_command("submit", SUBMIT_HELP, own, submit)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
