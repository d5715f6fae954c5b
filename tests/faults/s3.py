"""An S3 server on loopback: moto's, over HTTP, in a process of its own.

    with s3_server() as url:
        make_bucket(url, "bucket")

It checks no signatures, so any credentials do, and it keeps everything in memory. It looks and writes without a lock:
racing conditional writes need the proxy before it (`tests.faults.proxy`).
"""

import os
import re
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

CREDENTIALS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1"}
"""Variables for clients of the server; moto takes any credentials."""


@contextmanager
def s3_server(page_size: int = 1000) -> Iterator[str]:
    """Start the server; gives its URL.

    Args:
        page_size: of how many objects a page of a listing tells.
    """
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "log"
        command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", "0"]
        environment = {**os.environ, **CREDENTIALS, "MOTO_S3_DEFAULT_MAX_KEYS": str(page_size)}
        with log.open("wb") as sink:
            server = subprocess.Popen(command, stdout=sink, stderr=sink, env=environment)
        try:
            yield _address(server, log)
        finally:
            server.kill()
            server.wait()


def make_bucket(url: str, name: str) -> None:
    """Make a bucket on the server; its name has at least three letters."""
    with urllib.request.urlopen(urllib.request.Request(f"{url}/{name}", method="PUT")):
        pass


def _address(server: subprocess.Popen[bytes], log: Path) -> str:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and server.poll() is None:
        if found := re.search(r"Running on (http://127\.0\.0\.1:\d+)", log.read_text()):
            return found.group(1)
        time.sleep(0.05)
    raise RuntimeError(f"moto's server did not start: {log.read_text()[-1000:]}")
