"""lensmill's tools as a tool class of verl (checked against verl 0.9.1). This module needs verl; no other one does.

`python -m lensmill.training.verl_config` prints the configuration that names this class. A row's `extra_info` has
`tools_kwargs`, with `create_kwargs` for each tool:

    image   the original: {"bytes": ..., "path": ...} or a path; without it the first picture of the prompt is used
    rung    of the row's view; without it the `rung` of the configuration
    regions named parts, for the edits

verl makes a tool anew for every call. The pictures of a rollout are therefore kept by verl's `agent_data`, so that a
call can name the picture of an earlier call, and all tools of a rollout share them. A tool without `create_kwargs` of
its own takes those of another tool of the row.
"""

import asyncio
from typing import Any
from uuid import uuid4
from weakref import WeakKeyDictionary

from verl.tools.base_tool import BaseTool
from verl.tools.schemas import OpenAIFunctionToolSchema, ToolResponse

from lensmill.geometry import Convention
from lensmill.tools import ToolSettings
from lensmill.training.episode import Episode, open_episode


class _Rollout:
    """The episode of one rollout, opened by its first call; the lock keeps parallel calls in their order."""

    def __init__(self) -> None:
        self.lock = asyncio.Lock()
        self.episode: Episode | None = None


_ROLLOUTS: WeakKeyDictionary[Any, _Rollout] = WeakKeyDictionary()


class LensmillTool(BaseTool):  # type: ignore[misc]  # verl has no types
    """Any tool of lensmill; the schema of the configuration says which.

    Args:
        config: `rung`, and `settings`: fields of `lensmill.tools.ToolSettings`.
        tool_schema: of the tool.

    Raises:
        ValueError: a setting is wrong.
    """

    def __init__(self, config: dict[str, Any], tool_schema: OpenAIFunctionToolSchema) -> None:
        super().__init__(config, tool_schema)
        chosen = dict(config.get("settings") or {})
        if "convention" in chosen:
            chosen["convention"] = Convention(chosen["convention"])
        self._settings, self._rung = ToolSettings(**chosen), int(config.get("rung") or 0)
        self._openings: dict[str, dict[str, Any]] = {}
        self._alone: dict[str, _Rollout] = {}

    async def create(
        self, instance_id: str | None = None, create_kwargs: dict[str, Any] | None = None, **_: Any
    ) -> tuple[str, ToolResponse]:
        """Begin a call, or several calls of a rollout that has no `agent_data`."""
        instance_id = instance_id or uuid4().hex
        self._openings[instance_id] = dict(create_kwargs or {})
        return instance_id, ToolResponse()

    async def execute(
        self, instance_id: str, parameters: dict[str, Any], agent_data: Any = None, **_: Any
    ) -> tuple[ToolResponse, float, dict[str, Any]]:
        """Run one call: the picture and a text, or a text that says why there is none. The reward of a step is 0."""
        if agent_data is None:
            rollout = self._alone.setdefault(instance_id, _Rollout())
        else:
            rollout = _ROLLOUTS.setdefault(agent_data, _Rollout())
        async with rollout.lock:
            if rollout.episode is None:
                opening = self._openings[instance_id] or _another_opening(agent_data)
                rollout.episode = await asyncio.to_thread(self._open, opening, agent_data)
            shown = await asyncio.to_thread(rollout.episode.call, self.name, parameters)
        if shown.picture is None:
            return ToolResponse(text=shown.text), 0.0, {"worked": False}
        return ToolResponse(text=shown.text, image=[shown.picture]), 0.0, {"worked": True}

    async def release(self, instance_id: str, **_: Any) -> None:
        """End what `create` began."""
        self._openings.pop(instance_id, None)
        self._alone.pop(instance_id, None)

    def _open(self, opening: dict[str, Any], agent_data: Any) -> Episode:
        pictures = getattr(agent_data, "image_data", None) or [None]
        original = opening.get("image")
        if original is None and pictures[0] is None:
            raise ValueError(f"{self.name}: tools_kwargs.{self.name}.create_kwargs needs `image`, the original picture")
        rung = int(opening.get("rung") or self._rung) if original is not None else 0
        regions = opening.get("regions")
        known = [] if regions is None else list(regions)
        return open_episode(pictures[0] if original is None else original, rung, pictures[0], known, self._settings)


def _another_opening(agent_data: Any) -> dict[str, Any]:
    """The `create_kwargs` of the first tool of a row that has some."""
    of_tools = (getattr(agent_data, "tools_kwargs", None) or {}).values()
    return next((dict(kwargs["create_kwargs"]) for kwargs in of_tools if (kwargs or {}).get("create_kwargs")), {})
