"""Verifying a dataset version or a whole store.

    python -m pipelines.verify out/chartqa

Everything is read and nothing trusted: files against manifests and commits, rows against the plan, trajectories
against their originals. With `gc=true`, what nothing names is removed, once it is old.
"""

import json
import os
import random
import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import ExitStack
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from time import time
from typing import Any

from lensmill.decoding import ImageError
from lensmill.replay import Replayer, ReplaySettings
from lensmill.sample import Region, Sample
from lensmill.sandbox.programs import NoBoundary
from lensmill.trajectory import Trajectory
from monitoring.progress import ProgressDisplay
from pipelines.command import run_command
from pipelines.config import SettingsError, load, with_folder
from pipelines.exit_status import ExitStatus
from pipelines.findings import Findings
from pipelines.help import VERIFY_HELP
from pipelines.recipe import recorded_fingerprint
from pipelines.settings import VerifySettings
from storage.builds.episodes import EpisodeRow, EpisodeStore
from storage.builds.images import ImageStore
from storage.builds.plan import Plan
from storage.builds.scope import read_scope
from storage.builds.verdicts import VerdictStore
from storage.checks.build import BuildCheck, ImageCheck
from storage.checks.garbage import orphans, remove
from storage.checks.version import (
    MALFORMED,
    Finding,
    Version,
    VersionCheck,
    compare_episodes,
    read_original,
    regions_of_row,
    trajectory_of_row,
)
from storage.datasets.releases import FOLDER, Releases
from storage.datasets.version import MANIFEST, published, read_chunks
from storage.files.store import Files, StoreError
from storage.files.watch import StoreWatch


