"""The reader: a visual agent without a language model, made of OCR, chart geometry and plain rules."""

from typing import Any

from lensmill.agents.reader.settings import EDITS, ReaderSettings
from lensmill.agents.spec import Agent, AgentSpec, Resources
from lensmill.agents.zoom.messages import PROMPTS
from lensmill.tools import ZOOM


def _build(settings: Any, _resources: Resources) -> Agent:
    from lensmill.agents.reader.agent import ReaderAgent  # its OCR takes a while to import

    return ReaderAgent(settings)


SPEC = AgentSpec(
    settings=ReaderSettings,
    build=_build,
    version=8,
    prompts=PROMPTS.named(),
    tools=(ZOOM, *EDITS),
    needs=frozenset({"ocr"}),
)
