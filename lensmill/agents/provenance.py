"""Which texts an agent's requests are made of, by hash: what a recipe and a dataset record of its prompts."""

import json
from collections.abc import Mapping

from lensmill.agents.search.instruments import INSTRUMENT_SCHEMAS
from lensmill.prompts import sha256_of, template
from lensmill.tools import EDIT_TOOLS, ZOOM, tool_schema

_ZOOM = ("zoom_system", "zoom_turn", "zoom_last")

PROMPTS: Mapping[str, tuple[str, ...]] = {
    "reader": (),
    "direct": ("direct_think", "direct_plain"),
    "zoom": _ZOOM,
    "refocus": ("refocus_system", "refocus_question", "refocus_last"),
    "search": (
        "search_system",
        "search_turn",
        "search_sent_back",
        "search_locate",
        "search_vlm",
        "search_adjust_box",
        "search_verifier",
        "search_summary",
        "search_summary_again",
        *_ZOOM,
    ),
}
"""The files of prompts/ by the agents that use them."""


def prompt_hashes(agent: str) -> Mapping[str, str]:
    """sha256 of every text that decides an agent's requests: its prompts, and its tools' schemas ("tool:<name>").

    Raises:
        KeyError: there is no such agent.
    """
    texts = {name: template(name) for name in PROMPTS[agent]}
    if agent in ("zoom", "search"):
        texts[f"tool:{ZOOM}"] = _text(tool_schema(ZOOM))
    if agent == "refocus":
        texts |= {f"tool:{name}": _text(tool_schema(name)) for name in EDIT_TOOLS}
    if agent == "search":
        texts |= {f"tool:{name}": _text(schema) for name, schema in INSTRUMENT_SCHEMAS.items()}
    return {name: sha256_of(text) for name, text in sorted(texts.items())}


def _text(schema: Mapping[str, object]) -> str:
    return json.dumps(schema, sort_keys=True, ensure_ascii=False)
