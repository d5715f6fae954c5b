"""Chat templates of strangers: found by name or path, and bounded."""

import json
import pickle
from pathlib import Path
from time import monotonic

import pytest

from lensmill.validation.templates import ChatTemplate, load_template
from tests.validation.sound import part_messages


@pytest.mark.parametrize("name", ["qwen2_5_vl", "qwen3_vl", "gemma3", "idefics3"])
def test_a_template_says_what_it_writes_for_a_picture(name: str) -> None:
    template = load_template(name)
    assert template.in_place
    assert template.render(part_messages()).count(template.placeholder) == 3


def test_a_template_that_puts_pictures_first_says_so() -> None:
    template = load_template("llava_next")
    assert template.placeholder
    assert not template.in_place


def test_a_template_for_texts_takes_no_pictures() -> None:
    assert load_template("llama3_2").placeholder == ""


@pytest.mark.parametrize("name", ["internvl", "llama3_2_vision"])
def test_a_family_without_a_template_at_hand_asks_for_a_path(name: str) -> None:
    with pytest.raises(ValueError, match="template=PATH"):
        load_template(name)


def test_an_unknown_template_is_one_line() -> None:
    with pytest.raises(ValueError, match="there is no template 'nothing': name a target") as raised:
        load_template("nothing")
    assert "\n" not in str(raised.value)


SOURCE = "{{ bos_token }}{% for m in messages %}{{ m.content }}{% endfor %}"
HELLO = [{"role": "user", "content": "hello"}]


def test_a_template_is_read_from_a_file_a_configuration_and_a_folder(tmp_path: Path) -> None:
    (tmp_path / "a.jinja").write_text(SOURCE)
    config = {
        "chat_template": [{"name": "tools", "template": "no"}, {"name": "default", "template": SOURCE}],
        "bos_token": {"content": "<s>"},
        "added_tokens_decoder": {"7": {"content": "<boundary>", "special": True}, "8": {"content": "<plain>"}},
    }
    (tmp_path / "tokenizer_config.json").write_text(json.dumps(config))
    assert load_template(str(tmp_path / "a.jinja")).render(HELLO) == "hello"
    for path in (tmp_path, tmp_path / "tokenizer_config.json"):
        template = load_template(str(path))
        assert template.render(HELLO) == "<s>hello"
        assert template.specials == {"<boundary>"}


@pytest.mark.parametrize("content", ["{", "[]", '{"chat_template": 7}', ""])
def test_a_file_without_a_template_is_one_line(tmp_path: Path, content: str) -> None:
    (tmp_path / "tokenizer_config.json").write_text(content)
    with pytest.raises(ValueError, match=r"tokenizer_config\.json: it "):
        load_template(str(tmp_path / "tokenizer_config.json"))


@pytest.mark.parametrize(
    "source",
    [
        "{% for a in range(99999) %}{% for a in range(99999) %}{% endfor %}{% endfor %}",
        "{% macro f(n) %}{% if n > 0 %}{{ f(n - 1) }}{{ f(n - 1) }}{% endif %}{% endmacro %}{{ f(40) }}",
        "{{ 'a' * 10 ** 9 }}",
        "{{ [1] * 10 ** 9 }}",
        "{% set n = namespace(x='ab') %}{% for i in range(99) %}{% set n.x = n.x ~ n.x %}{% endfor %}",
        "{% set n = namespace(x='ab') %}{% for i in range(99) %}{% set n.x = n.x + n.x %}{% endfor %}",
        "{% set n = namespace(x='ab') %}{% for i in range(99) %}{% set n.x = n.x.replace('a', n.x) %}{% endfor %}",
        "{% set n = namespace(x='ab') %}{% for i in range(99) %}{% set n.x = [n.x, n.x]|join %}{% endfor %}",
        "{{ 'a'.center(10 ** 9) }}",
        "{{ 'a'|center(1000000000) }}",
        "{{ '%1000000000d' % 1 }}",
        "{{ 9 ** 9 ** 9 }}",
        "{% for a in range(99999) %}{{ 'a' * 1000 }}{% endfor %}",
        "{{ ''.__class__.__mro__ }}",
        "{{ raise_exception('no') }}",
        "{% for %}",
        "{{ messages[0].content.nothing.more }}",
        "x" * 300_000,
    ],
)
def test_a_hostile_template_is_refused_in_time(source: str) -> None:
    started = monotonic()
    with pytest.raises(ValueError, match=r"."):
        ChatTemplate("hostile", source).render(HELLO)
    assert monotonic() - started < 20


def test_a_training_template_marks_turns_without_changing_them() -> None:
    messages = part_messages()
    assert load_template("qwen2_5_vl_training").render(messages) == load_template("qwen2_5_vl").render(messages)


def test_the_day_of_a_template_is_the_same_every_day() -> None:
    assert ChatTemplate("day", "{{ strftime_now('%Y') }}").render(HELLO) == "2026"


def test_a_template_travels_to_other_processes() -> None:
    template = pickle.loads(pickle.dumps(load_template("qwen3_vl")))
    assert template.render(HELLO) == load_template("qwen3_vl").render(HELLO)
