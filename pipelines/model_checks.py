"""Checks a job's models before the work begins, and watches them while the work runs."""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from time import monotonic

from actors.cluster.errors import Stopped
from actors.rollouts.runtime import JUDGE
from lensmill.agents.settings import AgentSettings, ModelAgentSettings
from lensmill.agents.spec import AGENT
from lensmill.judging.judge import JUDGES, JudgeSettings
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
"""Seconds with requests in flight and without any reply before a line says so; the pause doubles for each further
line."""

AGAIN_S = 60.0
"""Seconds between two lines about failing attempts."""

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
    """The servers of a job's models cannot be used: one line, and the exit status."""

    def __init__(self, line: str, status: ExitStatus) -> None:
        super().__init__(line)
        self.status = status


def status_after(endings: Mapping[str, str]) -> ExitStatus:
    """The exit status of a job whose workers had to stop (reason -> class of the model's error): the status that needs
    a person's attention first."""
    found = {_STATUSES[ending] for ending in endings.values() if ending in STOPPING}
    order = (ExitStatus.MEND, ExitStatus.SPENT, ExitStatus.TRY_LATER)
    return next((status for status in order if status in found), ExitStatus.FAILED)


def advice_after(status: ExitStatus) -> str:
    """The advice for a job that ends with this status because its workers had to stop."""
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
    """The question for each model, by the place of its settings. Equal questions are asked once. A judge is shown no
    picture."""
    asked: dict[str, Question] = {}
    known: set[tuple[str, bool]] = set()
    for role, settings in models.items():
        place = {AGENT: "model", JUDGE: "judge_model"}.get(role, f"roles.{role}")
        kind = (repr(settings), role == JUDGE)
        if kind in known:
            continue
        known.add(kind)
        if role == JUDGE:
            asks = JUDGES.of(judge).asks
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
        ModelsError: a model refuses, or none of its servers answers for `outage_s`.
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
    """Reports models that do not answer, from the counts of all workers.

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
        """Check the counts; call it once for each arrival of counts."""
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
