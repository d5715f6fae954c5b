"""Servers asked before any work: which models they serve, with what context, and one small call as the job's will be.

Of several servers those that are out of reach are told, and one that answers is enough. Where none does, all are asked
again until there is no time left. A server that refuses ends it at once: it would refuse every call of the job.
"""

import asyncio
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from lensmill.models.body import PictureParts
from lensmill.models.chat import ChatRequest, ModelError
from lensmill.models.client import EngineUnreachable, OpenAIChatModel
from lensmill.models.meter import Meter
from lensmill.models.settings import ModelSettings
from lensmill.redaction import redact

LIST_S = 10.0
"""For the list of models, which costs a server nothing."""

OTHERS_S = 10.0
"""For further servers of a model, once one has answered."""

PAUSES_S = (0.5, 1.0, 2.0, 5.0, 10.0)
"""Between two attempts; the last one again and again."""

TELL_S = (0.0, 10.0, 20.0, 30.0, 45.0, 60.0, 120.0)
"""When a line says what is waited for, after a failure (the first one at once); then every `TELL_S[-1]`."""

SILENT_S = 5.0
"""When that line comes of a server that has not even refused yet."""

SHOWN = 12
"""Names of models that an error lists."""


@dataclass(frozen=True, slots=True)
class Question:
    """One model to be asked.

    Attributes:
        place: how settings are called in messages: "model", "judge_model", "roles.verifier".
        call: a small one with the fields of the job's.
    """

    place: str
    settings: ModelSettings
    call: ChatRequest


class _Silence(Exception):
    """A server does not answer yet: why."""


async def ask_servers(
    question: Question, meter: Meter, say: Callable[[str], None], stopping: Callable[[], bool]
) -> None:
    """Ask all servers of a model at once; return when those that are there have answered.

    Args:
        meter: counts the calls.
        say: told who does not answer, what was tried and for how long; the first time within five seconds.
        stopping: asked four times a second; once true, this returns without an answer.

    Raises:
        ModelError: "engine_unreachable" if none answers within `outage_s`; or what a server refuses.
    """
    settings = question.settings
    parts = PictureParts(settings.picture_cache_mb * 1_000_000, settings.image_uuid)
    clients = {
        url: OpenAIChatModel(replace(settings, retries=0), url, parts, 0, meter=meter)
        for url in dict.fromkeys(settings.urls)
    }
    states = dict.fromkeys(clients, "it has not answered yet")
    tasks = {asyncio.create_task(_until_answered(question, clients[url], url, states)): url for url in clients}
    try:
        await _watch(question, tasks, states, say, stopping)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for client in clients.values():
            await client.close()


async def _watch(
    question: Question,
    tasks: dict[asyncio.Task[None], str],
    states: dict[str, str],
    say: Callable[[str], None],
    stopping: Callable[[], bool],
) -> None:
    loop = asyncio.get_running_loop()
    place, limit = question.place, question.settings.outage_s
    start = loop.time()
    told, answered = 0, None
    open_tasks = set(tasks)
    while open_tasks and not stopping():
        done, open_tasks = await asyncio.wait(open_tasks, timeout=0.25, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()  # raises what a server refuses
            answered = answered or loop.time()
        waited = loop.time() - start
        missing = [f"{url}: {states[url]}" for url in (tasks[task] for task in open_tasks)]
        if answered is not None:
            if missing and loop.time() - answered >= min(OTHERS_S, limit):
                say(f"{place}.urls: {_count(missing)} of {len(tasks)} does not answer, the job goes on without: "
                    f"{'; '.join(missing)}")  # fmt: skip
                return
            continue
        if not missing:
            return
        if waited >= limit:
            raise ModelError(
                "engine_unreachable",
                f"no server of {question.settings.name} answers after {waited:.0f} s ({place}.outage_s): see that it "
                f"runs, and that {place}.urls names it; {'; '.join(missing)}",
            )
        failed = any(state != "it has not answered yet" for state in states.values())
        due = TELL_S[told] if told < len(TELL_S) else TELL_S[-1] * (told - len(TELL_S) + 2)
        if waited >= max(due, 0.0 if failed else SILENT_S):
            told += 1
            so_far = f"asked for {waited:.0f} s so far" if waited >= 1 else "asked again"
            say(
                f"waiting for {question.settings.name}: {'; '.join(missing)}; {so_far}, for up to {limit:g} s in all "
                f"({place}.outage_s)"
            )


def _count(missing: Sequence[str]) -> str:
    return str(len(missing))


async def _until_answered(question: Question, client: OpenAIChatModel, url: str, states: dict[str, str]) -> None:
    """Until the server answers; `states` gets why it does not.

    Raises:
        ModelError: the server refuses.
    """
    attempt = 0
    while True:
        try:
            await _ask(question, client, url)
            return
        except _Silence as error:
            states[url] = str(error)
        await asyncio.sleep(PAUSES_S[min(attempt, len(PAUSES_S) - 1)])
        attempt += 1


async def _ask(question: Question, client: OpenAIChatModel, url: str) -> None:
    place, settings = question.place, question.settings
    try:
        status, raw = await client.listed(min(LIST_S, settings.connect_timeout_s))
    except OSError as error:
        raise _Silence(redact(str(error))) from None
    served = _served(raw) if status == 200 else {}
    name = settings.name or ""
    length = served.get(name)
    if length is not None and length < settings.context_length:
        raise ModelError(
            "server_refusal",
            f"{url} serves {name} with a context of {length} tokens, and {place}.context_length is "
            f"{settings.context_length}: set {place}.context_length={length}, or have it serve more (vLLM: "
            "--max-model-len)",
        )
    try:
        await client.chat(question.call)
    except EngineUnreachable as error:
        raise _Silence(_brief(error)) from None
    except ModelError as error:
        if error.error_class == "empty_reply":
            return  # cut off while it reasoned, which is an answer
        if error.error_class == "engine_error":
            raise _Silence(_brief(error)) from None
        ending = "server_refusal" if error.error_class in ("request_error", "context_length") else error.error_class
        if served and name not in served and ending == "server_refusal":
            raise ModelError(ending, f"{url} serves no {name}, but {_names(served)}: set {place}.name") from None
        told = str(error).replace("the model server", f"{url} (asked a small call)").replace("model.", f"{place}.")
        raise ModelError(ending, told) from None


def _brief(error: ModelError) -> str:
    return str(error).replace("the model server", "it")


def _served(raw: bytes) -> dict[str, int | None]:
    """The models of a server's list, with the context of those of which it says so (vLLM: max_model_len)."""
    try:
        body: Any = json.loads(raw)
    except (ValueError, RecursionError):
        return {}
    listed = body.get("data") if isinstance(body, dict) else None
    found: dict[str, int | None] = {}
    for entry in listed[:10_000] if isinstance(listed, list) else ():
        if isinstance(entry, dict) and isinstance(entry.get("id"), str):
            length = entry.get("max_model_len")
            found[entry["id"].removeprefix("models/")] = length if type(length) is int and length > 0 else None
    return found


def _names(served: dict[str, int | None]) -> str:
    shown = ", ".join(redact("".join(c if c.isprintable() else "?" for c in name[:100])) for name in [*served][:SHOWN])
    return f"{shown} and {len(served) - SHOWN} more" if len(served) > SHOWN else shown