class Verification:
    """One run of the job; what it finds goes into `told`."""

    def __init__(self, settings: VerifySettings, told: Findings) -> None:
        self._settings, self._told = settings, told
        self._stack = ExitStack()

    def run(self) -> int:
        """Look at all that is asked for; returns the exit status: FAILED where something is wrong.

        Raises:
            SettingsError: there is nothing of the kind.
            StoreError: the store cannot be read at all.
        """
        with self._stack:
            where = self._settings.out.rstrip("/")
            where = where if "://" in where else os.path.abspath(where)
            above, _, name = where.rpartition("/")
            if above and Files(above, self._settings.store.options()).exists(f"{name}/{MANIFEST}"):
                self._dataset_alone(above, name)
            else:
                self._store(self._settings.store.open(where))
        self._told.close()
        return ExitStatus.FAILED if self._told.found else ExitStatus.DONE

    def _dataset_alone(self, above: str, name: str) -> None:
        if self._settings.gc or self._settings.build or self._settings.version:
            raise SettingsError(
                f"out={self._settings.out} is one dataset version: gc=, build= and version= are of a store"
            )
        self._version(self._settings.store.open(above), name, None)

    def _store(self, files: Files) -> None:
        settings = self._settings
        builds = [build for build in files.folders("builds") if build.startswith(settings.build or "")]
        versions = [name for name in files.folders("datasets") if settings.version in (None, name)]
        if settings.version is not None:
            builds = []
        if settings.build is not None:
            versions = []
        if not builds and not versions:
            for name, wanted in (("build", settings.build), ("version", settings.version)):
                if wanted is not None:
                    raise SettingsError(f"{settings.out}: it has no {name} {wanted}: leave {name}= out to verify all")
            raise SettingsError(
                f"{settings.out}: there is nothing to verify here: run python -m pipelines.verify FOLDER, with what a "
                "build's out= names or the folder of one version"
            )
        images = ImageCheck(files, self._told.report) if builds else None
        checks: dict[str, BuildCheck] = {}
        for build in builds:
            assert images is not None
            check = self._build(files, build, images)
            if check is not None:
                checks[build] = check
        if images is not None:
            self._told.begin("pictures")
            images.rehash(self._told.read)
        for name in versions:
            if files.exists(f"datasets/{name}/{MANIFEST}"):
                self._version(files, f"datasets/{name}", files)
            else:
                self._told.say(f"note: datasets/{name} is not finished: it is published once it has its manifest")
        if settings.build is None and settings.version is None:
            self._latest(files)
            self._garbage(files, images if len(checks) == len(builds) else None)

    def _build(self, files: Files, build: str, images: ImageCheck) -> BuildCheck | None:
        self._told.begin(f"build {build}")
        self._judges(files, build)
        settings = self._recipe(files, build)
        if settings is None:
            return None
        _tell_packages(settings, self._told.say)
        with Replayer(settings, ImageStore(files).get, self._settings.unsafe) as replayer:
            rng, wanted = random.Random(self._settings.seed), self._settings.sample
            chosen: dict[str, int] = {}

            def visit(chunk_id: str, place: str, rows: list[tuple[int, EpisodeRow, Sample]]) -> None:
                if not chosen:
                    chosen.update(_quota(check.made, wanted, rng))
                picked = self._picked(range(len(rows)), chosen.get(chunk_id, 0), rng)
                for number, row, sample in (rows[index] for index in sorted(picked)):
                    assert row.trajectory is not None
                    rung, regions = row.planned.rung, sample.regions
                    self._replay(replayer, place, number, sample.image_id, rung, regions, row.trajectory)

            check = BuildCheck(files, build, images, self._told.report, self._told.rows, visit)
            whole = check.run()
        if not whole:
            return None
        if left := len(check.chunks) - len(check.made):
            self._told.say(f"note: build {build} has {left} of {len(check.chunks)} chunks still to make")
        return check

    def _judges(self, files: Files, build: str) -> None:
        for path in files.list(f"builds/{build}/judges"):
            try:
                sound = recorded_fingerprint(json.loads(files.read(path))) == Path(path).stem
            except MALFORMED:
                sound = False
            if not sound:
                self._told.report(Finding(path, "it is not the judge that it is named after: restore it"))

    def _recipe(self, files: Files, build: str) -> ReplaySettings | None:
        path = f"builds/{build}/recipe.json"
        try:
            recipe = json.loads(files.read(path))
            if recorded_fingerprint(recipe) != build:
                self._told.report(Finding(path, "it is not the recipe that this build is named after: restore it"))
                return None
            return ReplaySettings.of_recipe(recipe)
        except FileNotFoundError:
            if files.list(f"builds/{build}/plan/segments"):
                self._told.report(Finding(path, "it is missing: restore it, or run the build again"))
            else:
                self._told.say(f"note: build {build} is not planned yet")
        except MALFORMED as error:
            self._told.report(Finding(path, f"it cannot be read ({error}): restore it"))
        return None

    def _version(self, files: Files, folder: str, store: Files | None) -> None:
        self._told.begin(folder)
        rng = random.Random(self._settings.seed)
        replayers: list[Replayer | None] = []
        chosen: Collection[int] = ()
        seen = 0

        def visit(found: Version, path: str, number: int, row: Mapping[str, Any]) -> None:
            nonlocal chosen, seen
            if not replayers:
                replayers.append(self._replayer(files, found))
                total = int(found.manifest["rows"]["train"])
                chosen = self._picked(range(total), self._settings.sample, rng)
            if seen in chosen and replayers[0] is not None and row["image_id"] in found.places:
                try:
                    trajectory, regions = trajectory_of_row(row), regions_of_row(row)
                except MALFORMED as error:
                    self._told.report(Finding(path, f"it is no trajectory: {error}", number, "steps"))
                else:
                    self._replay(replayers[0], path, number, row["image_id"], row["rung"], regions, trajectory)
            seen += 1
            self._told.rows(1)

        version = VersionCheck(files, folder, self._told.report, self._told.read, visit).run()
        if version is not None:
            self._told.rows(sum(version.rows.values()) - seen)
            if store is not None:
                self._against_plan(store, version)

    def _replayer(self, files: Files, found: Version) -> Replayer | None:
        if self._settings.replay == "none":
            return None
        try:
            settings = ReplaySettings.of_record(found.inputs["replay"])
        except (KeyError, ValueError):
            self._told.report(
                Finding(f"{found.folder}/{MANIFEST}", "it does not say how to draw pictures", field="replay")
            )
            return None
        _tell_packages(settings, self._told.say)

        def original(image_id: str) -> bytes:
            return read_original(files, found, image_id)

        return self._stack.enter_context(Replayer(settings, original, self._settings.unsafe))

    def _against_plan(self, store: Files, version: Version) -> None:
        """Whether the version has every episode of its chunks, where the store has the build that it is of."""
        inputs = version.inputs
        claim = f"claims/{version.folder.rpartition('/')[2]}.json"
        if store.exists(claim) and store.read(claim) != json.dumps(inputs, sort_keys=True).encode():
            what = f"its inputs are not those of {claim}: one of both has changed"
            self._told.report(Finding(f"{version.folder}/{MANIFEST}", what, field="inputs"))
        if not version.whole:
            return
        try:
            self._against_chunks(store, version)
        except MALFORMED as error:
            self._told.report(Finding(f"builds/{inputs['recipe']}/plan", f"it cannot be read: {error}"))

    def _against_chunks(self, store: Files, version: Version) -> None:
        recipe = str(version.inputs["recipe"])
        plan, name = Plan(store, recipe), version.folder.rpartition("/")[2]
        if not plan.chunk_ids():
            self._told.say(f"note: {version.folder} is of build {recipe}, which is not in this store")
            return
        chunk_ids, layers = read_chunks(store, name)
        scope = read_scope(store, version.folder)
        said = {name: version.inputs.get(name, 0) for name in scope.counts()}
        if said != scope.counts():
            what = f"it says {said}, the version's files {scope.counts()}"
            self._told.report(Finding(f"{version.folder}/{MANIFEST}", what, field="inputs"))
        chunks = map(plan.read_chunk, chunk_ids)
        planned = (
            episode.episode_id
            for chunk in chunks
            for episode in chunk.episodes
            if scope.holds(episode, chunk.samples[episode.sample_id].image_id)
        )
        compare_episodes(version, planned, self._told.report)
        made = EpisodeStore(store, recipe).committed()
        judged = VerdictStore(store, recipe, str(version.inputs["judge"])).committed()
        for chunk_id in chunk_ids:
            tried, asked = layers.get(chunk_id, (0, 0))
            if made.get(chunk_id, -1) < tried or judged.get(chunk_id, -1) < asked:
                what = f"it is of chunk {chunk_id} with {tried} and {asked} layers, which the store has not"
                self._told.report(Finding(f"{version.folder}/{MANIFEST}", what, field="chunks"))

    def _picked(self, numbers: range, count: int, rng: random.Random) -> Collection[int]:
        match self._settings.replay:
            case "all":
                return numbers
            case "sample":
                return set(rng.sample(numbers, min(count, len(numbers))))
            case "none":
                return set()

    def _replay(
        self,
        replayer: Replayer,
        place: str,
        number: int,
        image_id: str,
        rung: int,
        regions: Sequence[Region],
        trajectory: Trajectory,
    ) -> None:
        try:
            for again in replayer.replay(image_id, rung, regions, trajectory):
                for difference in again.differences:
                    self._told.report(Finding(place, difference.what, number, difference.field))
        except NoBoundary as error:
            raise SettingsError(f"{error}; or add replay=none") from error
        except (StoreError, ImageError, ValueError) as error:
            self._told.report(Finding(place, f"it cannot be replayed: {error}", number))
        self._told.replayed += 1

    def _latest(self, files: Files) -> None:
        try:
            last = Releases(files).latest()
            if last and published(files, last.version) is None:
                what = f"it names version {last.version}, which is not published: restore it, or run pipelines.nightly"
                self._told.report(Finding(last.path, what, field="version"))
        except MALFORMED as error:
            self._told.report(Finding(FOLDER, str(error)))

    def _garbage(self, files: Files, images: ImageCheck | None) -> None:
        settings = self._settings
        self._told.begin("looking for what nothing names")
        before = time() - settings.gc_age
        try:
            found = list(orphans(files, before))
        except MALFORMED as error:
            self._told.say(f"note: what is left over was not looked for: {error}")
            return
        if images is not None:
            unnamed = set(images.unnamed())
            pictures = [
                file for file in files.details("images") if file.path in unnamed and (file.modified or before) < before
            ]
            if pictures:
                how = _how("gc=true gc_images=true", settings.gc_images)
                self._told.left_over("pictures that nothing names", pictures, how)
            found += pictures if settings.gc_images else []
        rest = [file for file in found if not file.path.startswith("images/")]
        if rest:
            self._told.left_over("files that nothing names", rest, _how("gc=true", settings.gc))
        if not settings.gc:
            return
        if self._told.found:
            self._told.say("nothing was removed, since something is wrong with the store: mend that first")
            return
        remove(files, found)


