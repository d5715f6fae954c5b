"""Two rounds of the storm, of which `make storm` has a hundred; and two drivers at once."""

from collections.abc import Iterator

import pytest

from tests.faults.storm import Storm

pytestmark = [pytest.mark.faults, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def storm() -> Iterator[Storm]:
    with Storm() as storm:
        yield storm


@pytest.mark.parametrize("seed", range(2))
def test_a_build_in_a_storm_is_as_if_nothing_had_happened(storm: Storm, seed: int) -> None:
    print(storm.round(seed))


def test_two_drivers_in_a_storm_make_one_dataset(storm: Storm) -> None:
    faults, again = storm.rivals("rivals")
    assert faults
    print(f"{faults} requests met a fault, {again} calls were made by both")
