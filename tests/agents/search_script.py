"""Lines of a search over `a_picture` (view 504x392), for scripted models."""

from dataclasses import replace
from typing import Any

from lensmill.agents.environment import Environment
from lensmill.agents.protocol import Rollout
from lensmill.agents.search.agent import SearchAgent
from lensmill.agents.search.settings import SearchSettings
from lensmill.models.chat import ChatModel
from tests.agents.scripted import ScriptedModel, an_environment


def tool(name: str, arguments: str, thought: str = "I go on.") -> str:
    return f'<think>{thought}</think>\n<tool_call>\n{{"name": "{name}", "arguments": {arguments}}}\n</tool_call>'


LOCATE = tool("locate", '{"object": "the sign"}', "I look for the sign.")
ASK = tool("vlm", '{"bbox_2d": [100, 100, 200, 200], "question": "Which colour?"}', "What colour is it?")
ADJUST = tool("adjust_box", '{"bbox_2d": [100, 100, 200, 200], "instruction": "further right"}')
ANSWER = "<think>So it is.</think>\n<answer>red</answer>"
WRONG = "<think>I guess.</think>\n<answer>blue</answer>"

FOUND = '[{"bbox_2d": [100, 100, 200, 200], "label": "sign"}]'
SAID = "The sign is red."
MOVED = '{"bbox_2d": [150, 100, 250, 200]}'


def zoom(box: str) -> str:
    arguments = f'{{"bbox_2d": {box}, "label": "sign", "image": 0}}'
    return tool("image_zoom_in_tool", arguments, "The sign should be here.") + "\n"


SUMMARY = zoom("[100, 100, 200, 200]") + "<think>The crop shows a red sign.</think>\n<answer>red</answer>"


def models(**lines: tuple[str, ...]) -> dict[str, ScriptedModel]:
    """A scripted model for each role; `lines` replaces those of a role."""
    script = {"locate": (FOUND,), "vlm": (SAID,), "adjust_box": (MOVED,), "summariser": (SUMMARY,)}
    return {role: ScriptedModel(*given) for role, given in {**script, **lines}.items()}


async def search(
    agent: ScriptedModel,
    roles: dict[str, ScriptedModel] | None = None,
    environment: Environment | None = None,
    **more: Any,
) -> Rollout:
    by_role: dict[str, ChatModel] = {**(roles or models())}
    return await SearchAgent(agent, by_role, replace(SearchSettings(), **more)).run(environment or an_environment())
