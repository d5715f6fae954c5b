import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from typing import Literal

import pytest

from lensmill.models import routing
from lensmill.models.chat import ModelError
from lensmill.models.client import OpenAIChatModel
from lensmill.models.meter import Caps, Meter
from lensmill.models.routing import FIRST_REST_S, LONGEST_REST_S, RoutedModel
from lensmill.testing.script import Script, StubReply, StubRequest, one_after_another
from lensmill.testing.stub_engine import StubEngine
from tests.models.small_requests import Waits, ask, picture, settings


@pytest.fixture
async def engines() -> AsyncIterator[list[StubEngine]]:
    async with AsyncExitStack() as stack:
        yield [await stack.enter_async_context(StubEngine()) for _ in range(3)]


class Held:
    """Replaces `asyncio.sleep` for the router's rests: records them, and lasts until released."""

    def __init__(self) -> None:
        self.seconds: list[float] = []
        self.begun, self.over = asyncio.Event(), asyncio.Event()

    async def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)
        self.begun.set()
        await self.over.wait()


def routed(engines: Sequence[StubEngine], rests: Held | Waits, outage_s: float = 20.0) -> RoutedModel:
    chosen = settings(retries=1)
    clients = [OpenAIChatModel(chosen, engine.url, connection_retries=1, sleep=Waits()) for engine in engines]
    return RoutedModel(clients, outage_s, sleep=rests)


def counts(engines: Sequence[StubEngine]) -> list[int]:
    return [len(engine.requests) for engine in engines]


async def test_every_turn_of_an_episode_goes_to_one_replica(engines: list[StubEngine]) -> None:
    model = routed(engines, Held())
    for _turn in range(4):
        for episode in "abc":
            await model.chat(ask(f"from {episode}", episode))
    assert counts(engines) == [4, 4, 4]
    assert all(len({text for request in engine.requests for text in request.texts}) == 1 for engine in engines)
    await model.close()


async def test_a_new_episode_goes_to_the_least_outstanding_work(engines: list[StubEngine]) -> None:
    let_go = asyncio.Event()
    for engine in engines:
        engine.script = one_after_another([StubReply(hold=let_go)])
    model = routed(engines, Held())
    large = asyncio.create_task(model.chat(ask("a", "large", [picture(b"4K", 3840, 2160)])))
    await engines[0].received(1)
    small = [asyncio.create_task(model.chat(ask("b", f"small {number}"))) for number in range(6)]
    await engines[1].received(3)
    await engines[2].received(3)
    assert counts(engines) == [1, 3, 3]
    let_go.set()
    await asyncio.gather(large, *small)
    await model.close()


async def test_a_call_finds_a_replica_that_has_moved(engines: list[StubEngine]) -> None:
    gone, there, _ = engines
    model = routed([gone], rests := Held())
    await gone.die()
    waiting = asyncio.create_task(model.chat(ask()))
    await rests.begun.wait()
    model.moved({gone.url: there.url})
    rests.over.set()
    await waiting
    await model.chat(ask())
    assert counts(engines) == [0, 2, 0]
    await model.close()


async def test_ties_go_to_the_replica_with_the_fewest_episodes_then_to_the_first(engines: list[StubEngine]) -> None:
    model = routed(engines, Held())
    for number in range(7):
        await model.chat(ask(episode=f"{number}"))
    assert counts(engines) == [3, 2, 2]
    await model.close()


async def test_calls_of_no_episode_are_spread(engines: list[StubEngine]) -> None:
    model = routed(engines, Held())
    for _ in range(6):
        await model.chat(ask())
    assert counts(engines) == [2, 2, 2]
    await model.close()


