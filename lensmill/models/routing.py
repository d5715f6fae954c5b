"""Several replicas of a model as one: episodes stay where their prefixes are cached, and dead replicas cost little."""

import asyncio
import contextlib
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from lensmill.models.chat import ChatModel, ChatReply, ChatRequest, ModelError
from lensmill.models.client import EngineUnreachable, Sleep
from lensmill.models.families import ModelFamily

MAX_SEATS = 50_000
"""Episodes whose replica is remembered. One that is forgotten is given a replica anew, and loses a cached prefix."""

FIRST_REST_S = 1.0
LONGEST_REST_S = 30.0

FAILURES_TO_REST = 3
"""Calls in a row that a replica which still answers may fail before it is left alone."""


class Replica(ChatModel, Protocol):
    """A chat model that can be asked whether its server is there."""

    async def reachable(self) -> bool: ...

    def moved(self, moves: Mapping[str, str]) -> bool: ...

    async def close(self) -> None: ...


@dataclass(eq=False, slots=True)
class _Post:
    """A replica and what is known of it.

    Attributes:
        work: tokens of the calls that are with it.
        episodes: given to it so far.
        rest_s: how long it is left alone when it next fails.
        watch: the task that waits for it to come back.
        error: why it was last left alone.
        trial: held by a call that may have killed an engine, so that no two of them run beside each other.
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


class RoutedModel:
    """Equal replicas behind one chat model, for one event loop.

    Every call of an episode goes to one replica, and a new episode to the one with the least work outstanding
    (tokens of the calls in flight; then the fewest episodes so far; then the first). A replica that cannot be
    reached, or has no time, is left alone for a growing while and then asked again; its calls go on elsewhere, or wait
    for a replica to come back where there is no other. One that refuses the key or knows no such model will do so
    again: its calls are tried on one other replica, and fail at once.

    A call during which an engine died may have killed it, as may every other that was in flight there. So each is
    tried again with no other such call beside it on the same replica: if that one dies too, the call is what killed
    both, and fails as "engine_killer". One that gets its reply is no longer suspected.

    Args:
        replicas: at least one; they serve the same model.
        outage_s: seconds that a call waits, from its first failure on, for a replica that can be reached.
        sleep: how to wait before asking a replica again.
    """

    def __init__(self, replicas: Sequence[Replica], outage_s: float = 300.0, sleep: Sleep = asyncio.sleep) -> None:
        if not replicas:
            raise ValueError("a routed model needs at least one replica")
        self._posts = [_Post(number, model) for number, model in enumerate(replicas)]
        self._seats: OrderedDict[str, _Post] = OrderedDict()
        self._outage_s = outage_s
        self._sleep = sleep
        self._some_up = asyncio.Event()
        self._some_up.set()

    @property
    def name(self) -> str:
        return self._posts[0].model.name

    @property
    def family(self) -> ModelFamily:
        return self._posts[0].model.family

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
        other: _Post | None = None
        while True:
            post = other or await self._choose(request.episode, until or loop.time() + self._outage_s)
            post.work += work
            try:
                if not suspect:
                    return await self._ask(post, request)
                async with post.trial:
                    if post.up:
                        return await self._ask(post, request)
                other = None  # it went down while this call waited, so choose anew: the lock alone need not yield
            except EngineUnreachable as error:
                self._leave_alone(post, error)
                if error.died and suspect:
                    raise ModelError("engine_killer", "two engines died of this call", error.where) from error
                suspect = suspect or error.died
                until = until or loop.time() + self._outage_s
                if loop.time() > until:
                    raise
                other = None
            except ModelError as error:
                if error.error_class not in ("engine_error", "engine_unreachable") or other is not None:
                    raise
                other = self._elsewhere(request.episode, post)
                if other is None:
                    raise
            finally:
                post.work -= work

    def moved(self, moves: Mapping[str, str]) -> None:
        """Replicas were started anew elsewhere: base URL -> the new one. They are asked again once they answer."""
        for post in self._posts:
            if post.model.moved(moves) and post.watch is not None and not post.up:
                post.watch.cancel()  # it may rest for long
                post.rest_s = FIRST_REST_S
                post.watch = asyncio.create_task(self._watch(post))

    async def close(self) -> None:
        """Stop asking for replicas and close them all."""
        watches = [post.watch for post in self._posts if post.watch is not None]
        for watch in watches:
            watch.cancel()
        await asyncio.gather(*watches, return_exceptions=True)
        for post in self._posts:
            await post.model.close()

    def _work(self, request: ChatRequest) -> int:
        """About how many tokens a call makes the engine read and write."""
        frames = [image.ref.frame for image in request.images]
        pictures = sum(self.family.image_tokens(frame.width, frame.height) for frame in frames)
        letters = sum(len(part.text) for message in request.messages for part in message.parts)
        return pictures + letters // 4 + request.sampling.max_tokens

    async def _ask(self, post: _Post, request: ChatRequest) -> ChatReply:
        try:
            reply = await post.model.chat(request)
        except EngineUnreachable:
            raise
        except ModelError as error:
            if error.error_class == "engine_error":
                post.failures += 1
                if post.failures >= FAILURES_TO_REST:
                    self._leave_alone(post, error)
            else:
                post.failures = 0
            raise
        post.failures, post.rest_s = 0, FIRST_REST_S
        return reply

    async def _choose(self, episode: str, until: float) -> _Post:
        """The replica for an episode's call; where none can be reached, waits for one until that time of the loop."""
        if not self._some_up.is_set():
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout_at(until):
                    await self._some_up.wait()
        seat = self._seats.get(episode)
        if seat is not None and seat.up:
            self._seats.move_to_end(episode)
            return seat
        up = [post for post in self._posts if post.up]
        if not up:
            errors = [post.error for post in self._posts if post.error is not None]
            message = (
                f"no server of model {self.name} could be reached: see that they run, and that urls in its settings"
            )
            why = f" names them; {errors[0]}" if errors else " names them"
            where = "; ".join([f"waited {self._outage_s:g} s", *(error.where for error in errors if error.where)])
            raise ModelError("engine_unreachable", message + why, where)
        return self._take_seat(episode, up)

    def _elsewhere(self, episode: str, away: _Post) -> _Post | None:
        """Another replica for the episode than this one, if there is one."""
        others = [post for post in self._posts if post.up and post is not away]
        return self._take_seat(episode, others) if others else None

    def _take_seat(self, episode: str, posts: Sequence[_Post]) -> _Post:
        post = min(posts, key=lambda post: (post.work, post.episodes, post.number))
        post.episodes += 1
        if episode:
            self._seats[episode] = post
            self._seats.move_to_end(episode)
            if len(self._seats) > MAX_SEATS:
                self._seats.popitem(last=False)
        return post

    def _leave_alone(self, post: _Post, error: ModelError) -> None:
        if post.up:
            post.up = False
            post.error = ModelError(
                error.error_class, str(error), error.where
            )  # without its frames: they hold requests
            post.watch = asyncio.create_task(self._watch(post))
            if not any(other.up for other in self._posts):
                self._some_up.clear()

    async def _watch(self, post: _Post) -> None:
        """Wait until a replica can be reached again."""
        back = False
        while not back:
            await self._sleep(post.rest_s)
            post.rest_s = min(LONGEST_REST_S, post.rest_s * 2)
            back = await post.model.reachable()
        post.up, post.failures = True, 0
        self._some_up.set()
