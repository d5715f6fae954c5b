"""For tests' engines and trainers only: a torchvision built for CUDA, beside a torch built for the CPU.

The compiled half of such a torchvision does not load, and importing it fails where it describes two operators that
nobody has declared. Resizing and normalising need neither, so declaring them is enough. Python imports this module
when it starts, in every process, if its folder is on PYTHONPATH.
"""

import importlib.abc
import sys
from collections.abc import Sequence
from types import ModuleType
from typing import Any

BOXES = "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"

libraries: list[Any] = []
"""Kept, since a library's declarations go with it."""


class DeclareFirst(importlib.abc.MetaPathFinder):
    """Declares the operators when torchvision is about to be imported: other processes need no torch."""

    def find_spec(self, fullname: str, _path: Sequence[str] | None, _target: ModuleType | None = None) -> None:
        if fullname == "torchvision":
            sys.meta_path.remove(self)
            import torch

            if torch.version.cuda is not None:
                return  # they fit each other
            libraries.append(torch.library.Library("torchvision", "DEF"))
            for name in ("nms", "qnms"):
                libraries[0].define(f"{name}{BOXES}")


sys.meta_path.insert(0, DeclareFirst())