def _quota(chunks: Sequence[str], wanted: int, rng: random.Random) -> dict[str, int]:
    """How many episodes of which chunks are replayed, spread evenly."""
    each = -(-wanted // max(1, len(chunks)))
    chosen = rng.sample(chunks, min(len(chunks), -(-wanted // each)))
    return dict.fromkeys(chosen, each)


def _how(setting: str, removed: bool) -> str:
    return "to be removed" if removed else f"{setting} removes them"


def _tell_packages(settings: ReplaySettings, say: Callable[[str], None]) -> None:
    """Other versions of what draws may draw other pixels: said before the findings that come of it."""
    for name in ("pillow", "numpy", "opencv-python-headless"):
        try:
            here = version(name)
        except PackageNotFoundError:
            here = "none"
        if (then := settings.packages.get(name, here)) != here:
            say(f"note: pictures were drawn with {name} {then}, and this is {here}: a replay may differ for that alone")


def main(arguments: Sequence[str]) -> int:
    """The command; returns its exit status."""

    def verify(arguments: Sequence[str]) -> int:
        settings = load("verify", VerifySettings, arguments)
        with ProgressDisplay() as display, StoreWatch(settings.store.open(settings.out), display.say):
            return Verification(settings, Findings(display, sys.stdout, settings.findings)).run()

    return run_command("verify", VERIFY_HELP, with_folder(arguments), verify)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