async def test_the_episodes_of_a_dead_replica_go_on_elsewhere_and_stay_there(engines: list[StubEngine]) -> None:
    model = routed(engines[:2], Held())
    await model.chat(ask(episode="a"))
    await model.chat(ask(episode="b"))
    await engines[0].die()
    for _ in range(3):
        assert (await model.chat(ask(episode="a"))).text == "ANSWER: 1"
    await engines[0].start()
    await model.chat(ask(episode="a"))
    assert counts(engines[:2]) == [1, 5]
    await model.close()


async def test_a_dead_replica_rests_for_a_growing_time_and_returns(engines: list[StubEngine]) -> None:
    class Rests(Waits):
        async def __call__(self, seconds: float) -> None:
            await super().__call__(seconds)
            if len(self.seconds) == 8:
                await engines[0].start()

    await engines[0].die()
    rests = Rests()
    model = routed(engines[:1], rests)
    assert (await model.chat(ask())).text == "ANSWER: 1"
    assert rests.seconds == [min(LONGEST_REST_S, FIRST_REST_S * 2**number) for number in range(8)]
    await model.close()


async def test_no_server_for_too_long_is_unreachable(engines: list[StubEngine]) -> None:
    for engine in engines:
        await engine.die()
    model = routed(engines, Held(), outage_s=0.05)
    with pytest.raises(ModelError, match="urls in its settings") as caught:
        await model.chat(ask())
    assert caught.value.error_class == "engine_unreachable"
    assert all(engine.url in caught.value.where for engine in engines)
    assert not [word for word in ("127.0.0.1", "0.05", "tried", "model.urls") if word in str(caught.value)]
    await model.close()


async def test_an_episode_that_kills_two_engines_fails_alone(engines: list[StubEngine]) -> None:
    """The killer is in flight together with ordinary calls; all of those get their replies, and one engine survives."""
    let_go = asyncio.Event()

    def deadly(hold: asyncio.Event | None) -> Script:
        def answer(request: StubRequest) -> StubReply:
            return StubReply(fault="death", hold=hold) if "deadly" in request.texts else StubReply(hold=hold)

        return answer

    engines[0].script = deadly(let_go)
    engines[1].script = engines[2].script = deadly(None)
    model = routed(engines, Held())
    calls = [asyncio.create_task(model.chat(ask("deadly", "killer")))]
    await engines[0].received(1)
    bystanders = [asyncio.create_task(model.chat(ask("good", f"e{number}"))) for number in range(9)]
    calls += bystanders
    await engines[0].received(2)
    let_go.set()
    results = await asyncio.gather(*calls, return_exceptions=True)
    assert isinstance(results[0], ModelError)
    assert results[0].error_class == "engine_killer"
    assert "two engines died" in str(results[0])
    assert "127.0.0.1" not in str(results[0])
    assert not [result for result in results[1:] if isinstance(result, BaseException)]
    assert sum(engine.died.is_set() for engine in engines) == 2
    await model.close()


async def test_calls_that_may_be_killers_are_tried_one_at_a_time(engines: list[StubEngine]) -> None:
    """Five calls are in flight when the first engine dies; the second engine gets them one after the other."""
    first, second = engines[:2]
    first.script = one_after_another([StubReply(hold=first.died)])
    second.script = one_after_another([StubReply(seconds=0.002)])
    await second.die()
    rests = Held()
    model = routed([first, second], rests)
    calls = [asyncio.create_task(model.chat(ask(episode=f"{number}"))) for number in range(5)]
    await first.received(5)
    await second.start()
    await first.die()
    rests.over.set()
    await asyncio.gather(*calls)
    assert (len(second.requests), second.most_in_flight) == (6, 1), "a small call goes before, to see that it answers"
    await model.close()


async def test_a_call_that_got_a_reply_is_no_longer_a_suspect(engines: list[StubEngine]) -> None:
    """An episode that is in flight at one death in one turn and at another death in a later turn is not a killer."""
    rests = Held()
    model = routed(engines[:2], rests)
    engines[0].script = one_after_another([StubReply(fault="death")])
    await model.chat(ask(episode="a"))
    await engines[0].start()
    rests.over.set()
    engines[0].script = one_after_another([StubReply("ANSWER: 2")])
    engines[1].script = one_after_another([StubReply(fault="death")])
    assert (await model.chat(ask(episode="a"))).text == "ANSWER: 2"
    await model.close()


