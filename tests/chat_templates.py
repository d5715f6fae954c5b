"""The chat templates of models, byte for byte: files of TRL's wheel, which is installed and never imported."""

from importlib.metadata import distribution
from pathlib import Path


def template_file(model: str) -> Path:
    """The file of a model's template, e.g. "qwen2_5_vl"."""
    return Path(str(distribution("trl").locate_file(f"trl/chat_templates/{model}.jinja")))
