"""Tools for training loops: plain functions, an episode of tool calls, and a tool class for verl.

Only `verl_tool` imports a trainer, so this package works beside any of them.
"""

from lensmill.training.episode import Episode, Shown, open_episode
from lensmill.training.pictures import edit, view, zoom

__all__ = ["Episode", "Shown", "edit", "open_episode", "view", "zoom"]
