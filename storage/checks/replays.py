"""Draws trajectories again, and reports differences from the record as findings."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from lensmill.decoding import ImageError
from lensmill.replay import Replayer, ReplaySettings
from lensmill.sample import Region
from lensmill.trajectory import Trajectory
from storage.checks.finding import Report
from storage.files.store import StoreError, StoreUnavailable


@dataclass(frozen=True, slots=True)
class ReplayChoice:
    """Which trajectories are drawn again.

    Attributes:
        which: all, a sample or none.
        count: size of a sample, for each build and each version.
        seed: chooses the sample.
        unsafe: run recorded code though this machine grants no boundary.
    """

    which: str = "none"
    count: int = 20
    seed: int = 0
    unsafe: bool = False


class Replays:
    """Draws trajectories again and reports differences; a context, since recorded code needs a sandbox.

    Args:
        settings: None if it is unknown how the pictures were drawn: then nothing is replayed.
        original: gives the file of an original by its id.
    """

    def __init__(
        self, settings: ReplaySettings | None, original: Callable[[str], bytes], unsafe: bool, report: Report
    ) -> None:
        self._replayer = None if settings is None else Replayer(settings, original, unsafe)
        self._report = report

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._replayer is not None:
            self._replayer.__exit__(kind, error, trace)

    def replay(
        self, place: str, number: int, image_id: str, rung: int, regions: Sequence[Region], trajectory: Trajectory
    ) -> None:
        """Draw one trajectory again and report each difference. The trajectory is in row `number` of a place.

        Raises:
            NoBoundary: there is code to run, and this machine grants no boundary for it.
            StoreUnavailable: the store does not answer.
        """
        if self._replayer is None:
            return
        try:
            for again in self._replayer.replay(image_id, rung, regions, trajectory):
                for difference in again.differences:
                    self._report.add(place, difference.what, number, difference.field)
        except StoreUnavailable:
            raise
        except (StoreError, ImageError, ValueError) as error:
            self._report.add(place, f"it cannot be replayed: {error}", number)
        self._report.replayed += 1
