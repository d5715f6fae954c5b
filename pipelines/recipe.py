"""The recipe of a build and its fingerprint: what decides, together with a sample, what an episode is."""

import hashlib
import json
from dataclasses import asdict, dataclass
from importlib.metadata import version
from typing import Any

from lensmill.judging.rules import RULES_VERSION
from pipelines.settings import BuildSettings
from storage.files import Files
from storage.sources.settings import SyntheticSettings

READER_VERSION = 1
"""Raised when the reader answers differently, so that old and new episodes never mix."""

SYNTHETIC_VERSION = 1
"""Raised when the synthetic source draws or asks differently."""

_PIXELS = ("pillow", "numpy", "opencv-python-headless")
"""Packages whose versions decide pixels; with another one, a picture may have other bytes."""

_READING = ("rapidocr", "onnxruntime")
"""Packages whose versions decide what the reader reads."""

_WHERE = ("path", "charts", "posters", "questions_per_picture")
"""How much of a source there is, and where it lies, decides which samples are planned, not what an episode is."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """The whole semantic configuration; where and how fast it runs is no part of it."""

    content: dict[str, Any]

    @property
    def fingerprint(self) -> str:
        return _hash(self.content)


def recipe_of(settings: BuildSettings) -> Recipe:
    """What of a build's settings decides its episodes."""
    source = {key: value for key, value in asdict(settings.source).items() if key not in _WHERE}
    if isinstance(settings.source, SyntheticSettings):
        source["version"] = SYNTHETIC_VERSION
    agent = {**asdict(settings.agent), "version": READER_VERSION}
    packages = {name: version(name) for name in (*_PIXELS, *_READING)}
    return Recipe({"source": source, "agent": agent, "ladder": asdict(settings.ladder), "packages": packages})


def judge_fingerprint(settings: BuildSettings) -> str:
    """Of all that decides a verdict."""
    return _hash({**asdict(settings.judge), "version": RULES_VERSION})


def record(files: Files, recipe: Recipe, settings: BuildSettings) -> str | None:
    """Write the recipe beside its build, once; returns where the build's source lay first, if it was elsewhere."""
    path = f"builds/{recipe.fingerprint}/recipe.json"
    place = str(getattr(settings.source, "path", ""))
    content = {**recipe.content, "first_source_path": place}
    if files.create(path, json.dumps(content, indent=2, sort_keys=True).encode()):
        return None
    first = str(json.loads(files.read(path)).get("first_source_path", ""))
    return first if first != place else None


def _hash(content: Any) -> str:
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]
