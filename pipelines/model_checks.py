"""A job's models asked before its work begins, and watched while it runs."""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from time import monotonic

from actors.cluster.errors import Stopped
from actors.rollouts.runtime import JUDGE
from lensmill.agents.settings import AgentSettings, ModelAgentSettings
from lensmill.agents.spec import AGENT
from lensmill.judging.judge import JudgeSettings, judge_spec
from lensmill.models.chat import STOPPING, ModelError
from lensmill.models.control import small_call
from lensmill.models.meter import Meter
from lensmill.models.preflight import Question, ask_servers
from lensmill.models.settings import ModelSettings
from monitoring import metrics
from monitoring.logs import Say
from monitoring.progress import count_text
from monitoring.recorder import series_name
from pipelines.exit_status import ExitStatus

QUIET_S = 8.0
"""Of requests in flight without any reply, until a line says so; then each time after twice as long."""

AGAIN_S = 60.0
"""Between two lines about attempts that fail."""

_TELLING = {
    "rate_limited": "the servers have no time (429 or 503); calls wait as they ask, at most model.outage_s",
    "lost_connection": "connections broke before a reply",
    "no_connection": "no connection could be made",
    "no_answer": "no reply came within model.timeout_s",
    "server_error": "the servers failed (5xx)",
}

_STATUSES = {
    "engine_unreachable": ExitStatus.TRY_LATER,
    "server_refusal": ExitStatus.MEND,
    "quota_exceeded": ExitStatus.SPENT,
    "spend_cap": ExitStatus.SPENT,
}


class ModelsError(Exception):
    """The servers of a job's models cannot be worked with: one line, and how the job ends."""

    def __init__(self, line: str, status: ExitStatus) -> None:
        super().__init__(line)
        self.status = status


def status_after(endings: Mapping[str, str]) -> ExitStatus:
    """How a job ends whose workers had to stop (reason -> class of the model's error): by what a person has to see to
    first."""
    found = {_STATUSES[ending] for ending in endings.values() if ending in STOPPING}
    order = (ExitStatus.MEND, ExitStatus.SPENT, ExitStatus.TRY_LATER)
    return next((status for status in order if status in found), ExitStatus.FAILED)


def advice_after(status: ExitStatus) -> str:
    """What to do about a job whose workers had to stop, which ends with this status."""
    match status:
        case ExitStatus.TRY_LATER:
            return "run the same command again later"
        case ExitStatus.SPENT:
            return "run the same command again with a higher cap, or once the provider grants more"
        case _:
            return "mend what is said above and run again"


def questions(
    models: Mapping[str, ModelSettings], agent: AgentSettings | None, judge: JudgeSettings
) -> dict[str, Question]:
    """What each model is asked, by the place of its settings; equal ones are one. A judge is shown no picture."""
    asked: dict[str, Question] = {}
    known: set[tuple[str, bool]] = set()
    for role, settings in models.items():
        place = {AGENT: "model", JUDGE: "judge_model"}.get(role, f"roles.{role}")
        kind = (repr(settings), role == JUDGE)
        if kind in known:
            continue
        known.add(kind)
        if role == JUDGE:
            asks = judge_spec(judge).asks
            assert asks is not None
            asking = asks(judge)
            call = small_call(settings.family, asking.sampling, False, 0, asking.structure)
        else:
            assert isinstance(agent, ModelAgentSettings)
            structure = {"regex": "OK"} if agent.structured else None
            call = small_call(settings.family, agent.sampling, True, 0, structure)
        asked[place] = Question(place, settings, call)
    return asked


def ask_models(asked: Iterable[Question], meter: Meter, say: Say, stopping: Callable[[], bool]) -> None:
    """Ask them all at once.

    Raises:
        ModelsError: one refuses, or none of its servers answers for `outage_s`.
        Stopped: asked to stop meanwhile.
    """

    async def ask_all() -> None:
        async with asyncio.TaskGroup() as group:
            for question in asked:
                group.create_task(ask_servers(question, meter, lambda line: say(line, "warning"), stopping))

    try:
        asyncio.run(ask_all())
    except ExceptionGroup as group:
        error = next((error for error in group.exceptions if isinstance(error, ModelError)), None)
        if error is None:
            raise group.exceptions[0] from None
        status = _STATUSES.get(error.error_class, ExitStatus.MEND)
        again = "" if status is ExitStatus.MEND else "; run the same command again to go on"
        raise ModelsError(f"{error}{again}", status) from None
    if stopping():
        raise Stopped


class ModelWatch:
    """Tells of a job's models that do not answer, by the counts of all its workers.

    Args:
        clock: seconds, monotonic.
    """

    def __init__(self, say: Say, clock: Callable[[], float] = monotonic) -> None:
        self._say = say
        self._clock = clock
        self._answered = -1.0
        self._quiet_since = clock()
        self._quiet_s = QUIET_S
        self._failed: dict[str, float] = {}
        self._told_at: dict[str, float] = {}

    def look(self, counts: Mapping[str, float]) -> None:
        """Once for each time that the counts come."""
        now = self._clock()
        for reason, what in _TELLING.items():
            count = counts.get(series_name(metrics.ATTEMPTS_FAILED, reason), 0)
            before = self._failed.get(reason, 0)
            if count > before and now - self._told_at.get(reason, -AGAIN_S) >= AGAIN_S:
                self._failed[reason], self._told_at[reason] = count, now
                self._say(
                    f"models: {count_text(round(count - before), 'attempt')} failed ({reason}): {what}",
                    "warning",
                    reason=reason,
                    attempts=round(count - before),
                )
        waiting = round(counts.get(metrics.REQUESTS_WAITING.name, 0))
        in_flight = round(counts.get(metrics.ATTEMPTS_IN_FLIGHT.name, 0))
        answered = counts.get(metrics.ATTEMPTS_ANSWERED.name, 0)
        if answered != self._answered or not (waiting or in_flight):
            self._answered, self._quiet_since, self._quiet_s = answered, now, QUIET_S
            return
        quiet = now - self._quiet_since
        if quiet >= self._quiet_s:
            self._quiet_s *= 2
            what = (
                f"{_waits(waiting)} for a server that can be reached, for up to model.outage_s"
                if waiting
                else f"{_waits(in_flight)} for a reply, each for up to model.timeout_s"
            )
            self._say(f"models: no reply for {quiet:.0f} s; {what}", "warning", waiting=waiting, in_flight=in_flight)


def _waits(calls: int) -> str:
    return f"{count_text(calls, 'call')} {'waits' if calls == 1 else 'wait'}"
