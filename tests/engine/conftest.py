"""A real vLLM for the tests, with a tiny model of random weights, started and looked after by our own actors.

`make setup-engine` installs it; LENSMILL_ENGINE names the Python of another one. Tests that use it are marked
`engine`, and only `make test-engine` runs them.
"""

import json
import os
import subprocess
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import ray

from actors.cluster.connection import ClusterSettings, connect
from actors.engines.replicas import EngineSet
from actors.engines.settings import EngineSettings
from tests.chat_templates import template_file
from tests.said_lines import Said

ROOT = Path(__file__).resolve().parents[2]
SHIM = Path(__file__).with_name("shim")
TINY_VLM = ROOT / "tests" / "trainers" / "tiny_vlm.py"
ENGINE_PYTHON = Path(os.environ.get("LENSMILL_ENGINE") or ROOT / ".venv-engine" / "bin" / "python")

ENVIRONMENT = {
    "PYTHONPATH": str(SHIM),
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "VLLM_CPU_KVCACHE_SPACE": "1",
}

ARGS: Mapping[str, Any] = {
    "enforce_eager": True,
    # with smaller batches this CPU engine fails at seeded requests whose prompts it splits
    "max_num_batched_tokens": 131_072,
    "max_num_seqs": 8,
    "limit_mm_per_prompt": {"image": 16},
    "enable_prompt_tokens_details": True,
    # without it a model of random weights pads JSON with white space until its tokens are used up
    "structured_outputs_config": {"backend": "xgrammar", "disable_any_whitespace": True},
}


@dataclass(frozen=True, slots=True)
class Engine:
    """A server that runs.

    Attributes:
        url: base URL of its API, up to and including /v1.
        model: the name that it serves.
        said: the lines that its supervisor has told so far.
    """

    url: str
    model: str
    engines: EngineSet
    said: list[str] = field(default_factory=list)

    def chat(self, messages: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
        """One plain request to chat/completions, as any client could send it; returns the reply's JSON."""
        body = {"model": self.model, "messages": messages, "max_tokens": 400, "seed": 0, **more}
        request = urllib.request.Request(
            f"{self.url}/chat/completions", json.dumps(body).encode(), {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=120) as reply:
            answer: dict[str, Any] = json.load(reply)
        return answer

    def metric(self, name: str) -> float:
        """A counter from /metrics, such as `vllm:prefix_cache_hits_total`."""
        with urllib.request.urlopen(f"{self.url.removesuffix('/v1')}/metrics", timeout=30) as reply:
            lines = reply.read().decode().splitlines()
        return sum(float(line.split()[-1]) for line in lines if line.split("{")[0] == name)


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a tiny Qwen2.5-VL; skips where no engine is installed."""
    if not ENGINE_PYTHON.exists():
        pytest.skip(f"there is no engine at {ENGINE_PYTHON}: `make setup-engine` installs one")
    folder = tmp_path_factory.mktemp("engine") / "tiny"
    corpus = folder.with_name("corpus.txt")
    words = Path(__file__).with_name("words.txt").read_text().split()
    corpus.write_text("\n".join(f"{word} {word}" for word in words))
    options: list[str | Path] = ["--corpus", corpus, "--template", template_file("qwen2_5_vl"), "--dtype", "bfloat16"]
    made = subprocess.run(
        [ENGINE_PYTHON, TINY_VLM, folder, *options],
        env={**os.environ, **ENVIRONMENT},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert made.returncode == 0, made.stderr
    return folder


@pytest.fixture(scope="session")
def engine_settings(tiny_model: Path) -> EngineSettings:
    """How to have the tiny model served on a CPU."""
    return EngineSettings(
        str(tiny_model),
        served_model_name="tiny",
        gpus=0,
        dtype="bfloat16",
        max_model_len=32_768,
        python=str(ENGINE_PYTHON),
        environment=ENVIRONMENT,
        args=ARGS,
        start_timeout_s=300,
    )


@pytest.fixture(scope="module", autouse=True)
def no_ray_is_left() -> None:
    """Nothing: the Ray of `cluster` runs for the whole session."""


@pytest.fixture(scope="session")
def cluster() -> Iterator[int]:
    yield connect(ClusterSettings())
    ray.shutdown()


@pytest.fixture(scope="session")
def engine(engine_settings: EngineSettings, cluster: int) -> Iterator[Engine]:  # noqa: ARG001
    """The server, for the whole session. One test kills it, and waits for it to be back."""
    said = Said()
    with EngineSet("engine", engine_settings, lambda: False, said) as engines:
        (url,) = engines.start()
        yield Engine(url, engine_settings.name, engines, said)
