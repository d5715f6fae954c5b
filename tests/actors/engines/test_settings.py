"""The command line that settings become, and refused settings."""

import sys
from typing import Any

import pytest

from actors.engines.settings import EngineSettings


def test_settings_become_a_command_line() -> None:
    settings = EngineSettings(
        "org/model",
        served_model_name="m",
        tensor_parallel_size=2,
        max_model_len=4096,
        args={
            "limit_mm_per_prompt": {"image": 8},
            "enforce-eager": True,
            "enable_prefix_caching": False,
            "seed": None,
            "allowed_origins": ["a", "b"],
            "max_num_seqs": 16,
        },
    )
    assert settings.command("127.0.0.1", 8000) == [
        sys.executable,
        "-m",
        "vllm.entrypoints.openai.api_server",
        "--model=org/model",
        "--served-model-name=m",
        "--host=127.0.0.1",
        "--port=8000",
        "--tensor-parallel-size=2",
        "--dtype=auto",
        "--max-model-len=4096",
        '--limit-mm-per-prompt={"image": 8}',
        "--enforce-eager",
        "--no-enable-prefix-caching",
        "--allowed-origins",
        "a",
        "b",
        "--max-num-seqs=16",
    ]


def test_a_replica_takes_as_many_gpus_as_its_model_is_spread_over() -> None:
    assert EngineSettings("m", tensor_parallel_size=4).gpus_each == 4
    assert EngineSettings("m", gpus=0.5).gpus_each == 0.5
    assert EngineSettings("m", gpus=0, tensor_parallel_size=2).gpus_each == 0


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"model": ""}, "model must be"),
        ({"replicas": 0}, "replicas must be at least 1"),
        ({"gpus": 1.5}, "whole number"),
        ({"gpus": 1, "tensor_parallel_size": 2}, "at least tensor_parallel_size"),
        ({"max_restarts": -1}, "max_restarts"),
        ({"start_timeout_s": 0}, "start_timeout_s"),
        ({"args": {"port": 1}}, "cannot be set"),
        ({"args": {"tensor-parallel-size": 2}}, "setting of its own"),
        ({"args": {"--seed": 2}}, "without dashes"),
        ({"args": {"api_key": "x"}}, "environment of the job"),
        ({"args": {"hf_token": "x"}}, "environment of the job"),
        ({"environment": {"HF_TOKEN": "x"}}, "environment of the job"),
        ({"environment": {"a b": "x"}}, "not the name of a variable"),
    ],
)
def test_impossible_settings_are_refused(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        EngineSettings(**{"model": "m", **wrong})


@pytest.mark.parametrize("name", ["tokenizer", "max_num_batched_tokens", "enable_prompt_tokens_details", "seed"])
def test_arguments_about_tokens_are_no_secrets(name: str) -> None:
    EngineSettings("m", args={name: 1})
