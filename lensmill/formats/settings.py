"""Settings that all formats share. Each changes what is learnt, so each is recorded with an export."""

from dataclasses import dataclass
from typing import Literal

from lensmill.formats.target import TARGETS, Target, target_of
from lensmill.specs import PluginSettings

Chain = Literal["pictures", "thoughts", "answer"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FormatSettings(PluginSettings):
    """Base of the settings of all formats."""

    target: str = "qwen2_5_vl"
    """family of the model to be trained: qwen2_5_vl, qwen3_vl, internvl, gemma3 or llama3_2_vision. Boxes are written
    as the family writes boxes, after its resize of pictures"""
    convention: Literal["", "pixels", "thousand", "unit"] = ""
    """how boxes are written instead: pixels (after the resize), thousand (0-1000) or unit (0-1)"""
    max_pixels: int = 0
    """the trainer's limit of one picture in pixels; 0 takes the model's own. The trainer must be given the same"""
    max_tokens: int = 0
    """the trainer's limit of a row in tokens: longer rows are left out and listed; 0 for none"""
    chain: Chain = "pictures"
    """what the model learns: pictures (the whole trajectory), thoughts (one turn: thoughts and answer, without tools
    and further pictures) or answer (the answer alone)"""
    pictures: Literal["embedded", "files"] = "embedded"
    """pictures inside Parquet files, or JSON lines that name picture files"""

    def __post_init__(self) -> None:
        _ = self.trained  # the values are checked
        if self.max_tokens < 0:
            raise ValueError(f"max_tokens must be 0 or more, got {self.max_tokens}")

    @property
    def trained(self) -> Target:
        """The model to be trained, with these limits."""
        if self.target not in TARGETS:
            raise ValueError(f"there is no target {self.target[:60]!r}: choose one of {', '.join(TARGETS)}")
        if self.max_pixels < 0:
            raise ValueError(f"max_pixels must be 0 or more, got {self.max_pixels}")
        return target_of(self.target, self.max_pixels, self.convention)
