"""Rows of every kind of episode, rendered by the chat templates of the models that people train on them.

The templates are files of TRL's wheel, byte for byte those of the models (`lensmill.validation.templates`).
"""

import re
from collections.abc import Mapping
from functools import cache
from typing import Any

import pytest

from lensmill.agents.direct.agent import DirectAgent
from lensmill.agents.protocol import Rollout
from lensmill.agents.refocus.agent import RefocusAgent
from lensmill.agents.zoom.agent import ZoomAgent
from lensmill.agents.zoom.messages import conversation_of
from lensmill.geometry import Box, Convention
from lensmill.sandbox.protocol import Execution
from lensmill.tools import ZOOM
from lensmill.validation.templates import ChatTemplate, load_template
from storage.builds.images import ImageStore
from storage.files.store import Files
from tests.agents.scripted import ScriptedModel, ScriptedSandbox, an_environment, smaller, two_columns
from tests.agents.search_script import ANSWER as SEARCH_ANSWER
from tests.agents.search_script import ASK, LOCATE, search
from tests.storage.published_rows import INPUTS, accepted, planned, publish, seen

TEMPLATES = ("qwen2_5_vl", "qwen3_vl", "gemma3", "idefics3")


@cache
def template(name: str) -> ChatTemplate:
    """A template of TRL's wheel, compiled once."""
    return load_template(name)


ZOOM_REPLY = (
    "<think>I look closer.</think>\n<tool_call>\n"
    '{"name": "image_zoom_in_tool", "arguments": {"bbox_2d": [100, 100, 200, 200], "label": "it", "image": 0}}'
    "\n</tool_call>"
)
ANSWER = "<think>It is red.</think>\n<answer>red</answer>"
FOCUS = (
    "THOUGHT 0: I look at 2019.\nACTION 0:\n```python\n"
    'display(focus_on_x_values_with_draw(image_1, ["2019"], x_values_bbox))\n```'
)
FINAL = "THOUGHT 1: I see.\nANSWER: It is 4. FINAL ANSWER: 4. TERMINATE"


async def direct() -> Rollout:
    return await DirectAgent(ScriptedModel(ANSWER)).run(an_environment(choices=("red", "{blue} <b> & 5 < 6")))


async def zoom() -> Rollout:
    model = ScriptedModel(ZOOM_REPLY, ZOOM_REPLY.replace("100, 100", "120, 90"), ANSWER)
    return await ZoomAgent(model).run(an_environment())


async def zoom_with_an_error() -> Rollout:
    wrong = ZOOM_REPLY.replace('"image": 0', '"image": 9')
    return await ZoomAgent(ScriptedModel(wrong, ZOOM_REPLY, ANSWER)).run(an_environment())


async def refocus(pictures: int = 1) -> Rollout:
    sandbox = ScriptedSandbox(
        lambda _, view: Execution(
            tuple(smaller(view, (84 + 28 * number, 56)) for number in range(pictures)),
            (("2019", Box(0, 0, 400, 600)),),
        )
    )
    agent = RefocusAgent(ScriptedModel(FOCUS, FINAL), sandbox)
    return await agent.run(an_environment(regions=two_columns()))


async def refocus_with_two_pictures() -> Rollout:
    return await refocus(2)


async def searching() -> Rollout:
    return await search(ScriptedModel(LOCATE, ASK, SEARCH_ANSWER))


async def reader() -> Rollout:
    """What the reader would hand in: its record is written by `conversation_of`, not by a model."""
    environment = an_environment()
    environment.act("I look closer.", ZOOM, {"bbox_2d": [100, 100, 200, 200], "label": "it", "image": 0})
    environment.act("I look at 2019.", "nothing", {})
    messages = conversation_of(environment.task, Convention.PIXELS, environment.steps, "It is red.", "red")
    return environment.hand_in("It is red.", "red", messages)


KINDS = (reader, direct, zoom, zoom_with_an_error, refocus, refocus_with_two_pictures, searching)


def published(files: Files, rollout: Rollout, load: Any) -> Mapping[str, Any]:
    """An episode as people load it: written as Parquet, read by `datasets`."""
    sample, _ = seen(ImageStore(files), 1)
    for image in rollout.images:
        ImageStore(files).put(image.ref.image_id, image.data)
    row = accepted(planned(sample), sample, rollout.trajectory)
    (loaded,) = load(publish(files, "v1", [row], INPUTS).path)
    return dict(loaded)


def plain(text: str) -> str:
    """Without white space, which some templates trim."""
    return re.sub(r"\s+", "", text)


@pytest.mark.parametrize("name", TEMPLATES)
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
async def test_a_template_keeps_every_text_and_picture_in_order(name: str, kind: Any, files: Files, load: Any) -> None:
    row = published(files, await kind(), load)
    rendered, placeholder = template(name).render(row["messages"]), template(name).placeholder
    assert rendered.count(placeholder) == len(row["images"])
    position = 0
    for message in row["messages"]:
        for part in message["content"]:
            wanted = plain(placeholder if part["type"] == "image" else part["text"])
            found = plain(rendered).find(wanted, position)
            assert found >= 0, f"{wanted!r} is not in the text after {position}"
            position = found + len(wanted)


@pytest.mark.parametrize("name", TEMPLATES)
async def test_a_template_writes_no_null(name: str, files: Files, load: Any) -> None:
    row = published(files, await zoom(), load)
    assert "None" not in template(name).render(row["messages"])


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
async def test_system_and_assistant_turns_are_one_text(kind: Any, files: Files, load: Any) -> None:
    """Some templates read the first part of these turns only."""
    row = published(files, await kind(), load)
    parts = [message["content"] for message in row["messages"] if message["role"] != "user"]
    assert all(len(content) == 1 and content[0]["type"] == "text" for content in parts)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
async def test_users_and_assistants_take_turns(kind: Any, files: Files, load: Any) -> None:
    """Gemma's template refuses any other order."""
    row = published(files, await kind(), load)
    roles = [message["role"] for message in row["messages"] if message["role"] != "system"]
    assert roles == ["user", "assistant"] * (len(roles) // 2)
