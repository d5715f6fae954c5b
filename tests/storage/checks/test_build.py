"""Verifying builds that are unfinished, or go on meanwhile: what they need is named, and nothing is told in error."""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from lensmill.tools import PYTHON
from lensmill.trajectory import Trajectory
from storage.builds.episodes import EpisodeRow, EpisodeStore
from storage.builds.images import ImageStore
from storage.builds.plan import Plan, plan_sample
from storage.builds.verdicts import VerdictRow, VerdictStore
from storage.checks.build import BuildCheck
from storage.checks.chunks import BuildWork
from storage.checks.finding import Finding, Report, Run
from storage.checks.images import ImageCheck
from storage.checks.replays import ReplayChoice
from storage.files.store import Files
from storage.sources.protocol import SourceFailure
from tests.judged_build import CORRECT, build_of, looked
from tests.storage.made import FINGERPRINT


def check(files: Files, run: Run = map) -> tuple[BuildCheck, ImageCheck, list[Finding]]:
    """A check that has run, and what it found."""
    found: list[Finding] = []

    def take(report: Report) -> None:
        found.extend(report.findings)

    images = ImageCheck(files, take)
    made = BuildCheck(BuildWork(files, FINGERPRINT, None, ReplayChoice(), "t"), images, take, run)
    assert made.run()
    return made, images, found


def unnamed(images: ImageCheck) -> list[str]:
    """Paths of the pictures that nothing names."""
    return [file.path for file in images.unnamed()]


def drawn_by_code(files: Files, number: int) -> tuple[Trajectory, str]:
    """A trajectory whose one step ran code, and the id of the picture that it showed, which is in the store."""
    images, data = ImageStore(files), b"drawn by code"
    shown = hashlib.sha256(data).hexdigest()
    images.put(shown, data)
    _, trajectory = looked(images, number)
    step = trajectory.steps[0]
    assert step.action is not None
    assert step.observation is not None
    refs = tuple(replace(ref, image_id=shown) for ref in step.observation.images)
    ran = replace(step, action=replace(step.action, tool=PYTHON), observation=replace(step.observation, images=refs))
    return replace(trajectory, images=(trajectory.images[0], *refs), steps=(ran,)), shown


@pytest.fixture
def handed_back(files: Files) -> str:
    """The id of a picture that only an episode shows that was handed back in an unfinished chunk."""
    build_of(files, ["0"])
    trajectory, shown = drawn_by_code(files, 1)
    sample, _ = looked(ImageStore(files), 1)
    plan = Plan(files, FINGERPRINT)
    plan.append([plan_sample(FINGERPRINT, sample, (224,), ("reader",), (0,))])
    chunk = plan.read_chunk(plan.chunk_ids()[-1])
    EpisodeStore(files, FINGERPRINT).hand_back(chunk.chunk_id, [EpisodeRow(chunk.episodes[0], "done", trajectory)])
    return shown


def test_pictures_of_episodes_that_were_handed_back_are_named(files: Files, handed_back: str) -> None:
    _, images, found = check(files)
    assert not found
    assert ImageStore.path(handed_back) not in unnamed(images)


def test_a_missing_picture_of_an_episode_that_was_handed_back_is_told(files: Files, handed_back: str) -> None:
    files.remove(ImageStore.path(handed_back))
    (finding,) = check(files)[2]
    assert (finding.file, "handed back" in finding.what) == (ImageStore.path(handed_back), True)


def after_first(monkeypatch: pytest.MonkeyPatch, happens: Callable[[], None], *methods: tuple[type, str]) -> None:
    """Something happens right after the first call of any of these methods."""
    waiting = [happens]

    def watched(method: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any) -> Any:
            result = method(*arguments)
            if waiting:
                waiting.pop()()
            return result

        return call

    for owner, name in methods:
        monkeypatch.setattr(owner, name, watched(getattr(owner, name)))


def test_a_plan_that_grows_meanwhile_is_no_finding(files: Files) -> None:
    build_of(files, ["0"])

    def grow(work: Any, items: Iterable[Any], /) -> Iterator[Any]:
        for made in map(work, items):
            yield made
            Plan(files, FINGERPRINT).append([SourceFailure("row 7", "image_error", "no picture")])

    assert not check(files, grow)[2]
    assert not check(files)[2]


def test_episodes_that_are_tried_again_and_judged_meanwhile_are_no_finding(
    files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    (chunk_id,) = build_of(files, ["0", None]).chunk_ids()
    episodes, verdicts = EpisodeStore(files, FINGERPRINT), VerdictStore(files, FINGERPRINT, "j" * 16)
    done, failed = episodes.rows(chunk_id)
    verdicts.commit(chunk_id, [VerdictRow(done.planned.episode_id, CORRECT)])

    def again() -> None:
        episodes.retry(chunk_id, [EpisodeRow(failed.planned, "done", done.trajectory)])
        verdicts.retry(chunk_id, [VerdictRow(failed.planned.episode_id, CORRECT)], 1)

    after_first(monkeypatch, again, (EpisodeStore, "committed"), (VerdictStore, "committed"))
    assert not check(files)[2]
    assert verdicts.judged_layers(chunk_id, 1) == 1


def test_a_chunk_that_is_planned_and_made_meanwhile_is_no_finding(
    files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    build_of(files, ["0"])

    def more() -> None:
        plan, (sample, trajectory) = Plan(files, FINGERPRINT), looked(ImageStore(files), 1)
        plan.append([plan_sample(FINGERPRINT, sample, (224,), ("reader",), (0,))])
        chunk = plan.read_chunk(plan.chunk_ids()[-1])
        EpisodeStore(files, FINGERPRINT).commit(chunk.chunk_id, [EpisodeRow(chunk.episodes[0], "done", trajectory)])

    after_first(monkeypatch, more, (Plan, "chunk_ids"))
    made, _, found = check(files)
    assert (found, len(made.made)) == ([], 2)
