"""The job for a schedule: make what is new, publish it as the day's version, and point `latest` at it.

    python -m pipelines.nightly source=chartqa source.path=/data/ChartQA out=s3://bucket/charts store=s3

The job may be called at any time, any number of times, also twice at once. Without anything new it does nothing, and a
version that fails a gate is not published.
"""

import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from time import time

from actors.publishing.publishing import PublishSettings, inputs_of
from lensmill.loading import MANIFEST
from monitoring.progress import ProgressDisplay, size_text
from pipelines.build import Build
from pipelines.command import run_command
from pipelines.config import load
from pipelines.exit_status import ExitStatus
from pipelines.gates import figures_of, figures_of_version, opened, refusals
from pipelines.help import NIGHTLY_HELP
from pipelines.publishing import prepare_and_tell, publish_and_tell, tell_gates
from pipelines.settings import NightlySettings
from storage.checks.garbage import UNNAMED_S, remove, unnamed_blocks
from storage.datasets.releases import Release, Releases, is_older, name_for
from storage.datasets.version import CardSettings, PublishedDataset, manifest_inputs, published
from storage.files.store import Files, StoreError

ATTEMPTS = 3
"""Attempts to move `latest` if other runs release at the same time."""


def utc_today() -> date:
    """Today's date in UTC."""
    return datetime.now(UTC).date()


class Nightly:
    """Publishes and releases a finished build. `today`: the day that names the version without `date=`."""

    def __init__(self, settings: NightlySettings, today: Callable[[], date] = utc_today) -> None:
        self._settings = settings
        self._today = today

    def publish(self, settings: PublishSettings, display: ProgressDisplay, stopping: Callable[[], bool]) -> int:
        """Publish and release what is new; return the exit status: DONE (also if nothing is new), REFUSED by a gate, or
        FAILED if the gates let a version without accepted trajectories pass.

        A version of an earlier day than the latest version is published, but does not become the latest: the names of
        released versions sort in the order of their releases.

        Raises:
            Stopped: asked to stop meanwhile.
            StoreError: see `publish_prepared`; or the latest version is gone.
        """
        releases = Releases(settings.files)
        last, before = self._last(releases, settings.files)
        settings, now = inputs_of(settings)  # the gates see exactly what is published
        inputs = manifest_inputs(now, CardSettings(settings.name))
        if last and before and before.inputs == inputs:
            display.say(f"nothing new since {last.version}: no version is published", version=last.version)
            self._keep(settings.files, releases, display)
            return ExitStatus.DONE
        prepared = prepare_and_tell(settings, display, stopping)
        figures = figures_of_version(before) if before else None
        reasons = list(refusals(self._settings.gates, figures_of(prepared.tally, settings.scope.source), figures))
        gates = tell_gates(display, reasons)
        if reasons:
            after = f", {last.version} stays the latest" if last else ""
            after += f"; if it is as it should be, run once with {opened(gates)}"
            display.say(
                f"refused: {'; '.join(reasons)}: nothing is published{after}", "error", reasons=reasons, gates=gates
            )
            return ExitStatus.REFUSED
        version = name_for(settings.files, self._settings.date or self._today().isoformat(), inputs)
        named = replace(settings, version=version)
        status = publish_and_tell(named, display, stopping, replace(prepared, settings=named))
        for _ in range(ATTEMPTS):
            if last and is_older(version, last.version):
                display.say(f"{last.version} stays the latest: {version} is older, and published beside it")
                break
            if releases.move(version, last):
                display.say(f"{version} is the latest", version=version)
                break
            last = releases.latest()
            if last and last.version == version:
                display.say(f"another run has released {version} at the same time")
                break
        else:
            display.say(
                f"others release at the same time: {version} is published, run again to make it the latest", "error"
            )
            return ExitStatus.TRY_LATER
        self._keep(settings.files, releases, display)
        return status

    def _last(self, releases: Releases, files: Files) -> tuple[Release | None, PublishedDataset | None]:
        while last := releases.latest():
            if before := published(files, last.version):
                return last, before
            if releases.latest() == last:  # otherwise another run has removed it as an old version
                raise StoreError(
                    f"{files.locate(f'datasets/{last.version}')} is the latest version and has no {MANIFEST}, so there "
                    f"is nothing to compare with: restore it, or delete {files.locate(last.path)} to go back to the "
                    "one before"
                )
        return None, None

    def _keep(self, files: Files, releases: Releases, display: ProgressDisplay) -> None:
        if self._settings.keep is not None and (removed := releases.keep(self._settings.keep)):
            old = list(unnamed_blocks(files, time() - UNNAMED_S))
            remove(files, old)
            display.say(
                f"removed {', '.join(removed)}: the last {self._settings.keep} are kept; "
                f"{size_text(sum(file.size for file in old))} of blocks that no version names went",
                removed=list(removed),
                files=len(old),
            )


def main(arguments: Sequence[str]) -> int:
    """The command; returns its exit status."""

    def nightly(arguments: Sequence[str]) -> int:
        settings = load("nightly", NightlySettings, arguments)
        with ProgressDisplay(kind=settings.logging) as display:
            return Build(settings, display, Nightly(settings).publish).start()

    return run_command("nightly", NIGHTLY_HELP, arguments, nightly)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
