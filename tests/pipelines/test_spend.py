import pytest

from lensmill.models.meter import Caps, Meter
from monitoring import metrics
from pipelines.spend import Spend, SpendSettings


def counts(requests: int, tokens: int) -> dict[str, float]:
    return {metrics.ATTEMPTS.name: requests, metrics.TOKENS.name: tokens}


def test_no_cap_is_never_reached() -> None:
    spend = Spend(SpendSettings(), Meter())
    assert not spend.look(counts(10**9, 10**12))
    assert spend.over == ""


@pytest.mark.parametrize(
    ("settings", "over"), [(SpendSettings(requests=5), "requests"), (SpendSettings(tokens=100), "tokens")]
)
def test_a_cap_counts_the_calls_of_all_workers_and_of_the_driver(settings: SpendSettings, over: str) -> None:
    meter = Meter()
    meter.requests, meter.tokens = 1, 20
    spend = Spend(settings, meter)
    assert not spend.look(counts(3, 79))
    assert spend.look(counts(4, 80))
    assert spend.over == over
    assert f"spend.{over}=" in spend.line()
    assert "5 requests, 100 tokens" in spend.line()


def test_workers_are_left_what_the_driver_has_not_spent() -> None:
    meter = Meter()
    meter.requests, meter.tokens = 2, 30
    assert Spend(SpendSettings(requests=5, tokens=20), meter).left() == Caps(3, 0)


def test_hours_end_the_job_and_let_calls_in_flight_finish() -> None:
    now = [0.0]
    spend = Spend(SpendSettings(hours=0.5), Meter(), lambda: now[0])
    assert not spend.look({})
    now[0] = 1801
    assert not spend.look({}), "no call is forbidden"
    assert spend.over == "hours"
    assert "spend.hours=0.5 is reached" in spend.line()


@pytest.mark.parametrize(
    ("finished", "advice"), [({}, "would end here again"), ({"rejected": 1}, "finished work is kept")]
)
def test_a_cap_under_which_nothing_is_finished_must_be_raised(finished: dict[str, float], advice: str) -> None:
    spend = Spend(SpendSettings(requests=2), Meter())
    assert spend.look(counts(2, 0) | finished)
    assert advice in spend.line()
    assert "higher spend.requests" in spend.line()


@pytest.mark.parametrize("wrong", [{"requests": 0}, {"tokens": -1}, {"hours": 0.0}])
def test_a_cap_of_nothing_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="or null"):
        SpendSettings(**wrong)  # type: ignore[arg-type]
