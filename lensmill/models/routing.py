"""Several replicas of a model as one: episodes stay where their prefixes are cached, and dead replicas cost little."""

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
"""Episodes whose replica is remembered. One that is forgotten is given a replica anew, and loses a cached prefix."""

FIRST_REST_S = 1.0
LONGEST_REST_S = 30.0

CONTROL_S = 60.0
"""For the small call that tells whether a server fails at one call or at every one."""

DOUBTFUL = frozenset({"engine_error", "request_error", "server_refusal"})
"""What may be wrong with a call, or with a server."""

FAILURES_TO_REST = 3
"""Calls in a row that a replica which still answers may fail before it is left alone."""


class Replica(ChatModel, Protocol):
    """A chat model that can be asked whether its server is there."""

    @property
    def meter(self) -> Meter: ...

    async def chat(self, request: ChatRequest, until: float | None = None) -> ChatReply: ...

    async def reachable(self) -> bool: ...

    def moved(self, moves: Mapping[str, str]) -> bool: ...

    async def close(self) -> None: ...


@dataclass(eq=False, slots=True)
class _TrackedReplica:
    """A replica and what is known of it.

    Attributes:
        work: tokens of the calls that are with it.
        episodes: given to it so far.
        rest_s: how long it is left alone when it next fails.
        watch: the task that waits for it to come back.
        error: why it was last left alone.
        trial: held by a call that may have killed an engine, so that no two of them run beside each other.
        replies: that came from it so far.
        fresh: no reply has come since it was last found to be there.
        doubt: held while a small call shows whether it fails at every call.
        refusal: what came of that, until there is a reply.
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

    Every call of an episode goes to one replica, and a new episode to the one with the least work outstanding
    (tokens of the calls in flight; then the fewest episodes so far; then the first). A replica that cannot be
    reached, or has no time, is left alone for a growing while and then asked again; its calls go on elsewhere, or wait
    for a replica to come back where there is no other.

    A replica that refuses a call, or keeps failing at it, and has answered nothing meanwhile, is asked a small call
    with the same fields. If that one is answered, the first call is to blame. If it is refused too, the replica
    refuses every call (the key, the model's name, a setting): the call is tried on one other replica, and fails as
    "server_refusal". If it fails otherwise, the replica is left alone as if it were out of reach.

    A call during which an engine died may have killed it, as may every other that was in flight there. So each is
    tried again with no other such call beside it on the same replica: if that one dies too, the call is what killed
    both, and fails as "engine_killer". One that gets its reply is no longer suspected. A replica that has answered
    nothing since it came back is asked a small call before: one that breaks every connection is no call's fault.

    Args:
        replicas: at least one; they serve the same model.
        outage_s: seconds that a call waits, from its first failure on, for a replica that can be reached.
        sleep: how to wait before asking a replica again.
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
        return self._replicas[0].model.name

    @property
    def family(self) -> ModelFamily:
        return self._replicas[0].model.family

    @property
    def out_of_reach(self) -> bool:
        """Whether none of the replicas can be reached now."""
        return not self._some_up.is_set()

    async def chat(self, request: ChatRequest) -> ChatReply:
        """One reply, from the episode's replica if that can be reached.

        Raises:
            ModelError: see the protocol, and above for "engine_killer".
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
                other = None  # it went down while this call waited, so choose anew: the lock alone need not yield
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
        """Replicas were started anew elsewhere: base URL -> the new one. They are asked again once they answer."""
        for replica in self._replicas:
            if replica.model.moved(moves) and replica.watch is not None and not replica.up:
                replica.watch.cancel()  # it may rest for long
                replica.rest_s = FIRST_REST_S
                replica.watch = asyncio.create_task(self._watch(replica))

    async def close(self) -> None:
        """Stop asking for replicas and close them all."""
        watches = [replica.watch for replica in self._replicas if replica.watch is not None]
        for watch in watches:
            watch.cancel()
        await asyncio.gather(*watches, return_exceptions=True)
        for replica in self._replicas:
            await replica.model.close()

    def _work(self, request: ChatRequest) -> int:
        """About how many tokens a call makes the engine read and write."""
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
            if error.error_class == "server_refusal":  # of this call alone: others are answered
                raise ModelError("request_error", str(error), error.where) from None
            raise
        self._answered(replica)
        replica.failures, replica.rest_s = 0, FIRST_REST_S
        return reply

    def _answered(self, replica: _TrackedReplica) -> None:
        replica.replies += 1
        replica.fresh, replica.refusal = False, None

    async def _doubt(self, replica: _TrackedReplica, request: ChatRequest, error: ModelError, before: int) -> None:
        """Return where the error is the call's own.

        Raises:
            ModelError: the server refuses, or fails at, every call.
        """
        async with replica.doubt:
            if replica.replies != before:
                return
            if replica.refusal is None:
                replica.refusal = await self._control(replica, request, error)
            if (refusal := replica.refusal) is None:
                return
        if isinstance(refusal, EngineUnreachable):
            replica.refusal = None  # it may be there again
            raise refusal
        raise ModelError(refusal.error_class, str(refusal), refusal.where)

    async def _control(self, replica: _TrackedReplica, request: ChatRequest, error: ModelError) -> ModelError | None:
        loop = asyncio.get_running_loop()
        start = loop.time()
        try:
            async with asyncio.timeout(CONTROL_S):
                await replica.model.chat(control_of(request, self.family), start + CONTROL_S)
        except TimeoutError:
            return EngineUnreachable(f"{error}; no small call is answered either", False, error.where, start)
        except EngineUnreachable as worse:
            return EngineUnreachable(str(worse), False, worse.where, start)
        except ModelError as worse:
            if worse.error_class == "engine_error":
                return EngineUnreachable(f"{worse}; so it does to a small call", False, worse.where, start)
            if worse.error_class in ("request_error", "server_refusal"):
                return ModelError("server_refusal", f"{worse} (every call is refused, a small one too)", worse.where)
            if worse.error_class != "empty_reply":
                return worse
        self._answered(replica)
        return None

    async def _choose(self, episode: str, until: float) -> _TrackedReplica:
        """The replica for an episode's call; where none can be reached, waits for one until that time of the loop."""
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
        """That no replica can be reached, or has time."""
        errors = [replica.error for replica in self._replicas if replica.error is not None]
        message = (
            f"no server of {self.name} answers or has time: see that it runs, and that urls in its settings names it"
        )
        why = f"; {str(errors[0]).replace('the model server', 'it')}" if errors else ""
        where = "; ".join([f"waited for {self._outage_s:g} s", *(error.where for error in errors if error.where)])
        return ModelError("engine_unreachable", message + why, f"({where})")

    def _elsewhere(self, episode: str, away: _TrackedReplica) -> _TrackedReplica | None:
        """Another replica for the episode than this one, if there is one."""
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
            )  # without its frames: they hold requests
            replica.watch = asyncio.create_task(self._watch(replica))
            if not any(other.up for other in self._replicas):
                self._some_up.clear()

    async def _watch(self, replica: _TrackedReplica) -> None:
        """Wait until a replica can be reached again."""
        back = False
        while not back:
            await self._sleep(replica.rest_s)
            replica.rest_s = min(LONGEST_REST_S, replica.rest_s * 2)
            back = await replica.model.reachable()
        replica.up, replica.failures, replica.fresh = True, 0, True
        self._some_up.set()
