"""Routes calls over equal replicas of a model: episodes keep their replica and its prefix cache; dead replicas cost
little."""

import asyncio
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from lensmill.models.chat import ChatModel, ChatReply, ChatRequest, ModelError
from lensmill.models.client import EngineUnreachable, Sleep
from lensmill.models.control import control_of
from lensmill.models.families import ModelFamily
from lensmill.models.meter import Meter

MAX_REMEMBERED = 50_000
"""Maximum episodes whose replica is remembered. A forgotten episode is assigned again and loses a cached prefix."""

FIRST_REST_S = 1.0
LONGEST_REST_S = 30.0

CONTROL_S = 60.0
"""Seconds for the small call that shows whether a server fails on one call or on every call."""

DOUBTFUL = frozenset({"engine_error", "request_error", "server_refusal"})
"""Error classes whose cause may be the call or the server."""

FAILURES_TO_REST = 3
"""Calls in a row on which a replica that still answers may fail before it rests."""


class Replica(ChatModel, Protocol):
    """A chat model that can report whether its server is reachable."""

    @property
    def meter(self) -> Meter:
        """Counts the model's calls."""

    async def chat(self, request: ChatRequest, until: float | None = None) -> ChatReply:
        """Return one reply. No attempt starts after `until`, a time of the loop."""

    async def reachable(self) -> bool:
        """Whether the server answers."""

    def moved(self, moves: Mapping[str, str]) -> bool:
        """Use the new server if this replica's server is in `moves` (old base URL -> new). Return whether it is."""

    async def close(self) -> None:
        """Close the connections."""


@dataclass(eq=False, slots=True)
class _TrackedReplica:
    """A replica and its state.

    Attributes:
        work: tokens of the calls in flight.
        episodes: episodes assigned so far.
        rest_s: seconds of the next rest.
        watch: the task that waits for the replica to come back.
        error: the reason of the last rest.
        trial: held by a call that may have killed an engine, so that no two such calls run at once.
        replies: replies received so far.
        fresh: no reply has come since the replica was last found reachable.
        doubt: held while a small call shows whether the replica fails on every call.
        refusal: the result of the small call, until a reply comes.
    """

    number: int
    model: Replica
    up: bool = True
    work: int = 0
    episodes: int = 0
    failures: int = 0
    rest_s: float = FIRST_REST_S
    watch: asyncio.Task[None] | None = None
    error: ModelError | None = None
    trial: asyncio.Lock = field(default_factory=asyncio.Lock)
    replies: int = 0
    fresh: bool = True
    doubt: asyncio.Lock = field(default_factory=asyncio.Lock)
    refusal: ModelError | None = None


