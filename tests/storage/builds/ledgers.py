"""Judged builds with a ledger, made by hand."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from lensmill.sample import Sample
from lensmill.trajectory import Trajectory
from lensmill.verdict import Outcome, Verdict
from storage.builds.episodes import EpisodeRow, EpisodeStore, Failure
from storage.builds.judged import JudgedBuild
from storage.builds.ledger import Ledger
from storage.builds.ledger_writer import LedgerWriter
from storage.builds.plan import Plan, PlannedEpisode, plan_sample
from storage.builds.verdicts import VerdictRow, VerdictStore
from storage.files.store import Files
from tests.storage.made import FINGERPRINT, a_sample, a_trajectory

JUDGE = "j" * 16
RECIPE = {"agent": {"name": "reader"}, "ladder": {"factor": 28}}

End = tuple[Trajectory | Failure, Outcome]
"""The end of an episode, and the outcome of its verdict (ignored for a failure)."""

FAILURE = Failure("timeout", "took too long", 2)
ABSTAINED = replace(a_trajectory(), answer=None, stop="abstained")
TOKEN = replace(a_trajectory(), answer="7<|im_end|>")


def add(
    files: Files,
    numbers: Sequence[int],
    rungs: Sequence[int] = (224,),
    seeds: Sequence[int] = (0,),
    chunk_size: int = 2,
) -> None:
    """Plan some samples."""
    files.create(f"builds/{FINGERPRINT}/recipe.json", json.dumps(RECIPE).encode())
    planned = (plan_sample(FINGERPRINT, a_sample(number), rungs, ("reader",), seeds) for number in numbers)
    Plan(files, FINGERPRINT).append(planned, chunk_size)


def right(sample: Sample, episode: PlannedEpisode) -> End:  # noqa: ARG001
    """An episode that answers right."""
    return replace(a_trajectory(), answer=sample.answers[0]), "correct"


def finish(files: Files, ends: Callable[[Sample, PlannedEpisode], End] = right) -> None:
    """Commit and judge every chunk that is not committed; `ends` gives the end of an episode."""
    plan, episodes = Plan(files, FINGERPRINT), EpisodeStore(files, FINGERPRINT)
    verdicts = VerdictStore(files, FINGERPRINT, JUDGE)
    for chunk_id in plan.chunk_ids():
        if episodes.is_committed(chunk_id):
            continue
        chunk, rows, judged = plan.read_chunk(chunk_id), [], []
        for episode in chunk.episodes:
            end, outcome = ends(chunk.samples[episode.sample_id], episode)
            if isinstance(end, Failure):
                rows.append(EpisodeRow(episode, "failed", failure=end, seconds=1.0))
            else:
                rows.append(EpisodeRow(episode, "done", end, seconds=2.0))
                judged.append(VerdictRow(episode.episode_id, Verdict(outcome, "number")))
        episodes.commit(chunk_id, rows)
        verdicts.commit(chunk_id, judged)


def mixed(sample: Sample, episode: PlannedEpisode) -> End:
    """By the sample's number: 0 failed, 1 abstained, 2 is wrong, 3 holds a token; the others are right."""
    ends: Mapping[str, End] = {
        "0": (FAILURE, "incorrect"),
        "1": (ABSTAINED, "undecided"),
        "2": (a_trajectory(), "incorrect"),
        "3": (TOKEN, "correct"),
    }
    return ends.get(sample.answers[0]) or right(sample, episode)


def mixed_build(root: Path) -> Files:
    """A store with eight samples on two rungs, with `mixed` ends."""
    files = Files(str(root))
    add(files, range(8), (224, 448), chunk_size=4)
    finish(files, mixed)
    return files


def retry(files: Files, chunk_id: str) -> None:
    """Every episode of a chunk that failed is right now."""
    plan, episodes = Plan(files, FINGERPRINT), EpisodeStore(files, FINGERPRINT)
    planned = plan.read_chunk(chunk_id).episodes
    assert episodes.retry(chunk_id, [EpisodeRow(episode, "done", a_trajectory()) for episode in planned])
    verdicts = [VerdictRow(episode.episode_id, Verdict("correct", "number")) for episode in planned]
    assert VerdictStore(files, FINGERPRINT, JUDGE).retry(chunk_id, verdicts, 1)


def ledger_of(files: Files, chunk_ids: Sequence[str] | None = None, measures: Sequence[str] = ()) -> Ledger:
    """The ledger of these chunks (all), not written yet."""
    build = JudgedBuild(files, FINGERPRINT, JUDGE)
    chunk_ids = build.plan.chunk_ids() if chunk_ids is None else chunk_ids
    return Ledger(files, FINGERPRINT, JUDGE, chunk_ids, build.layers(chunk_ids), measures)


def written(files: Files, chunk_ids: Sequence[str] | None = None, measures: Sequence[str] = ()) -> Ledger:
    """The ledger of these chunks (all)."""
    ledger = ledger_of(files, chunk_ids, measures)
    writer = LedgerWriter(files, FINGERPRINT, JUDGE, measures)
    for segment in ledger.missing():
        writer.write(segment)
    return ledger
