"""Asks the model servers before any work: which models they serve, with which context, and one small call like the
job's.

Unreachable servers are reported; one server that answers is enough. If none answers, all are asked again until
`outage_s` is over. A server that refuses ends the job at once: it would refuse every call.
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
"""Seconds for the list of models, which costs a server nothing."""

OTHERS_S = 10.0
"""Seconds for the other servers of a model, once one has answered."""

PAUSES_S = (0.5, 1.0, 2.0, 5.0, 10.0)
"""Seconds between attempts; the last value repeats."""

TELL_S = (0.0, 10.0, 20.0, 30.0, 45.0, 60.0, 120.0)
"""Seconds after the first failure at which a line names the unreachable servers; then every `TELL_S[-1]`."""

SILENT_S = 5.0
"""Seconds after which that line names a server that has neither answered nor refused."""

SHOWN = 12
"""Maximum names of models that an error lists."""


@dataclass(frozen=True, slots=True)
class Question:
    """One model to be asked.

    Attributes:
        place: the settings' name in messages: "model", "judge_model", "roles.verifier".
        settings: the model and its servers.
        call: a small call with the fields of the job's calls.
    """

    place: str
    settings: ModelSettings
    call: ChatRequest


class _Silence(Exception):
    """A server that does not answer yet; the text says why."""


async def ask_servers(
    question: Question, meter: Meter, say: Callable[[str], None], stopping: Callable[[], bool]
) -> None:
    """Ask all servers of a model at once. Return when the reachable ones have answered.

    Args:
        question: the model and the call.
        meter: counts the calls.
        say: told which servers do not answer, the attempts and the time; first within five seconds.
        stopping: asked four times a second; once it is true, this returns without an answer.

    Raises:
        ModelError: "engine_unreachable" if no server answers within `outage_s`, or the refusal of a server.
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
            task.result()  # raises a server's refusal
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
                f"no server of {question.settings.name} answers after {waited:.0f} s ({place}.outage_s): check that it "
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
    """Ask one server until it answers. `states` receives the reason while it does not.

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
            return  # cut off while reasoning: that counts as an answer
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
    """The models in a server's list, with their context lengths if the server reports them (vLLM: max_model_len)."""
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
