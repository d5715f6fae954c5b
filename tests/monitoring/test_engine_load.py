"""Parsing vLLM's /metrics."""

import asyncio

import pytest

from lensmill.testing.stub_engine import StubEngine
from monitoring.engine_load import load_of, read_load

VLLM = """\
# HELP vllm:num_requests_running Number of requests in model execution batches.
# TYPE vllm:num_requests_running gauge
vllm:num_requests_running{engine="0",model_name="some \\"model\\""} 3.0
vllm:num_requests_running{engine="1",model_name="some \\"model\\""} 4.0
# TYPE vllm:num_requests_waiting gauge
vllm:num_requests_waiting{engine="0",model_name="m"} 12.0
# TYPE vllm:num_requests_waiting_by_reason gauge
vllm:num_requests_waiting_by_reason{engine="0",model_name="m",reason="capacity"} 12.0
# TYPE vllm:kv_cache_usage_perc gauge
vllm:kv_cache_usage_perc{engine="0",model_name="m"} 0.25
vllm:kv_cache_usage_perc{engine="1",model_name="m"} 0.75
# TYPE vllm:prefix_cache_queries_total counter
vllm:prefix_cache_queries_total{engine="0",model_name="m"} 1.5e+06
# TYPE vllm:prefix_cache_queries_created gauge
vllm:prefix_cache_queries_created{engine="0",model_name="m"} 1.7e+09
# TYPE vllm:prefix_cache_hits_total counter
vllm:prefix_cache_hits_total{engine="0",model_name="m"} 1.2e+06
# TYPE vllm:mm_cache_queries_total counter
vllm:mm_cache_queries_total{engine="0",model_name="m"} 40.0
# TYPE vllm:mm_cache_hits_total counter
vllm:mm_cache_hits_total{engine="0",model_name="m"} 30.0
"""


def test_queue_and_caches_are_read_and_cores_added_up() -> None:
    assert load_of(VLLM) == {
        "lensmill_engine_requests_running": 7,
        "lensmill_engine_requests_waiting": 12,
        "lensmill_engine_kv_cache_usage_ratio": 0.5,
        "lensmill_engine_prefix_cache_queries_total": 1_500_000,
        "lensmill_engine_prefix_cache_hits_total": 1_200_000,
        "lensmill_engine_picture_cache_queries_total": 40,
        "lensmill_engine_picture_cache_hits_total": 30,
    }


def test_unknown_metrics_are_ignored() -> None:
    assert load_of("1234 1235") == {}


def test_a_line_that_cannot_be_read_is_an_error() -> None:
    with pytest.raises(ValueError, match=r"."):
        load_of("vllm:num_requests_running many")


async def test_a_server_is_asked_over_http() -> None:
    async with StubEngine() as engine:
        load = await asyncio.to_thread(read_load, "127.0.0.1", engine.port)
    assert load["lensmill_engine_requests_running"] == 0
    assert await asyncio.to_thread(read_load, "127.0.0.1", engine.port) == {}