async def test_calls_of_a_failing_replica_go_elsewhere_and_the_replica_rests(engines: list[StubEngine]) -> None:
    engines[0].script = one_after_another([StubReply(fault="server_error")])
    rests = Held()
    model = routed(engines[:2], rests)
    for number in range(6):
        assert (await model.chat(ask(episode=f"{number}"))).text == "ANSWER: 1"
    assert rests.seconds == [FIRST_REST_S]
    assert len(engines[0].requests) == 4, "a call and the small one, twice each"
    await model.close()


def only(bad: StubReply) -> Script:
    """Answers every call except that of `ask()`."""
    return lambda request: bad if "How many?" in request.texts else StubReply()


async def test_a_request_that_every_server_fails_is_an_engine_error(engines: list[StubEngine]) -> None:
    for engine in engines:
        engine.script = only(StubReply(fault="server_error"))
    model = routed(engines, Held())
    with pytest.raises(ModelError, match="500") as caught:
        await model.chat(ask())
    assert caught.value.error_class == "engine_error"
    assert sum(counts(engines)) == 6, "twice at two servers, and a small call each"
    await model.close()


@pytest.mark.timeout(30)  # a router that retries without waiting would block the event loop
async def test_a_call_goes_on_if_its_second_choice_dies_too(engines: list[StubEngine]) -> None:
    """Two calls are in flight at a death. The next server of one call fails too, and the call waits for the server of
    the other."""
    both_there, waiting, killing = asyncio.Event(), asyncio.Event(), asyncio.Event()

    class Trial(asyncio.Lock):
        async def acquire(self) -> Literal[True]:
            if self.locked():
                waiting.set()
            return await super().acquire()

    def answer(request: StubRequest) -> StubReply:
        if "deadly" in request.texts:
            return StubReply(fault="death", hold=killing)
        return StubReply(fault="server_error", hold=both_there) if request.number < 2 else StubReply("ANSWER: 7")

    engines[0].script = one_after_another([StubReply(hold=engines[0].died)])
    engines[1].script = engines[2].script = answer
    model = routed(engines, Held())
    for replica in model._replicas:
        replica.trial = Trial()
    model._replica_of.update({"deadly": model._replicas[0], "good": model._replicas[0]})
    deadly, good = (asyncio.create_task(model.chat(ask(text, text))) for text in ("deadly", "good"))
    await engines[0].received(2)
    await engines[0].die()
    await engines[1].received(1)
    await engines[2].received(1)
    both_there.set()
    await waiting.wait()
    killing.set()
    assert (await good).text == "ANSWER: 7"
    with pytest.raises(ModelError, match="two engines died"):
        await deadly
    await model.close()


@pytest.mark.parametrize("status", [401, 403, 404])
async def test_a_refusing_server_is_left_for_one_other_server(engines: list[StubEngine], status: int) -> None:
    engines[0].script = one_after_another([StubReply(status=status, raw=b"{}")])
    model = routed(engines, Held())
    for _ in range(3):
        assert (await model.chat(ask(episode="a"))).text == "ANSWER: 1"
    assert counts(engines) == [2, 3, 0]
    await model.close()


@pytest.mark.parametrize("status", [401, 403, 404])
async def test_a_call_fails_at_once_if_every_server_refuses(engines: list[StubEngine], status: int) -> None:
    for engine in engines:
        engine.script = one_after_another([StubReply(status=status, raw=b"{}")])
    rests = Held()
    model = routed(engines, rests)
    with pytest.raises(ModelError) as caught:
        await model.chat(ask())
    assert caught.value.error_class == "server_refusal"
    assert counts(engines) == [2, 2, 0]
    await model.close()


