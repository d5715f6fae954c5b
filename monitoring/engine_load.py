"""Reads the load of a vLLM server from its /metrics."""

import http.client
from collections.abc import Mapping

from prometheus_client.parser import text_string_to_metric_families

from monitoring import metrics

MAX_BYTES = 4_000_000

_NAMES = {
    "vllm:num_requests_waiting": metrics.ENGINE_WAITING,
    "vllm:num_requests_running": metrics.ENGINE_RUNNING,
    "vllm:kv_cache_usage_perc": metrics.ENGINE_KV_CACHE,
    "vllm:prefix_cache_queries_total": metrics.ENGINE_PREFIX_QUERIES,
    "vllm:prefix_cache_hits_total": metrics.ENGINE_PREFIX_HITS,
    "vllm:mm_cache_queries_total": metrics.ENGINE_PICTURE_QUERIES,
    "vllm:mm_cache_hits_total": metrics.ENGINE_PICTURE_HITS,
}


def read_load(host: str, port: int, timeout_s: float = 5.0) -> Mapping[str, float]:
    """Metric name -> value for the metrics that the server has; empty if it does not answer.

    Args:
        host: of the server.
        port: of the server.
        timeout_s: seconds to wait.
    """
    connection = http.client.HTTPConnection(host, port, timeout=timeout_s)
    try:
        connection.request("GET", "/metrics")
        return load_of(connection.getresponse().read(MAX_BYTES).decode(errors="replace"))
    except (OSError, http.client.HTTPException, ValueError):
        return {}
    finally:
        connection.close()


def load_of(text: str) -> Mapping[str, float]:
    """Parse the text of /metrics; see `read_load`. A server with several engine cores has one line for each: counts are
    summed, shares averaged.

    Raises:
        ValueError: a line cannot be parsed.
    """
    ours = "\n".join(line for line in text.splitlines() if line.startswith(tuple(_NAMES))) + "\n"
    found: dict[str, list[float]] = {}
    for family in text_string_to_metric_families(ours):
        for sample in family.samples:
            if sample.name in _NAMES:
                found.setdefault(_NAMES[sample.name].name, []).append(sample.value)
    shares = metrics.ENGINE_KV_CACHE.name
    return {name: sum(values) / (len(values) if name == shares else 1) for name, values in found.items()}
