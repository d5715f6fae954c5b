from typing import Any

from actors.rollouts.runtime import JUDGE
from lensmill.agents.spec import AGENT
from lensmill.agents.zoom.settings import ZoomSettings
from lensmill.judging.cascade import CascadeSettings
from lensmill.models.settings import ModelSettings
from monitoring import metrics
from monitoring.recorder import series_name
from pipelines.exit_status import ExitStatus
from pipelines.model_checks import ModelWatch, questions, status_after

MODEL = ModelSettings("m", ("http://127.0.0.1:9/v1",))


def test_a_judge_is_shown_no_picture_and_an_agent_is() -> None:
    asked = questions({AGENT: MODEL, JUDGE: MODEL}, ZoomSettings(), CascadeSettings())
    assert {place: len(question.call.images) for place, question in asked.items()} == {"model": 1, "judge_model": 0}
    assert asked["judge_model"].call.structure


def test_equal_models_of_several_roles_are_asked_once() -> None:
    asked = questions({AGENT: MODEL, "verifier": MODEL, "vlm": ModelSettings("v")}, ZoomSettings(), CascadeSettings())
    assert [*asked] == ["model", "roles.vlm"]


def test_the_small_picture_is_within_the_models_limits() -> None:
    qwen3 = ModelSettings("q", factor=32, min_pixels=65_536)
    call = questions({AGENT: qwen3}, ZoomSettings(), CascadeSettings())["model"].call
    frame = call.images[0].ref.frame
    assert frame.width % 32 == frame.height % 32 == 0
    assert frame.width * frame.height >= 65_536


def test_the_status_names_the_most_urgent_cause() -> None:
    assert status_after({"a": "engine_unreachable", "b": "server_refusal"}) is ExitStatus.MEND
    assert status_after({"a": "engine_unreachable", "b": "quota_exceeded"}) is ExitStatus.SPENT
    assert status_after({"a": "engine_unreachable"}) is ExitStatus.TRY_LATER
    assert status_after({}) is ExitStatus.FAILED


class Watched:
    """A watch with a clock of its own, and what it said."""

    def __init__(self) -> None:
        self.now, self.said = 0.0, list[str]()
        self.watch = ModelWatch(self.say, lambda: self.now)

    def say(self, line: str, *_: object, **__: object) -> None:
        self.said.append(line)

    def at(self, now: float, **counts: Any) -> list[str]:
        self.now = now
        before = len(self.said)
        self.watch.look({getattr(metrics, name).name: value for name, value in counts.items()})
        return self.said[before:]


def test_no_reply_is_told_within_ten_seconds_and_then_ever_more_rarely() -> None:
    watched = Watched()
    told = [now for now in range(200) if watched.at(now, ATTEMPTS_IN_FLIGHT=3)]
    assert told == [8, 16, 32, 64, 128]
    assert "3 calls wait for a reply, each for up to model.timeout_s" in watched.said[0]


def test_replies_keep_the_watch_quiet() -> None:
    watched = Watched()
    assert not [now for now in range(100) if watched.at(now, ATTEMPTS_IN_FLIGHT=3, ATTEMPTS_ANSWERED=now // 5)]


def test_an_idle_job_is_no_silence() -> None:
    watched = Watched()
    assert not [now for now in range(100) if watched.at(now)]


def test_calls_without_any_server_are_told() -> None:
    watched = Watched()
    watched.at(0, REQUESTS_WAITING=1)
    assert "a server that can be reached" in watched.at(9, REQUESTS_WAITING=1)[0]


def test_repeated_429_are_told_at_once_and_then_once_a_minute() -> None:
    watched, name = Watched(), series_name(metrics.ATTEMPTS_FAILED, "rate_limited")
    for now in range(130):
        watched.now = now
        watched.watch.look({name: 2 + now})
    assert len(watched.said) == 3
    assert "2 attempts failed (rate_limited)" in watched.said[0]
    assert "60 attempts failed" in watched.said[1]
