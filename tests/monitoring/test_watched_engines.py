"""The driver's report of engines, on a real Ray, with a fake server."""

from collections.abc import Iterator

import pytest
import ray

from actors.cluster.connection import ClusterSettings, connect
from tests.actors.engines.test_replicas import a_set, die, fake, poll_until
from tests.said_lines import Said

QUEUE = "lensmill_engine_requests_waiting|agent|0"
UP = "lensmill_engine_up|agent|0"
RESTARTS = "lensmill_engine_restarts_total|agent|0"


@pytest.fixture(autouse=True)
def cluster() -> Iterator[None]:
    connect(ClusterSettings())
    yield
    ray.shutdown()


def test_an_engine_is_up_with_its_queue_and_its_restarts_are_counted() -> None:
    with a_set(fake(max_restarts=1), Said()) as engines:
        (url,) = engines.start()
        poll_until(engines, lambda: engines.series("agent").get(QUEUE) == 7)
        assert engines.series("agent")[UP] == 1
        assert engines.series("agent")[RESTARTS] == 0
        die(url)
        poll_until(engines, lambda: engines.series("agent")[RESTARTS] == 1)
        poll_until(engines, lambda: engines.series("agent")[UP] == 1)
        assert engines.series("agent")[RESTARTS] == 1
