"""Judging committed chunks, without a cluster: what is asked, what is kept, what is asked again."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import pytest

from actors.rollouts.judging import ChunkJudge
from actors.rollouts.worker import Retry, RolloutSettings, RolloutWorker
from lensmill.agents.environment import Environment
from lensmill.agents.protocol import Rollout
from lensmill.agents.reader.settings import ReaderSettings
from lensmill.judging.rule_judge import RuleSettings
from lensmill.models.chat import ModelError
from lensmill.resolution import Ladder
from lensmill.sandbox.settings import SandboxSettings
from lensmill.verdict import Verdict
from storage.builds.episodes import EpisodeStore
from storage.builds.images import ImageStore
from storage.builds.plan import Plan, plan_sample
from storage.builds.verdicts import VerdictStore
from storage.files.store import Files
from tests.judged_build import CORRECT, build_of
from tests.storage.made import FINGERPRINT
from tests.storage.published_rows import seen

JUDGE = "j" * 16
ERROR = Verdict("judge_error", "engine_error", None, "no route")


class NotingJudge:
    """Says what it was made to say, by answer, and notes what it was asked and how many asked at once."""

    def __init__(self, said: dict[str, Verdict | Exception] | None = None) -> None:
        self.said = said or {}
        self.asked: list[str | None] = []
        self.keys: list[str] = []
        self._at_once = 0
        self.most_at_once = 0

    async def judge(
        self, question: str, references: Sequence[str], choices: Sequence[str], answer: str | None, key: str
    ) -> Verdict:
        assert question == f"What is bar {references[0]}?"
        assert choices == ()
        self.asked.append(answer)
        self.keys.append(key)
        self._at_once += 1
        self.most_at_once = max(self.most_at_once, self._at_once)
        await asyncio.sleep(0)
        self._at_once -= 1
        said = self.said.get(answer or "", CORRECT)
        if isinstance(said, Exception):
            raise said
        return said


def chunks(files: Files, judge: NotingJudge, in_flight: int = 2) -> ChunkJudge:
    return ChunkJudge(files, FINGERPRINT, JUDGE, judge, asyncio.Semaphore(in_flight))


def outcomes(files: Files, plan: Plan) -> list[str]:
    store = VerdictStore(files, FINGERPRINT, JUDGE)
    return [row.verdict.outcome for chunk_id in plan.chunk_ids() for row in store.rows(chunk_id)]


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(str(tmp_path))


async def test_every_finished_episode_gets_a_verdict_and_failed_ones_none(files: Files) -> None:
    plan = build_of(files, ["0", "1", None, "3"], chunk_size=4)
    judge = NotingJudge()
    work = chunks(files, judge)
    await work.judge_chunk(plan.chunk_ids()[0])
    assert outcomes(files, plan) == ["correct"] * 3
    assert judge.asked == ["0", "1", "3"]
    assert len(set(judge.keys)) == 3
    assert work.counts == {"correct": 3, "chunks": 1}


async def test_the_number_of_awaited_verdicts_is_bounded(files: Files) -> None:
    plan = build_of(files, [str(number) for number in range(9)], chunk_size=9)
    judge = NotingJudge()
    await chunks(files, judge, in_flight=3).judge_chunk(plan.chunk_ids()[0])
    assert judge.most_at_once == 3


async def test_a_judge_that_fails_is_a_judge_error_of_that_answer_alone(files: Files) -> None:
    plan = build_of(files, ["0", "1"])
    await chunks(files, NotingJudge({"1": KeyError("oops")})).judge_chunk(plan.chunk_ids()[0])
    assert outcomes(files, plan) == ["correct", "judge_error"]


async def test_a_judge_that_never_answers_is_a_judge_error(files: Files) -> None:
    class Silent(NotingJudge):
        async def judge(self, *_: object, **__: object) -> Verdict:
            await asyncio.Event().wait()
            raise AssertionError

    plan = build_of(files, ["0"])
    work = chunks(files, Silent())
    work.timeout_s = 0.01
    await work.judge_chunk(plan.chunk_ids()[0])
    (row,) = VerdictStore(files, FINGERPRINT, JUDGE).rows(plan.chunk_ids()[0])
    assert (row.verdict.outcome, row.verdict.rule) == ("judge_error", "timeout")


async def test_only_judge_errors_are_asked_about_again(files: Files) -> None:
    plan = build_of(files, ["0", "1", "2"], chunk_size=3)
    (chunk_id,) = plan.chunk_ids()
    await chunks(files, NotingJudge({"1": ERROR, "2": ERROR})).judge_chunk(chunk_id)
    assert outcomes(files, plan) == ["correct", "judge_error", "judge_error"]
    again = NotingJudge({"2": ERROR})
    await chunks(files, again).judge_chunk(chunk_id)
    assert again.asked == ["1", "2"]
    assert outcomes(files, plan) == ["correct", "correct", "judge_error"]
    last = NotingJudge()
    await chunks(files, last).judge_chunk(chunk_id)
    assert last.asked == ["2"]
    settled = NotingJudge()
    await chunks(files, settled).judge_chunk(chunk_id)
    assert settled.asked == []


async def test_judging_again_touches_nothing_of_the_rollouts(files: Files) -> None:
    plan = build_of(files, ["0", "1"])
    before = {path: files.read(path) for path in files.list(f"builds/{FINGERPRINT}")}
    for chunk_id in plan.chunk_ids():
        await chunks(files, NotingJudge()).judge_chunk(chunk_id)
    after = files.list(f"builds/{FINGERPRINT}")
    assert {path: files.read(path) for path in before} == before
    assert all("/verdicts/" in path for path in set(after) - set(before))


async def test_a_judge_that_cannot_be_reached_leaves_the_chunk_for_another_run(files: Files) -> None:
    plan = build_of(files, ["0", "1"])
    gone = Verdict("judge_error", "engine_unreachable", None, "no server answers")
    for chunk_id in plan.chunk_ids():
        report = await chunks(files, NotingJudge({"1": gone, "0": gone})).judge_chunk(chunk_id)
        assert report.state == "handed_back"
        assert "no server answers" in report.why
    assert not any("/verdicts/" in path for path in files.list(f"builds/{FINGERPRINT}"))


class Parrot:
    """Answers with the number in the question."""

    name = "reader"

    async def run(self, environment: Environment) -> Rollout:
        return environment.hand_in("I see it.", environment.task.question.removeprefix("What is bar ").rstrip("?"), ())


class FailingParrot(Parrot):
    """Its engine is ill when it is asked about some of the numbers. Notes what it was asked."""

    def __init__(self, *numbers: int) -> None:
        self.questions = {f"What is bar {number}?" for number in numbers}
        self.asked: list[str] = []

    async def run(self, environment: Environment) -> Rollout:
        self.asked.append(environment.task.question)
        if environment.task.question in self.questions:
            raise ModelError("engine_error", "HTTP 500")
        return await super().run(environment)


def worker(files: Files, judge: NotingJudge, agent: Parrot | None = None, *retry: str) -> RolloutWorker:
    settings = RolloutSettings(
        *(files, FINGERPRINT, JUDGE, ReaderSettings(), Ladder((224,)), RuleSettings()),
        *({}, SandboxSettings(), 2, "r1", frozenset(retry)),
    )
    made = RolloutWorker(settings)
    made._agent = agent or Parrot()
    made._judge = chunks(files, judge)
    return made


def planned_only(files: Files, count: int) -> tuple[Plan, Files]:
    """A plan of one chunk with nothing made of it, and another store in which every answer is x."""
    other = Files(f"{files.root}/other")
    build_of(other, ["x"] * count, chunk_size=count)
    plan, images = Plan(files, FINGERPRINT), ImageStore(files)
    samples = [seen(images, number)[0] for number in range(count)]
    plan.append((plan_sample(FINGERPRINT, sample, (224,), ("reader",), (0,)) for sample in samples), count)
    return plan, other


async def test_a_rollout_worker_asks_about_each_answer_once(files: Files) -> None:
    judge = NotingJudge({"1": ERROR})
    plan, _ = planned_only(files, 3)
    made = worker(files, judge)
    (chunk_id,) = plan.chunk_ids()
    assert (await made.run_chunk(chunk_id)).state == "committed"
    assert sorted(answer or "" for answer in judge.asked) == ["0", "1", "2"]
    assert outcomes(files, plan) == ["correct", "judge_error", "correct"]
    assert await made.counts() == {"earlier": 0, "accepted": 2, "rejected": 1}


async def test_verdicts_are_of_the_answers_that_were_committed(files: Files) -> None:
    """Another attempt may commit a chunk while ours is still at it; its answers may differ from ours."""
    plan, other = planned_only(files, 2)
    (chunk_id,) = plan.chunk_ids()
    theirs = EpisodeStore(other, FINGERPRINT).rows(chunk_id)

    class Overtaken(NotingJudge):
        async def judge(
            self, question: str, references: Sequence[str], choices: Sequence[str], answer: str | None, key: str
        ) -> Verdict:
            EpisodeStore(files, FINGERPRINT).commit(chunk_id, theirs)
            return await super().judge(question, references, choices, answer, key)

    judge = Overtaken({"x": ERROR})
    await worker(files, judge).run_chunk(chunk_id)
    assert outcomes(files, plan) == ["judge_error", "judge_error"]


def attempts(files: Files, chunk_id: str) -> list[int | None]:
    rows = EpisodeStore(files, FINGERPRINT).rows(chunk_id)
    return [None if row.failure is None else row.failure.attempts for row in rows]


async def test_failed_episodes_are_made_again_and_judged_and_no_others(files: Files) -> None:
    plan, _ = planned_only(files, 4)
    (chunk_id,) = plan.chunk_ids()
    await worker(files, NotingJudge(), FailingParrot(1, 2)).run_chunk(chunk_id)
    assert attempts(files, chunk_id) == [None, 1, 1, None]
    before = {path: files.read(path) for path in files.list("builds")}

    judge, agent = NotingJudge(), FailingParrot(2)
    made = worker(files, judge, agent, "engine_error")
    report = await made.run_chunk(chunk_id, retry=Retry(0, 2))
    assert report.state == "committed"
    assert sorted(agent.asked) == ["What is bar 1?", "What is bar 2?"]
    assert attempts(files, chunk_id) == [None, None, 2, None]
    assert judge.asked == ["1"]
    assert outcomes(files, plan) == ["correct"] * 3
    assert await made.counts() == {"earlier": 0, "accepted": 1, "failed": 1}
    assert {path: files.read(path) for path in before} == before


async def test_episodes_that_another_run_retried_are_not_made_again(files: Files) -> None:
    plan, _ = planned_only(files, 2)
    (chunk_id,) = plan.chunk_ids()
    await worker(files, NotingJudge(), FailingParrot(0, 1)).run_chunk(chunk_id)
    await worker(files, NotingJudge(), FailingParrot(0), "engine_error").run_chunk(chunk_id, retry=Retry(0, 2))
    late = FailingParrot()
    report = await worker(files, NotingJudge(), late, "engine_error").run_chunk(chunk_id, retry=Retry(0, 2))
    assert (report.state, late.asked) == ("found", [])
    assert attempts(files, chunk_id) == [2, None]


async def test_failures_of_other_classes_are_left_alone(files: Files) -> None:
    plan, _ = planned_only(files, 2)
    (chunk_id,) = plan.chunk_ids()
    await worker(files, NotingJudge(), FailingParrot(0)).run_chunk(chunk_id)
    agent = FailingParrot()
    report = await worker(files, NotingJudge(), agent, "timeout").run_chunk(chunk_id, retry=Retry(0, 1))
    assert (report.state, agent.asked) == ("found", [])


async def test_finished_episodes_of_a_stopped_retry_are_kept(files: Files) -> None:
    plan, _ = planned_only(files, 3)
    (chunk_id,) = plan.chunk_ids()
    await worker(files, NotingJudge(), FailingParrot(0, 1, 2)).run_chunk(chunk_id)

    class Stopping(FailingParrot):
        async def run(self, environment: Environment) -> Rollout:
            await stopped.stop()
            return await super().run(environment)

    stopped = worker(files, NotingJudge(), Stopping(), "engine_error")
    stopped._slots = asyncio.Semaphore(1)
    assert (await stopped.run_chunk(chunk_id, retry=Retry(0, 3))).state == "handed_back"
    assert attempts(files, chunk_id) == [1, 1, 1]
    agent = FailingParrot()
    await worker(files, NotingJudge(), agent, "engine_error").run_chunk(chunk_id, retry=Retry(0, 3))
    assert len(agent.asked) == 2
    assert attempts(files, chunk_id) == [None, None, None]
    assert outcomes(files, plan) == ["correct"] * 3


async def test_a_chunk_that_another_run_commits_first_is_told_apart(files: Files) -> None:
    plan, other = planned_only(files, 1)
    (chunk_id,) = plan.chunk_ids()
    theirs = EpisodeStore(other, FINGERPRINT).rows(chunk_id)

    class Slow(Parrot):
        async def run(self, environment: Environment) -> Rollout:
            EpisodeStore(files, FINGERPRINT).commit(chunk_id, theirs)
            return await super().run(environment)

    assert (await worker(files, NotingJudge(), Slow()).run_chunk(chunk_id)).state == "overtaken"


async def test_a_chunk_that_another_run_makes_while_it_waits_for_a_slot_is_not_begun(files: Files) -> None:
    plan, other = planned_only(files, 1)
    (chunk_id,) = plan.chunk_ids()
    theirs = EpisodeStore(other, FINGERPRINT).rows(chunk_id)
    asked = asyncio.Event()

    class Slots(asyncio.Semaphore):
        async def acquire(self) -> Literal[True]:
            asked.set()
            return await super().acquire()

    agent = FailingParrot()
    made = worker(files, NotingJudge(), agent)
    made._places = Slots(1)
    await made._places.acquire()
    asked.clear()
    running = asyncio.ensure_future(made.run_chunk(chunk_id))
    await asked.wait()
    EpisodeStore(files, FINGERPRINT).commit(chunk_id, theirs)
    made._places.release()
    assert (await running).state == "found"
    assert agent.asked == []
    assert await made.counts() == {"earlier": 0}
