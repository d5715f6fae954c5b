"""Settings of the agents, and the agents they build."""

import re
from typing import Any

import pytest

from lensmill.agents.direct.agent import direct_structure
from lensmill.agents.direct.settings import DirectSettings
from lensmill.agents.reader.settings import ReaderSettings
from lensmill.agents.refocus.settings import RefocusSettings
from lensmill.agents.refocus.structure import refocus_structure
from lensmill.agents.search.settings import SearchSettings
from lensmill.agents.search.structure import boxes_structure, search_structure, summary_structure, verdict_structure
from lensmill.agents.settings import AgentSettings, tool_settings
from lensmill.agents.spec import build_agent
from lensmill.agents.zoom.settings import ZoomSettings
from lensmill.agents.zoom.structure import zoom_structure
from lensmill.geometry import Convention, Frame
from lensmill.models.families import ModelFamily, within
from lensmill.resolution import Ladder
from lensmill.sandbox.protocol import Execution
from pipelines.config import SettingsError, load_build
from tests.agents.scripted import ScriptedModel, ScriptedSandbox
from tests.agents.structured_replies import REPLIES, VIEW

SANDBOX = ScriptedSandbox(lambda *_: Execution())


@pytest.mark.parametrize(
    "settings", [DirectSettings(), ZoomSettings(), RefocusSettings(), SearchSettings()], ids=lambda s: s.name
)
def test_the_file_of_an_agent_has_its_defaults(settings: AgentSettings) -> None:
    assert load_build([f"agent={settings.name}"]).agent == settings


def test_the_reader_stays_the_default() -> None:
    assert load_build([]).agent == ReaderSettings()


@pytest.mark.parametrize(
    ("override", "told"),
    [
        ("agent.max_turns=0", "max_turns must be at least 1"),
        ("agent.samples=4", "temperature"),
        ("agent.temperature=3", "from 0 to 2"),
        ("agent.zoom_source=crop", "agent.zoom_source"),
        ("agent.max_pictures=1", "max_pictures must be at least 2"),
    ],
)
def test_a_wrong_value_says_what_to_do(override: str, told: str) -> None:
    with pytest.raises(SettingsError, match=re.escape(told)):
        load_build(["agent=zoom", override])


@pytest.mark.parametrize("name", ["direct", "zoom", "refocus", "search"])
def test_each_agent_is_built_by_its_name(name: str) -> None:
    settings = load_build([f"agent={name}"]).agent
    assert build_agent(settings, {"agent": ScriptedModel("")}, SANDBOX).name == name


def test_an_agent_without_a_model_or_a_sandbox_is_refused() -> None:
    with pytest.raises(ValueError, match="needs a model"):
        build_agent(ZoomSettings())
    with pytest.raises(ValueError, match="needs a sandbox"):
        build_agent(RefocusSettings(), {"agent": ScriptedModel("")})


def test_samples_are_seeds() -> None:
    assert ZoomSettings(samples=3, temperature=1.0).seeds == (0, 1, 2)
    assert ReaderSettings().seeds == (0,)
    assert DirectSettings(temperature=0.5, top_p=0.9, max_tokens=10).sampling.top_p == 0.9


def test_tools_follow_the_family_of_the_model() -> None:
    family = ModelFamily(convention=Convention.THOUSAND, min_pixels=65_536)
    ladder = within(Ladder(factor=32), [family])
    tools = tool_settings(ZoomSettings(zoom_source="view", zoom_floor=448), ladder, family.convention)
    assert (tools.convention, tools.zoom_source, tools.zoom_floor) == (Convention.THOUSAND, "view", 448)
    assert (tools.factor, tools.min_pixels) == (32, 65_536)
    assert tools.max_pixels == family.max_pixels


def test_pictures_of_several_models_are_such_as_each_of_them_takes() -> None:
    families = [
        ModelFamily(min_pixels=65_536, max_pixels=16_777_216),
        ModelFamily(min_pixels=784, max_pixels=2_408_448),
    ]
    tools = tool_settings(SearchSettings(), within(Ladder(), families))
    assert (tools.min_pixels, tools.max_pixels) == (65_536, 2_408_448)


def test_the_readers_pictures_are_such_as_can_be_trained_on() -> None:
    tools = tool_settings(ReaderSettings(), within(Ladder(), []))
    assert (tools.min_pixels, tools.max_pixels) == (3_136, 12_845_056)


@pytest.mark.parametrize(("structure", "reply"), REPLIES)
def test_a_pattern_allows_its_protocol(structure: dict[str, Any], reply: str) -> None:
    assert re.fullmatch(structure["regex"], reply)


@pytest.mark.parametrize("most", [7, 10, 56, 99, 100, 504, 1000, 1316])
def test_boxes_of_a_pattern_stay_in_the_picture(most: int) -> None:
    pattern = boxes_structure(Convention.PIXELS, Frame.whole((most, most)), False)["regex"]
    for number in range(2 * most):
        fits = re.fullmatch(pattern, f'{{"bbox_2d": [0, {number}, 1, {number}]}}') is not None
        assert fits == (number <= most)


def test_a_pattern_has_no_control_characters_but_line_ends() -> None:
    for answer in ("a\0b", "a\nb", "x" * 500):
        pattern = summary_structure([(1, 2, 3, 4)], answer, 5)["regex"]
        assert all(sign.isprintable() or sign == "\n" for sign in pattern)


def test_patterns_are_patterns() -> None:
    for convention in Convention:
        for structure in (
            zoom_structure(convention, [VIEW], False),
            search_structure(convention, VIEW, False),
            boxes_structure(convention, VIEW, True),
            direct_structure(True),
            verdict_structure(),
            refocus_structure({"rows": ["a (b) [c] 'd'"]}, False),
            summary_structure([(1, 2, 3, 4)], "a (b)?", 5),
        ):
            re.compile(structure["regex"])
