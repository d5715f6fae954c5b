from pathlib import Path

import pytest
from omegaconf import OmegaConf
from pydantic import TypeAdapter

from lensmill.geometry import Convention
from lensmill.models.building import build_model
from lensmill.models.settings import OPERATIONAL, ModelSettings

CONF = Path(__file__).resolve().parents[2] / "conf" / "model"


def option(name: str) -> ModelSettings:
    values = OmegaConf.to_container(OmegaConf.load(CONF / f"{name}.yaml"))
    assert isinstance(values, dict)
    given = {key: "served" if value == "???" else value for key, value in values.items()}
    return TypeAdapter(ModelSettings).validate_python({**given, "urls": ["http://127.0.0.1:1/v1"]})


@pytest.mark.parametrize(
    ("name", "convention", "factor"),
    [
        ("qwen2_5_vl", Convention.PIXELS, 28),
        ("qwen3_vl", Convention.THOUSAND, 32),
        ("internvl", Convention.THOUSAND, 28),
    ],
)
def test_each_family_has_its_conventions(name: str, convention: Convention, factor: int) -> None:
    family = option(name).family
    assert (family.convention, family.factor) == (convention, factor)


def test_every_setting_of_a_servers_model_is_in_its_file() -> None:
    known = set(ModelSettings.__dataclass_fields__)
    for path in sorted(CONF.glob("*.yaml")):
        keys = {str(key) for key in OmegaConf.load(path)}
        assert keys == (known if path.stem != "none" else {"name", "factor"}), path.name


def test_operational_settings_are_settings() -> None:
    assert set(ModelSettings.__dataclass_fields__) >= OPERATIONAL


def test_a_missing_model_says_how_to_choose_one() -> None:
    with pytest.raises(ValueError, match="model="):
        build_model(ModelSettings())


def test_a_missing_server_says_where_to_name_it() -> None:
    with pytest.raises(ValueError, match=r"model\.urls"):
        build_model(ModelSettings("served"))


async def test_a_model_is_built_for_its_servers() -> None:
    model = build_model(ModelSettings("served", ("http://127.0.0.1:1/v1", "http://127.0.0.1:2/v1")))
    assert (model.name, model.family) == ("served", ModelSettings().family)
    await model.close()


@pytest.mark.parametrize(
    "url",
    [
        "",
        "localhost:8000",
        "me:hunter2@host/v1",
        "file:///etc/passwd",
        "ftp://host/v1",
        "http://",
        "http://h/v1?key=1",
        "http://a b/",
        "//h",
    ],
)
def test_a_url_must_be_one_of_a_server(url: str) -> None:
    with pytest.raises(ValueError, match="urls"):
        ModelSettings("served", (url,))


@pytest.mark.parametrize("url", ["http://me:hunter2@host/v1", "me:hunter2@host/v1", "http:/me:hunter2@host/v1"])
def test_a_password_in_a_url_is_refused_and_not_repeated(url: str) -> None:
    with pytest.raises(ValueError, match="urls") as caught:
        ModelSettings("served", (url,))
    assert "hunter2" not in str(caught.value)


def test_a_key_in_place_of_its_variables_name_is_refused_and_not_repeated() -> None:
    with pytest.raises(ValueError, match="never the key") as caught:
        ModelSettings("served", api_key_env="sk-123")
    assert "sk-123" not in str(caught.value)


def test_a_key_that_is_not_set_names_the_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_KEY", raising=False)
    with pytest.raises(ValueError, match="NO_KEY"):
        build_model(ModelSettings("served", ("http://127.0.0.1:1/v1",), api_key_env="NO_KEY"))


def test_a_key_that_would_break_a_header_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ODD_KEY", "abc\r\nX-Other: 1")
    with pytest.raises(ValueError, match="ODD_KEY") as caught:
        ModelSettings("served", api_key_env="ODD_KEY").api_key()
    assert "abc" not in str(caught.value)


def test_extra_values_do_not_overrule_the_request() -> None:
    with pytest.raises(ValueError, match="messages"):
        ModelSettings("served", extra_body={"messages": []})


@pytest.mark.parametrize(
    "extra",
    [
        {"api_key": "hunter2"},
        {"apiKey": "hunter2"},
        {"headers": {"Authorization": "hunter2"}},
        {"tools": [{"server": {"hf-token": "hunter2"}}]},
        {"client_secret": "hunter2"},
        {"password": "hunter2"},
    ],
)
def test_secrets_are_no_extra_values_and_are_not_repeated(extra: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="api_key_env") as caught:
        ModelSettings("served", extra_body=extra)
    assert "hunter2" not in str(caught.value)


def test_settings_about_tokens_are_not_secrets() -> None:
    extra = {"min_tokens": 1, "stop_token_ids": [2], "chat_template_kwargs": {"eos_token": "</s>"}}
    assert ModelSettings("served", extra_body=extra).extra_body == extra
