"""For every test: hypothesis has no deadline, because the time of an example depends on the machine."""

import sys
from collections.abc import Iterator

import pytest
from hypothesis import settings

from lensmill.sandbox.monty import MontySandbox
from lensmill.sandbox.programs import NoBoundary
from lensmill.sandbox.protocol import Limits, Sandbox

settings.register_profile("lensmill", deadline=None)
settings.load_profile("lensmill")


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    """For code that is run again: with more time than it had, so that a busy machine changes nothing."""
    try:
        sandbox = MontySandbox(Limits(seconds=10), programs=1)
    except NoBoundary as missing:
        pytest.skip(str(missing))
    yield sandbox
    sandbox.close()


@pytest.fixture(scope="module", autouse=True)
def no_ray_is_left() -> Iterator[None]:
    """End a Ray that a module's tests started, so that the next module starts its own."""
    yield
    if (ray := sys.modules.get("ray")) is not None and ray.is_initialized():
        ray.shutdown()
