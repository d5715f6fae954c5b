"""Settings of a command line, and the messages for wrong ones."""

import pytest

from pipelines.config import SettingsError, load, load_build
from pipelines.settings import BuildSettings, DiffSettings
from storage.sources.chartqa import ChartQASettings
from storage.sources.synthetic import SyntheticSettings


def error_of(*overrides: str) -> str:
    with pytest.raises(SettingsError) as caught:
        load_build(overrides)
    message = str(caught.value)
    assert "\n" not in message
    return message


def test_nothing_said_gives_the_embedded_default() -> None:
    settings = load_build([])
    assert isinstance(settings, BuildSettings)
    assert isinstance(settings.source, SyntheticSettings)
    assert settings.ladder.rungs == (224, 448, 672, 896, 1344, 1792, 2688, 3840)


def test_a_source_and_its_path_with_a_space() -> None:
    settings = load_build(["source=chartqa", "source.path=/data/ChartQA Dataset", "ladder.rungs=[224,448]"])
    assert settings.source == ChartQASettings(path="/data/ChartQA Dataset")
    assert settings.ladder.rungs == (224, 448)


def test_a_missing_value_is_named() -> None:
    assert "source.path=..." in error_of("source=chartqa")


def test_an_unknown_key_names_its_neighbour() -> None:
    assert "did you mean agent.max_turns?" in error_of("agent.max_turn=3")


def test_a_wrong_key_is_compared_with_those_of_the_chosen_source() -> None:
    assert "did you mean source.path?" in error_of("source=chartqa", "source.pth=/data")


def test_a_key_of_another_option_names_that_option() -> None:
    assert "it belongs to source=chartqa or" in error_of("source.path=/data")


@pytest.mark.parametrize("override", ["source.charts=[1", "out=my(1)", "out=a,b=c"])
def test_a_value_that_must_be_quoted_says_so(override: str) -> None:
    message = error_of(override)
    assert message.startswith(override.partition("=")[0])
    assert "quote" in message


@pytest.mark.parametrize("override", ["source.path=/data/a,b", "source.splits=train,test", "source.path=choice(a,b)"])
def test_a_comma_is_told_how_to_be_quoted(override: str) -> None:
    name = override.partition("=")[0]
    message = error_of("source=chartqa", "source.path=/x", override)
    assert f"'{name}=\"a,b\"'" in message
    assert f"'{name}=[a,b]'" in message
    assert "multirun" not in message


@pytest.mark.parametrize(
    "path", ["/a=b", "/a (1)/b", "/data/ünï", "./a[1]", "/a@b+c%d#e&f!g", "/a: b;c", "../x", "/{x}", "/a b"]
)
def test_a_path_needs_no_quotes_for_signs_that_names_of_files_have(path: str) -> None:
    settings = load_build(["source=chartqa", f"source.path={path}", f"out={path}"])
    assert (settings.source, settings.out) == (ChartQASettings(path=path), path)


@pytest.mark.parametrize("path", ["~/x y", "'~/x y'"])
def test_a_path_may_begin_at_home(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/me")
    settings = load_build(["source=chartqa", f"source.path={path}", f"out={path}"])
    assert (settings.source, settings.out) == (ChartQASettings(path="/home/me/x y"), "/home/me/x y")


def test_an_interpolation_in_a_path_is_resolved(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATA", "/data")
    assert load_build(["out=/x${oc.env:DATA}"]).out == "/x/data"


def test_a_number_as_a_path_is_told_how_to_be_quoted() -> None:
    assert "'source.path=\"...\"'" in error_of("source=chartqa", "source.path=2024")


def test_an_added_key_that_nobody_reads_is_refused() -> None:
    assert "agent.foo" in error_of("+agent.foo=1")


@pytest.mark.parametrize("override", ["engine.args={max_num_seqs: 64}", "engine.args.max_num_seqs=64"])
def test_settings_that_take_any_keys_take_them(override: str) -> None:
    settings = load_build(["agent=direct", "model=qwen2_5_vl", "engine=vllm", override])
    assert settings.engine is not None
    assert settings.engine.args == {"max_num_seqs": 64}


def test_arguments_of_engines_that_there_are_not_are_refused() -> None:
    with pytest.raises(SettingsError, match="judge_engine: there are no engines to set: add engine=vllm"):
        load_build(["judge_engine.args={max_num_seqs: 64}"])


def test_an_unknown_option_lists_the_known_ones() -> None:
    names = (
        "chartqa, chartqa_hub, charxiv, cof_sft, docvqa, highres, hrbench, mix, refchartqa, refocus_data, synthetic, "
    )
    assert f"{names}table, tablevqa, textvqa, viscot" in error_of("source=charqa")


@pytest.mark.parametrize(
    ("override", "key"),
    [
        ("agent.max_turns=x", "agent.max_turns"),
        ("judge.policy=kind", "judge.policy"),
        ("ladder.rungs=[10]", "ladder"),
        ("ladder.rungs=[]", "ladder"),
        ("cluster.in_flight=0", "cluster"),
        ("limit=0", "limit"),
        ("version=../up", "version"),
        ("chunk_size=0", "chunk_size"),
        ("source.charts=-1", "source"),
    ],
)
def test_a_value_of_the_wrong_kind_names_its_key(override: str, key: str) -> None:
    assert key in error_of(override)


def test_dashes_are_told_from_settings() -> None:
    with pytest.raises(SettingsError, match=r"--plan-only: settings have no dashes: plan_only=\.\.\."):
        load_build(["--plan-only"])


@pytest.mark.parametrize(("bare", "expected"), [("plan_only", "plan_only=true"), ("retry", "retry=...")])
def test_a_bare_setting_is_told_how_to_be_set(bare: str, expected: str) -> None:
    with pytest.raises(SettingsError, match=f"^{bare}: say what it is: {expected}$"):
        load_build([bare])


def test_a_malformed_override_is_one_line() -> None:
    assert error_of("a b")


@pytest.mark.parametrize(("value", "meant"), [("format=json", "json"), ("format='text'", "text")])
def test_a_plain_setting_may_have_the_name_of_another_job_s_group(value: str, meant: str) -> None:
    assert load("diff", DiffSettings, ["out=x", value]).format == meant
