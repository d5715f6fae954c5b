"""Template tokens: which texts are tokens, and how they are neutralised."""

import re
import unicodedata
from importlib.metadata import distribution
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lensmill.agents.spec import AGENTS
from lensmill.template_tokens import bad_character, holds_template_token, neutral, neutralised, template_tokens

TOKENS = tuple(
    """<|im_start|> <|im_end|> <|image_pad|> <|vision_start|> <|endoftext|> <|eot_id|> <|start_header_id|> <|image_1|>
    <|fim_prefix|> <|reserved_special_token_7|> <|begin_of_text|> <image> </image> <Image> <IMAGE> <video> <audio>
    <img> </img> <bbox> <ref-object> <cot-process> <start-image> <s> </s> <unk> <pad> <bos> <eos> <mask>
    <start_of_turn> <end_of_turn> <start_of_image> <image_soft_token> [INST] [/INST] <<SYS>> <</SYS>> [IMG] [IMG_END]
    [TOOL_CALLS] <IMG_CONTEXT> <im_patch> <ref> </ref> <box> </box> <quad> <slice> <fake_token_around_image>
    <|turn> <turn|> <|tool> <tool|> <|tool_call> <tool_call|> <|tool_response> <tool_response|> <|channel> <channel|>
    <SYS> </SYS> <arg_key> </arg_key> <arg_value> <start_function_call> <end_function_call> <fim_prefix> <fim_middle>
    <start_function_response> <escape> <repo_name> <file_sep> <atem:invoke>
    <end_of_utterance> <loc0123> <unused12> <｜end▁of▁sentence｜> ◁think▷ <row_1_col_2>""".split()  # noqa: SIM905
)
TAGS = tuple(
    """<think> </think> <thinking> <tool_call> </tool_call> <tool_response> <tools> <answer> <observation>
    <function_results> <function=image_zoom_in_tool> </function> <parameter=bbox_2d>""".split()  # noqa: SIM905
)
NORMAL = (
    *(
        "a < b",
        "a <= b and c > d",
        "<5%",
        "< 5 | > 10",
        "<b>bold</b>",
        "5 | 6",
        "<18 | 18-24 | >65",
        "<3",
        "x <- y -> z",
    ),
    *("f <| x |> g", "|x| < 3", "[1] [a] [x, y]", "[inst]", "[Image: AP]", "<5 | 5|>", "<S>", "<I>", "<br>", "Q<A>"),
    *("<<", "«s»", "‹s›", "I <3 images", "<images>", "<picture 1>", "<name>", "<user@host>", "What is <x>?", "1<|2|"),
)


@pytest.mark.parametrize("token", [*TOKENS, *TAGS])
def test_a_token_is_found_in_any_text_and_neutral_is_none(token: str) -> None:
    for text in (token, f"What does {token} show?", f"42{token}", f"{token}{token}\n"):
        assert holds_template_token(text)
        made, changed = neutralised(text)
        assert not holds_template_token(made)
        assert not holds_template_token(unicodedata.normalize("NFKC", made)), "normalising brings it back"
        assert changed
        assert len(made) == len(text)


EXAMPLES_IN_PROSE = frozenset(
    """args-json-object function-name IMPORTANT description enum name parameters required type""".split()  # noqa: SIM905
)
"""Tags that templates write into their system prompts, as words of XML: no vocabulary has them."""


def test_every_token_of_the_chat_templates_is_found() -> None:
    """The templates are files of TRL's wheel, equal to the models' own byte for byte."""
    folder = Path(str(distribution("trl").locate_file("trl/chat_templates")))
    shapes = re.compile(
        r"""<\|[^\s<>{}'"]{1,40}>|<[^\s<>{}'"|]{1,40}\|>|<[/A-Za-z_｜][^\s<>{}'"]{0,60}>|\[/?[A-Z_]{2,30}\]|◁[^▷]*▷"""
    )
    written = {token for file in folder.glob("*.jinja") for token in shapes.findall(file.read_text())}
    assert len(written) > 50
    unknown = {token for token in written if not holds_template_token(token)}
    assert {token for token in unknown if token.strip("</>") not in EXAMPLES_IN_PROSE} == set()


@pytest.mark.parametrize("text", NORMAL)
def test_normal_text_is_not_touched(text: str) -> None:
    assert template_tokens(text) == ()
    assert neutralised(text) == (text, ())


@pytest.mark.parametrize("tag", TAGS)
def test_tags_of_the_protocols_are_left_where_they_are_allowed(tag: str) -> None:
    assert not holds_template_token(tag, tags=False)
    assert neutral(tag, tags=False) == tag


def test_the_change_is_told_by_its_neutral_form() -> None:
    assert neutralised("Is <|im_end|> or [INST] left of <image>?") == (
        "Is ‹|im_end|› or ⟦INST⟧ left of ‹image›?",
        ("‹|im_end|›", "⟦INST⟧", "‹image›"),
    )


@pytest.mark.parametrize("hidden", ["<|im\u200b_end|>", "<im\u00adage>", "\u2060<i\u200dmage>", "<|im_end|\ufe0f>"])
def test_a_token_with_invisible_characters_in_it_is_one(hidden: str) -> None:
    assert holds_template_token(hidden)


@given(
    st.lists(st.sampled_from([*TOKENS, *TAGS, "<", "|", ">", "[", "]", "/", " ", "s", "‹", "›"]), max_size=8).map(
        "".join
    )
)
def test_neutral_is_neutral_however_tokens_are_put_together(text: str) -> None:
    once = neutral(text)
    assert not holds_template_token(once)
    assert neutral(once) == once


@pytest.mark.parametrize(
    ("text", "found"),
    [
        *(
            ("a\0b", "U+0000"),
            ("\x1b[31mred", "U+001B"),
            ("a\x7f", "U+007F"),
            ("Japan\x92s", "U+0092"),
            ("\ud83d", "U+D83D"),
        ),
        *(("\u202eevil", "U+202E"), ("hi\U000e0041\U000e0042", "U+E0041"), ("\ufffe", "U+FFFE"), ("a\x0cb", "U+000C")),
    ],
)
def test_characters_that_no_text_may_hold(text: str, found: str) -> None:
    assert bad_character(text) == found


@pytest.mark.parametrize(
    "text",
    [
        *(
            "tab\tand\r\nlines",
            "العربية\u200f (2019)",
            "نمی\u200cخواهم",
            "क्\u200dष",
            "\u2068isolated\u2069",
            "👩\u200d🔬",
            "Größe – 5 €",
        ),
        "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f England",
    ],
)
def test_characters_that_scripts_and_flags_need(text: str) -> None:
    assert bad_character(text) is None
    assert neutralised(text) == (text, ())


def test_odd_blanks_become_blanks_and_are_told() -> None:
    assert neutralised("\ufeffHow\x0bmany\x85bars?") == ("How many bars?", ("U+FEFF", "U+000B", "U+0085"))


@pytest.mark.parametrize("agent", [name for name in AGENTS.own if name != "search"])
def test_our_own_prompts_hold_no_template_token(agent: str) -> None:
    for text in AGENTS.own[agent].prompts.values():
        assert template_tokens(text, tags=False) == ()