async def test_a_call_waits_for_an_overloaded_server(engines: list[StubEngine]) -> None:
    busy = StubReply(status=503, raw=b"busy")
    engines[0].script = one_after_another([busy, busy, StubReply("ANSWER: 3")])
    rests = Waits()
    model = routed(engines[:1], rests)
    assert (await model.chat(ask())).text == "ANSWER: 3"
    assert rests.seconds == [FIRST_REST_S]
    await model.close()


async def test_a_refused_request_is_not_tried_elsewhere(engines: list[StubEngine]) -> None:
    for engine in engines:
        engine.script = only(StubReply(status=400, raw=b"{}"))
    model = routed(engines, Held())
    with pytest.raises(ModelError) as caught:
        await model.chat(ask())
    assert caught.value.error_class == "request_error"
    assert counts(engines) == [2, 0, 0], "the call and the small one"
    await model.close()


async def test_a_key_refused_to_one_call_alone_is_that_calls_fault(engines: list[StubEngine]) -> None:
    engines[0].script = only(StubReply(status=403, raw=b'{"error": "the input was flagged"}'))
    model = routed(engines[:1], Held())
    with pytest.raises(ModelError, match="flagged") as caught:
        await model.chat(ask())
    assert caught.value.error_class == "request_error"
    await model.close()


async def test_a_server_that_refuses_every_call_says_so_after_two(engines: list[StubEngine]) -> None:
    raw = b'{"error": {"message": "seed is not supported"}}'
    engines[0].script = one_after_another([StubReply(status=400, raw=raw)])
    model = routed(engines[:1], Held())
    errors = await asyncio.gather(*(model.chat(ask(episode=f"{n}")) for n in range(5)), return_exceptions=True)
    assert {error.error_class for error in errors if isinstance(error, ModelError)} == {"server_refusal"}
    assert all("model.omit=[seed]" in str(error) for error in errors)
    assert counts(engines)[0] == 6, "five calls, and one small one for all"
    await model.close()


async def test_a_server_that_breaks_every_connection_kills_no_call(engines: list[StubEngine]) -> None:
    engines[0].script = one_after_another([StubReply(fault="reset")])
    model = routed(engines[:1], Waits(), outage_s=0.2)
    with pytest.raises(ModelError) as caught:
        await model.chat(ask())
    assert caught.value.error_class == "engine_unreachable"
    await model.close()


async def test_a_server_that_is_always_busy_is_given_up_when_the_outage_is_over(engines: list[StubEngine]) -> None:
    engines[0].script = one_after_another([StubReply(fault="rate_limit", retry_after="30")])
    client = OpenAIChatModel(settings(outage_s=0.3), engines[0].url)
    model = RoutedModel([client], 0.3)
    start = asyncio.get_running_loop().time()
    with pytest.raises(ModelError, match="is overloaded") as caught:
        await model.chat(ask())
    assert caught.value.error_class == "engine_unreachable"
    assert asyncio.get_running_loop().time() - start < 5
    assert client.meter.failed["rate_limited"] == 1
    await model.close()


async def test_a_cap_lets_no_further_request_out(engines: list[StubEngine]) -> None:
    meter = Meter(Caps(requests=2))
    model = RoutedModel([OpenAIChatModel(settings(), engines[0].url, meter=meter)], 1.0)
    await model.chat(ask())
    await model.chat(ask())
    with pytest.raises(ModelError) as caught:
        await model.chat(ask())
    assert (caught.value.error_class, counts(engines)[0], meter.replies) == ("spend_cap", 2, 2)
    assert meter.tokens > 0
    await model.close()


async def test_forgotten_episodes_keep_memory_bounded(
    engines: list[StubEngine], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(routing, "MAX_REMEMBERED", 2)
    model = routed(engines[:2], Held())
    for episode in "abcdab":
        await model.chat(ask(episode=episode))
    assert len(model._replica_of) == 2
    await model.close()