class RoutedModel:
    """Equal replicas behind one chat model, for one event loop.

    All calls of an episode go to one replica. A new episode goes to the replica with the least outstanding work (tokens
    of the calls in flight; then the fewest episodes; then the first). A replica that is unreachable or overloaded rests
    for a growing time before it is asked again. Meanwhile its calls go to other replicas, or wait if there is no other.

    If a replica refuses a call or keeps failing on it, and has answered nothing meanwhile, the router sends it a small
    call with the same fields. If the small call is answered, the first call is at fault. If the small call is refused
    too, the replica refuses every call (the key, the model's name, a setting): the first call is tried on one other
    replica and then fails as "server_refusal". If the small call fails in another way, the replica rests as if it were
    unreachable.

    A call during which an engine died may have killed it; so may every other call in flight there. So each of these
    calls is tried again with no other suspect on the same replica. If that replica dies too, the call killed both, and
    fails as "engine_killer". A call that gets a reply is no longer a suspect. A replica that has answered nothing since
    it came back first gets a small call: a server that breaks every connection must not be blamed on a call.

    Args:
        replicas: at least one; all serve the same model.
        outage_s: seconds that a call waits for a reachable replica, from its first failure.
        sleep: waits before a replica is asked again.
    """

    def __init__(self, replicas: Sequence[Replica], outage_s: float = 300.0, sleep: Sleep = asyncio.sleep) -> None:
        if not replicas:
            raise ValueError("a routed model needs at least one replica")
        self._replicas = [_TrackedReplica(number, model) for number, model in enumerate(replicas)]
        self._replica_of: OrderedDict[str, _TrackedReplica] = OrderedDict()
        self._outage_s = outage_s
        self._meter = replicas[0].meter
        self._sleep = sleep
        self._some_up = asyncio.Event()
        self._some_up.set()

    @property
    def name(self) -> str:
        """The model's name at its servers."""
        return self._replicas[0].model.name

    @property
    def family(self) -> ModelFamily:
        """The conventions of the model's family."""
        return self._replicas[0].model.family

    @property
    def out_of_reach(self) -> bool:
        """Whether no replica is reachable now."""
        return not self._some_up.is_set()

    async def chat(self, request: ChatRequest) -> ChatReply:
        """Return one reply, from the episode's replica if it is reachable.

        Raises:
            ModelError: see the protocol, and the class for "engine_killer".
        """
        work = self._work(request)
        loop = asyncio.get_running_loop()
        suspect = False
        until: float | None = None
        other: _TrackedReplica | None = None
        while True:
            replica = other or await self._choose(request.episode, until or loop.time() + self._outage_s)
            replica.work += work
            blame = True
            try:
                if not suspect:
                    return await self._ask(replica, request, until)
                async with replica.trial:
                    if replica.up and replica.fresh:
                        blame = False
                        await self._ask(replica, control_of(request, self.family), loop.time() + CONTROL_S)
                        blame = True
                    if replica.up:
                        return await self._ask(replica, request, until)
                other = None  # the replica went down while this call waited, so choose again
            except EngineUnreachable as error:
                self._leave_alone(replica, error)
                if blame and error.died and suspect:
                    raise ModelError("engine_killer", "two engines died of this call", error.where) from error
                suspect = suspect or error.died
                until = until or (error.since or loop.time()) + self._outage_s
                if loop.time() > until or (error.over and not any(replica.up for replica in self._replicas)):
                    raise self._nobody() from error
                other = None
            except ModelError as error:
                again = error.error_class in ("engine_error", "engine_unreachable", "server_refusal") and other is None
                other = self._elsewhere(request.episode, replica) if again else None
                if other is None:
                    raise
                if error.error_class == "server_refusal":
                    self._leave_alone(replica, error)
            finally:
                replica.work -= work

    def moved(self, moves: Mapping[str, str]) -> None:
        """Use new servers for replicas that were started elsewhere.

        Args:
            moves: old base URL -> new base URL. The replicas are asked again once they answer.
        """
        for replica in self._replicas:
            if replica.model.moved(moves) and replica.watch is not None and not replica.up:
                replica.watch.cancel()  # its rest may be long
                replica.rest_s = FIRST_REST_S
                replica.watch = asyncio.create_task(self._watch(replica))

    async def close(self) -> None:
        """Stop watching replicas and close all of them."""
        watches = [replica.watch for replica in self._replicas if replica.watch is not None]
        for watch in watches:
            watch.cancel()
        await asyncio.gather(*watches, return_exceptions=True)
        for replica in self._replicas:
            await replica.model.close()

    def _work(self, request: ChatRequest) -> int:
        """The approximate number of tokens that a call makes the engine read and write."""
        frames = [image.ref.frame for image in request.images]
        pictures = sum(self.family.image_tokens(frame.width, frame.height) for frame in frames)
        letters = sum(len(part.text) for message in request.messages for part in message.parts)
        return pictures + letters // 4 + request.sampling.max_tokens

    async def _ask(self, replica: _TrackedReplica, request: ChatRequest, until: float | None) -> ChatReply:
        before = replica.replies
        try:
            reply = await replica.model.chat(request, until)
        except EngineUnreachable:
            raise
        except ModelError as error:
            if error.error_class in DOUBTFUL and replica.replies == before:
                await self._doubt(replica, request, error, before)
            if error.error_class == "engine_error":
                replica.failures += 1
                if replica.failures >= FAILURES_TO_REST:
                    self._leave_alone(replica, error)
            else:
                replica.failures = 0
            if error.error_class == "server_refusal":  # of this call only: other calls are answered
                raise ModelError("request_error", str(error), error.where) from None
            raise
        self._answered(replica)
        replica.failures, replica.rest_s = 0, FIRST_REST_S
        return reply

    def _answered(self, replica: _TrackedReplica) -> None:
        replica.replies += 1
        replica.fresh, replica.refusal = False, None

    async def _doubt(self, replica: _TrackedReplica, request: ChatRequest, error: ModelError, before: int) -> None:
        """Return if the error is the call's own.

        Raises:
            ModelError: the server refuses, or fails on, every call.
        """
        async with replica.doubt:
            if replica.replies != before:
                return
            if replica.refusal is None:
                replica.refusal = await self._control(replica, request, error)
            if (refusal := replica.refusal) is None:
                return
        if isinstance(refusal, EngineUnreachable):
            replica.refusal = None  # the server may be back
            raise refusal
        raise ModelError(refusal.error_class, str(refusal), refusal.where)

    async def _control(self, replica: _TrackedReplica, request: ChatRequest, error: ModelError) -> ModelError | None:
        loop = asyncio.get_running_loop()
        start = loop.time()
        try:
            async with asyncio.timeout(CONTROL_S):
                await replica.model.chat(control_of(request, self.family), start + CONTROL_S)
        except TimeoutError:
            return EngineUnreachable(f"{error}; a small call gets no answer either", False, error.where, start)
        except EngineUnreachable as worse:
            return EngineUnreachable(str(worse), False, worse.where, start)
        except ModelError as worse:
            if worse.error_class == "engine_error":
                return EngineUnreachable(f"{worse}; a small call fails too", False, worse.where, start)
            if worse.error_class in ("request_error", "server_refusal"):
                return ModelError("server_refusal", f"{worse} (every call is refused, a small one too)", worse.where)
            if worse.error_class != "empty_reply":
                return worse
        self._answered(replica)
        return None

    async def _choose(self, episode: str, until: float) -> _TrackedReplica:
        """The replica for an episode's call. If none is reachable, wait for one until `until`, a time of the loop."""
        if not self._some_up.is_set():
            self._meter.waiting += 1
            try:
                async with asyncio.timeout_at(until):
                    await self._some_up.wait()
            except TimeoutError:
                pass
            finally:
                self._meter.waiting -= 1
        replica = self._replica_of.get(episode)
        if replica is not None and replica.up:
            self._replica_of.move_to_end(episode)
            return replica
        up = [replica for replica in self._replicas if replica.up]
        if not up:
            raise self._nobody()
        return self._assign(episode, up)

    def _nobody(self) -> ModelError:
        """The error that no replica is reachable, or that all are overloaded."""
        errors = [replica.error for replica in self._replicas if replica.error is not None]
        message = f"no server of {self.name} answers: check that it runs and that urls in its settings names it"
        why = f"; {str(errors[0]).replace('the model server', 'it')}" if errors else ""
        where = "; ".join([f"waited for {self._outage_s:g} s", *(error.where for error in errors if error.where)])
        return ModelError("engine_unreachable", message + why, f"({where})")

    def _elsewhere(self, episode: str, away: _TrackedReplica) -> _TrackedReplica | None:
        """Another replica than `away` for the episode; None without one."""
        others = [replica for replica in self._replicas if replica.up and replica is not away]
        return self._assign(episode, others) if others else None

    def _assign(self, episode: str, replicas: Sequence[_TrackedReplica]) -> _TrackedReplica:
        replica = min(replicas, key=lambda replica: (replica.work, replica.episodes, replica.number))
        replica.episodes += 1
        if episode:
            self._replica_of[episode] = replica
            self._replica_of.move_to_end(episode)
            if len(self._replica_of) > MAX_REMEMBERED:
                self._replica_of.popitem(last=False)
        return replica

    def _leave_alone(self, replica: _TrackedReplica, error: ModelError) -> None:
        if replica.up:
            replica.up = False
            replica.error = ModelError(
                error.error_class, str(error), error.where
            )  # without traceback: its frames hold requests
            replica.watch = asyncio.create_task(self._watch(replica))
            if not any(other.up for other in self._replicas):
                self._some_up.clear()

    async def _watch(self, replica: _TrackedReplica) -> None:
        """Wait until a replica is reachable again."""
        back = False
        while not back:
            await self._sleep(replica.rest_s)
            replica.rest_s = min(LONGEST_REST_S, replica.rest_s * 2)
            back = await replica.model.reachable()
        replica.up, replica.failures, replica.fresh = True, 0, True
        self._some_up.set()
