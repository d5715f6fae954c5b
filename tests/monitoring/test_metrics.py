"""The definitions of metrics, compared with the counting code, the docs, and hostile values."""

import ast
import re
from dataclasses import fields
from pathlib import Path
from typing import get_args, get_type_hints

import pytest

from actors.rollouts.judging import ChunkReport
from actors.rollouts.worker_metrics import Watch, WatchSettings
from lensmill.agents.errors import EpisodeError
from lensmill.models.chat import ChatReply, ChatRequest, ModelError
from monitoring import metrics
from monitoring.metrics import METRICS
from monitoring.recorder import Recorder, is_gauge, parse
from pipelines.settings import GateSettings
from storage.builds.episodes import EpisodeRow, Failure
from storage.builds.plan import PlannedEpisode
from storage.files.store import Files
from tests.judging.scripted import ScriptedModel
from tests.storage.made import a_sample

ROOT = Path(__file__).resolve().parents[2]


def test_the_table_in_the_docs_is_the_registry() -> None:
    rows = re.findall(
        r"^\| `(lensmill_\w+)` \| (\w+) \| (.*?) \| (.+?) \|$", (ROOT / "docs/monitoring.md").read_text(), re.MULTILINE
    )
    ours = [
        (metric.name, metric.kind, ", ".join(f"`{label}`" for label in metric.labels), metric.help)
        for metric in METRICS.values()
    ]
    assert rows == ours


def test_every_metric_that_the_docs_use_exists() -> None:
    text = (ROOT / "docs/monitoring.md").read_text()
    used = {re.sub(r"_bucket$", "", name) for name in re.findall(r"(?<!ray_)\blensmill_\w+[a-z]\b", text)}
    assert {name for name in used if name != "lensmill_engine_"} <= set(METRICS)


@pytest.mark.parametrize("metric", METRICS.values(), ids=lambda metric: metric.name)
def test_names_follow_prometheus_rules(metric: metrics.Metric) -> None:
    assert re.fullmatch(r"lensmill_[a-z_]+", metric.name)
    assert metric.name.endswith("_total") == (metric.kind == "counter")
    assert bool(metric.buckets) == (metric.kind == "histogram")
    assert list(metric.buckets) == sorted(metric.buckets)
    assert not {"le", "job", "instance"} & set(metric.labels)


def test_label_values_are_plain_and_few() -> None:
    for metric in METRICS.values():
        for values in metric.labels.values():
            assert len(values) == len(set(values)) <= 64
            assert all(re.fullmatch(r"\w+", value) and value != metrics.OTHER for value in values)


def test_every_source_is_known() -> None:
    named = set()
    for path in (ROOT / "storage/sources").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.keyword) and node.arg == "source" and isinstance(node.value, ast.Constant):
                named.add(node.value.value)
    assert named
    assert named <= set(metrics.SOURCES)


def constants_given_to(name: str, *rooms: str) -> set[str]:
    """The first arguments of calls with this name, if they are constant texts."""
    found = set()
    for room in rooms:
        for path in (ROOT / room).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Call) and getattr(node.func, "id", "") == name and node.args:
                    first = node.args[0]
                    if isinstance(first, ast.Constant) and isinstance(first.value, str):
                        found.add(first.value)
    return found


def test_every_class_of_failed_episodes_is_known() -> None:
    kinds: tuple[type[EpisodeError], ...] = (EpisodeError, *EpisodeError.__subclasses__())
    own = {kind.error_class for kind in kinds}
    given = constants_given_to("Failure", "actors") | constants_given_to("ImageError", "lensmill")
    assert "worker_died" in given
    assert "image_damaged" in given
    assert own | given <= set(metrics.EPISODE_ERRORS)


def test_every_role_is_known() -> None:
    given = constants_given_to("ModelCall", "lensmill")
    for path in (ROOT / "lensmill/agents").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.keyword) and node.arg == "role" and isinstance(node.value, ast.Constant):
                given.add(str(node.value.value))
    assert given
    assert given <= set(metrics.ROLES)


def row(number: int) -> EpisodeRow:
    planned = PlannedEpisode(f"episode {number}", f"sample {number}", 225 + number, f"agent {number}", number)
    return EpisodeRow(planned, "failed", None, Failure(f"error {number}", f"message {number}"))


async def test_hostile_values_add_no_series(tmp_path: Path) -> None:
    watch = Watch(WatchSettings(metrics=True), "b" * 16, Files(str(tmp_path)), (224, 225))
    for number in range(1000):
        watch.episode(row(number), a_sample(number), "failed")
        error = ModelError("engine_error", f"message {number}")
        error.error_class = f"class {number}"  # type: ignore[assignment]
        (model,) = watch.models({f"role {number}": ScriptedModel([error])}).values()
        with pytest.raises(ModelError):
            await model.chat(ChatRequest(()))
    series = watch.report({})
    parsed = [found for name in series if (found := parse(name))]
    assert len(parsed) == len(series) < 30
    for metric, labels in parsed:
        for (label, known), value in zip(metric.labels.items(), labels, strict=False):
            assert value in (*known, metrics.OTHER) or (label == "rung" and value == "225")


async def test_an_unusual_rung_of_the_build_is_exported(tmp_path: Path) -> None:
    watch = Watch(WatchSettings(metrics=True), "b" * 16, Files(str(tmp_path)), (225,))
    watch.episode(row(0), a_sample(0), "failed")
    assert watch.report({})["lensmill_episodes_total|failed|other|225|other"] == 1


def test_a_recorder_does_not_remember_unknown_values() -> None:
    recorder = Recorder()
    for number in range(1000):
        recorder.value(metrics.TOOL_CALLS, f"tool {number}").add()
    assert recorder.report() == {"lensmill_tool_calls_total|other": 1000}
    assert not recorder._names


def test_only_gauges_end_with_their_worker() -> None:
    assert is_gauge("lensmill_requests_in_flight|agent")
    assert not is_gauge("lensmill_requests_total|agent|ok")
    assert not is_gauge("accepted")


class Broken(ScriptedModel):
    async def chat(self, _: ChatRequest) -> ChatReply:
        raise ValueError("a bug")


async def test_a_failed_request_is_no_longer_in_flight(tmp_path: Path) -> None:
    watch = Watch(WatchSettings(metrics=True), "b" * 16, Files(str(tmp_path)))
    model = watch.models({"agent": Broken([])})["agent"]
    with pytest.raises(ValueError, match="a bug"):
        await model.chat(ChatRequest(()))
    series = watch.report({})
    assert series["lensmill_requests_in_flight|agent"] == 0
    assert series["lensmill_requests_total|agent|other"] == 1


def test_every_end_of_a_chunk_is_known() -> None:
    assert {*get_args(get_type_hints(ChunkReport)["state"]), "failed"} == set(metrics.CHUNKS.labels["state"])


def test_every_class_of_source_rows_that_fail_is_known() -> None:
    given = constants_given_to("RowProblem", "storage") | constants_given_to("ImageError", "lensmill")
    assert {"image_missing", "bad_box"} <= given
    assert given | {"duplicate", "context_length", "picture_size"} <= set(metrics.SOURCE_ERRORS)


def test_every_gate_is_known() -> None:
    assert {item.name for item in fields(GateSettings)} == set(metrics.GATES)
