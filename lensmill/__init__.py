"""lensmill: makes visual chain-of-thought data from visual question answering. This package is the pure library: it
needs neither a cluster nor storage, and can be used at training time.

`lensmill.load` reads what was published; `lensmill.rewards`, `lensmill.tools` and `lensmill.training` are for training
loops. They are imported when first used.
"""

import importlib
from typing import Any

from lensmill.loading import load

__all__ = ["load"]

_ROOMS = ("rewards", "tools", "training")


def __getattr__(name: str) -> Any:
    if name in _ROOMS:
        return importlib.import_module(f"lensmill.{name}")
    raise AttributeError(f"module 'lensmill' has no attribute {name!r}")
