"""The prompts: files, fields, hashes."""

import re
import string
from importlib.resources import files
from typing import Any

import pytest

from lensmill.agents.reader.settings import EDITS
from lensmill.agents.refocus.opening import PROMPTS
from lensmill.agents.search.instruments import INSTRUMENT_SCHEMAS
from lensmill.agents.spec import AGENTS, prompt_hashes
from lensmill.agents.zoom.settings import ZoomSettings
from lensmill.tools import EDIT_TOOLS, ZOOM

TEXTS = {name: text for spec in AGENTS.own.values() for name, text in spec.prompts.items()}


def test_every_prompt_of_a_folder_is_used_and_hashed() -> None:
    for agent in AGENTS.own:
        folder = files(f"lensmill.agents.{agent}").joinpath("prompts")
        names = {path.name.removesuffix(".txt") for path in folder.iterdir()} if folder.is_dir() else set()
        assert {f"{agent}_{name}" for name in names} <= set(AGENTS.own[agent].prompts)


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS.keys())
def test_a_template_has_named_fields_only(text: str) -> None:
    fields = [field for _, field, _, _ in string.Formatter().parse(text) if field is not None]
    assert all(re.fullmatch("[a-z_]+", field) for field in fields)


def test_a_value_in_a_prompt_is_not_a_template() -> None:
    filled = PROMPTS.fill("question", question="What is {parts}?", parts="{question} {{}} {0}")
    assert filled == "What is {parts}?\n{question} {{}} {0}"


def test_a_field_that_is_not_given_is_an_error() -> None:
    with pytest.raises(KeyError, match="parts"):
        PROMPTS.fill("question", question="What?")


@pytest.mark.parametrize(
    ("agent", "texts"),
    [
        ("direct", {"direct_think", "direct_plain"}),
        ("zoom", {"zoom_system", "zoom_turn", f"tool:{ZOOM}"}),
        ("refocus", {"refocus_system", *(f"tool:{name}" for name in EDIT_TOOLS)}),
        ("search", {"search_verifier", "zoom_system", "tool:locate", "tool:vlm", "tool:adjust_box"}),
    ],
)
def test_the_texts_that_decide_an_agents_requests_are_hashed(agent: str, texts: set[str]) -> None:
    hashes = prompt_hashes(AGENTS.get(agent).settings())
    assert texts <= set(hashes)
    assert all(re.fullmatch("[0-9a-f]{64}", value) for value in hashes.values())


def test_the_readers_recipe_has_the_texts_of_the_protocol_that_its_record_speaks() -> None:
    assert prompt_hashes(AGENTS.get("reader").settings()) == prompt_hashes(ZoomSettings(tools=EDITS))


@pytest.mark.parametrize("name", ["locate", "vlm", "adjust_box"])
def test_the_schema_of_an_instrument_comes_from_its_docstring(name: str) -> None:
    function: dict[str, Any] = INSTRUMENT_SCHEMAS[name]["function"]
    assert function["name"] == name
    assert len(function["description"]) > 40
    assert all(argument["description"] for argument in function["parameters"]["properties"].values())
    assert function["parameters"]["required"] == list(function["parameters"]["properties"])
