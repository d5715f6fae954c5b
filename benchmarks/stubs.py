"""Stub engines as separate processes, so that they take no time from the measured client."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.request import urlopen


@contextmanager
def stub_engines(count: int, *options: str) -> Iterator[list[str]]:
    """The base URLs of `count` stubs with these options. The stubs run as long as the block."""
    command = [sys.executable, "-m", "lensmill.testing.stub_engine", "--port", "0", *options]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(count)]
    try:
        urls = []
        for process in processes:
            assert process.stdout is not None
            urls.append(process.stdout.readline().strip())
        if not all(urls):
            sys.exit("a stub engine did not start")
        yield urls
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.wait()


def metrics(url: str) -> dict[str, float]:
    """The counters of a stub."""
    with urlopen(url.removesuffix("/v1") + "/metrics") as response:
        return {name: float(value) for name, value in (line.decode().rsplit(" ", 1) for line in response)}


class Clock:
    """Measures wall and processor seconds since its creation."""

    def __init__(self) -> None:
        self._wall, self._cpu = time.perf_counter(), time.process_time()

    def read(self) -> tuple[float, float]:
        """Wall and processor seconds since the clock was created."""
        return time.perf_counter() - self._wall, time.process_time() - self._cpu
