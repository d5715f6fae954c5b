"""Joins a running Ray cluster: finds it, checks that it answers, and gives up in time. Ray alone waits minutes and
ignores Ctrl-C."""

import logging
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from time import monotonic

import ray
from ray._private import services

from actors.cluster.errors import ClusterError, ClusterUnavailable, Stopped
from actors.cluster.local_ray import keeping_signals
from monitoring.logs import Say

JOIN_S = 30.0
"""Seconds for the cluster's head to answer."""

TOLD_S = 3.0
"""Seconds without an answer after which a line is said."""

_UNKNOWN_HOST = "no such host"

_KNOCK = f"""
import socket, sys
address, given = sys.argv[1:]
host, _, port = address.rpartition(":")
try:
    socket.create_connection((host.strip("[]"), int(port)), timeout=10).close()
except socket.gaierror as error:
    known = error.errno == socket.EAI_AGAIN  # temporary: the name server may answer later
    sys.exit(f"{{host}}: {{error.strerror}}" + ("" if known else ": {_UNKNOWN_HOST}"))
from ray._private.authentication.authentication_token_setup import maybe_enable_token_auth_if_token_available
from ray._raylet import GcsClient
if given == "auto":  # as ray.init does
    maybe_enable_token_auth_if_token_available(warn_if_disabled=False)
GcsClient(address=address)
"""

_START = "start one with `ray start --head`, or use cluster=local"
_TOKEN = (
    "the cluster requires Ray's token, and this process sent none or a wrong one: set RAY_AUTH_MODE=token and "
    "RAY_AUTH_TOKEN (or ~/.ray/auth_token) to those of the head, or start the head with RAY_AUTH_MODE=disabled"
)


def join(address: str, stopping: Callable[[], bool], say: Say) -> None:
    """Join the cluster at an address, or the cluster that "auto" finds.

    Raises:
        ClusterError: there is no cluster, or it refuses.
        ClusterUnavailable: the cluster does not answer.
        Stopped: the job was asked to stop.
    """
    if "/" not in address:
        _knock(_found(address), address, stopping, say)
    try:
        with keeping_signals():
            ray.init(address=address, logging_level=logging.ERROR, log_to_driver=False)
    except ConnectionError as error:
        raise ClusterUnavailable(
            f"cluster.address={address}: {first_line(error)}: run the same command again"
        ) from error
    except (OSError, RuntimeError, ValueError) as error:
        raise ClusterError(f"cluster.address={address}: {first_line(error)} ({_START})") from error


def _found(address: str) -> str:
    """host:port of the cluster's head."""
    try:
        return str(services.canonicalize_bootstrap_address_or_die(address))
    except (OSError, ValueError) as error:
        raise ClusterError(f"cluster.address={address}: {first_line(error)} ({_START})") from error


def _knock(head: str, address: str, stopping: Callable[[], bool], say: Say) -> None:
    """Check that the head answers, in a process that can be killed: a call into Ray cannot."""
    began, told = monotonic(), False
    where = f"cluster.address={address}" + (f": the head at {head}" if head != address else "")
    with tempfile.TemporaryFile() as log:
        environment = {**os.environ, "RAY_BACKEND_LOG_LEVEL": "warning"}
        asking = subprocess.Popen(
            [sys.executable, "-c", _KNOCK, head, address],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=environment,
            cwd=Path(__file__).parents[2],
            start_new_session=True,
        )
        try:
            while True:
                try:
                    status = asking.wait(0.2)
                except subprocess.TimeoutExpired:
                    status = None
                log.seek(0)
                text = log.read().decode(errors="replace")
                if status == 0:
                    return
                if "AuthToken" in text or "AuthenticationError" in text:
                    raise ClusterError(f"{where}: {_TOKEN}")
                if status is not None:
                    *_, why = ["it does not answer", *filter(None, map(str.strip, text.splitlines()))]
                    kind = ClusterError if _UNKNOWN_HOST in text else ClusterUnavailable
                    raise kind(f"{where}: {why[:300]}: is it running? ({_START})")
                if stopping():
                    raise Stopped
                waited = monotonic() - began
                if waited > JOIN_S:
                    raise ClusterUnavailable(
                        f"{where} has not answered for {JOIN_S:.0f} s: check the head (`ray status`), or {_START}"
                    )
                if waited > TOLD_S and not told:
                    told = True
                    say(
                        f"{where} does not answer: trying for {JOIN_S:.0f} s",
                        "warning",
                        address=head,
                        seconds=round(waited, 1),
                    )
        finally:
            asking.kill()
            asking.wait()


def first_line(error: BaseException) -> str:
    """The first line of an error's text, or the name of its class."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0][:500] if lines else type(error).__name__
