"""Verifies a dataset version or a whole store.

    python -m pipelines.verify out/chartqa

Everything is read and nothing is trusted: files are compared with manifests and commits, rows with the plan,
trajectories with their originals. `gc=true` removes old files that nothing names.
"""

import json
import os
import sys
import uuid
from collections.abc import Callable, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from time import time

from actors.cluster.running import Running
from lensmill.loading import MANIFEST
from lensmill.replay import ReplaySettings
from lensmill.sandbox.programs import NoBoundary
from monitoring.progress import ProgressDisplay
from pipelines.command import run_command
from pipelines.config import SettingsError, load, with_folder
from pipelines.exit_status import ExitStatus
from pipelines.findings import Findings
from pipelines.help import VERIFY_HELP
from pipelines.recipe import recorded_fingerprint
from pipelines.settings import VerifySettings
from storage.checks.build import BuildCheck
from storage.checks.chunks import BuildWork
from storage.checks.comparison import PlanComparison
from storage.checks.finding import MALFORMED, Finding
from storage.checks.garbage import orphans, remove
from storage.checks.images import ImageCheck
from storage.checks.replays import ReplayChoice
from storage.checks.version import SeenShards, VersionCheck, open_version
from storage.datasets.releases import FOLDER, Releases
from storage.datasets.version import published
from storage.files.store import Files
from storage.files.watch import StoreWatch


class Verification:
    """One run of the job. Findings go into `told`."""

    def __init__(self, settings: VerifySettings, told: Findings) -> None:
        self._settings, self._told = settings, told
        self._run = Running(settings.cluster, lambda line, *_, **__: told.say(line), told.wait)
        self._choice = ReplayChoice(settings.replay, settings.sample, settings.seed, settings.unsafe)
        self._token, self._seen = uuid.uuid4().hex, SeenShards()

    def run(self) -> int:
        """Check everything that the settings ask for. Return the exit status: FAILED if something is wrong.

        Raises:
            SettingsError: the named build or version does not exist.
            StoreError: the store cannot be read at all.
        """
        where = self._settings.out.rstrip("/")
        where = where if "://" in where else os.path.abspath(where)
        *_, above, datasets, name = ("", "", *where.split("/"))
        store = where.removesuffix(f"/{datasets}/{name}")
        try:
            if above and Files(store, self._settings.store.options()).exists(f"{datasets}/{name}/{MANIFEST}"):
                self._dataset_alone(store, f"{datasets}/{name}")
            else:
                self._store(self._settings.store.open(where))
        except NoBoundary as error:
            raise SettingsError(f"{getattr(error, 'cause', error)}; or add replay=none") from error
        self._told.close()
        return ExitStatus.FAILED if self._told.found else ExitStatus.DONE

    def _dataset_alone(self, store: str, folder: str) -> None:
        """A version that may have been copied, with its shards two folders above it."""
        if self._settings.gc or self._settings.build or self._settings.version:
            raise SettingsError(
                f"out={self._settings.out} is one dataset version: gc=, build= and version= are of a store"
            )
        self._version(self._settings.store.open(store), folder, None)

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
        images = ImageCheck(files, self._told.take) if builds else None
        whole = True
        if images is not None:
            for build in builds:
                whole = self._build(files, build, images) and whole
            self._told.begin("pictures")
            images.rehash(self._run)
        for name in versions:
            if files.exists(f"datasets/{name}/{MANIFEST}"):
                self._version(files, f"datasets/{name}", files)
            else:
                self._told.say(f"note: datasets/{name} is not finished: it is published once it has its manifest")
        if settings.build is None and settings.version is None:
            self._latest(files)
            self._garbage(files, images if whole else None)

    def _build(self, files: Files, build: str, images: ImageCheck) -> bool:
        """Check a build. Return whether it could be read to its end."""
        self._told.begin(f"build {build}")
        self._judges(files, build)
        replay = self._recipe(files, build)
        if replay is None:
            return False
        _tell_packages(replay, self._told.say)
        work = BuildWork(files, build, replay, self._choice, self._token)
        check = BuildCheck(work, images, self._told.take, self._run)
        if not check.run():
            return False
        if left := len(check.chunks) - len(check.made):
            self._told.say(f"note: build {build} has {left} of {len(check.chunks)} chunks still to make")
        return True

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
        version = open_version(files, folder, self._told.take)
        if version is None:
            return
        if version.replay is not None and self._choice.which != "none":
            _tell_packages(version.replay, self._told.say)
        check = VersionCheck(
            files, version, self._choice, self._told.take, self._run, self._seen, records=store is not None
        )
        check.run()
        if store is not None and not PlanComparison(store, version, self._told.take, self._run, self._token).run():
            recipe = version.inputs["recipe"]
            self._told.say(f"note: {version.folder} is of build {recipe}, which is not in this store")

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
            pictures = [file for file in images.unnamed() if (file.modified or before) < before]
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


def _how(setting: str, removed: bool) -> str:
    return "to be removed" if removed else f"{setting} removes them"


def _tell_packages(settings: ReplaySettings, say: Callable[[str], None]) -> None:
    """Say which drawing packages have other versions, which may draw other pixels, before the findings that follow from
    that."""
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
