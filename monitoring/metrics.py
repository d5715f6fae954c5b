"""Every metric, as plain data: name, kind, help and labels. docs/monitoring.md has the same table.

The values of a label come from a closed set, so that no data set, model or server can increase the number of series.
Any other value counts as "other". Ids, URLs and texts are never labels, except in `BUILD_INFO`, of which each job has
one series.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

from lensmill import tools
from lensmill.agents import spec as agents
from lensmill.models.chat import ModelErrorClass
from lensmill.models.replies import Trouble
from lensmill.resolution import LADDER
from lensmill.verdict import Outcome
from storage.sources import spec as sources

OTHER = "other"

_AGENTS = agents.AGENTS.own.values()

SOURCES = tuple(sources.SOURCES.own)
AGENTS = tuple(spec.name for spec in _AGENTS)
RUNGS = tuple(map(str, LADDER))
"""The default rungs. A build adds its own."""

ROLES = tuple(dict.fromkeys((*(role for spec in _AGENTS for role in spec.roles), "judge")))
ENGINES = tuple(map(str, range(64)))
"""Replicas of an engine, by number."""

TOOLS = tuple(dict.fromkeys((*tools.TOOLS.own, *(name for spec in _AGENTS for name in spec.own_tools))))
MODEL_ERRORS = get_args(ModelErrorClass)
TROUBLES = get_args(Trouble)
IMAGE_ERRORS = (
    *("image_damaged", "image_empty", "image_not_an_image", "image_too_large", "image_too_long", "image_too_small"),
    *("image_truncated", "image_unsupported"),
)
EPISODE_ERRORS = (
    *("agent_error", "bad_summary", "no_recording", "no_trajectory", "picture_size", "timeout", "worker_died"),
    *MODEL_ERRORS,
    *IMAGE_ERRORS,
)

SOURCE_ERRORS = (
    *("annotation_unreadable", "bad_box", "bad_field", "bad_json", "bad_row", "bad_text", "context_length"),
    *("duplicate", "empty_field", "image_missing", "image_unreadable", "missing_field", "path_outside"),
    *("picture_size", "template_token", "too_long"),
    *IMAGE_ERRORS,
)
GATES = (
    *("min_accepted", "min_yield", "max_failures", "max_unreadable"),
    *("yield_off", "failures_off", "unreadable_off", "shrinks", "source_shrinks", "grows"),
)
AWAITED = ("store", "model", "judge", "engine", "cluster", "worker")
"""The things that a job may have to wait for."""

Labels = Mapping[str, tuple[str, ...]]

_ROLE: Labels = {"role": ROLES}
_ENGINE: Labels = {"role": ("agent", "judge"), "engine": ENGINES}
_EPISODE: Labels = {
    "outcome": ("accepted", "rejected", "failed"),
    "source": SOURCES,
    "rung": RUNGS,
    "agent": AGENTS,
}


@dataclass(frozen=True, slots=True)
class Metric:
    """The definition of a metric.

    Attributes:
        name: in Prometheus.
        kind: of metric.
        help: one line for people.
        labels: label -> allowed values, besides "other"; an empty tuple allows any text.
        buckets: upper bounds of a histogram's buckets, in its unit. A last, unbounded bucket is added.
    """

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    help: str
    labels: Labels = field(default_factory=dict)
    buckets: tuple[float, ...] = ()


EPISODES = Metric(
    "lensmill_episodes_total",
    "counter",
    "Episodes that ended; an episode that is repeated after a death counts again",
    _EPISODE,
)
EPISODE_FAILURES = Metric(
    "lensmill_episode_failures_total", "counter", "Failed episodes by class of error", {"error_class": EPISODE_ERRORS}
)
EPISODE_SECONDS = Metric(
    "lensmill_episode_seconds",
    "histogram",
    "Seconds from an episode's start to its end, for episodes that did not fail",
    {"agent": AGENTS},
    (0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1000.0, 3000.0),
)
STEPS = Metric("lensmill_steps_total", "counter", "Steps of episodes that did not fail")
ZOOMS = Metric("lensmill_zooms_total", "counter", "Zooms that showed a picture, in episodes that did not fail")
EDITS = Metric("lensmill_edits_total", "counter", "Edits that showed a new picture, in episodes that did not fail")
TOOL_CALLS = Metric("lensmill_tool_calls_total", "counter", "Tool calls in episodes that did not fail", {"tool": TOOLS})
TOOL_ERRORS = Metric("lensmill_tool_errors_total", "counter", "Tool calls that returned an error", {"tool": TOOLS})
VERDICTS = Metric("lensmill_verdicts_total", "counter", "Verdicts given", {"outcome": get_args(Outcome)})

REQUESTS = Metric(
    "lensmill_requests_total",
    "counter",
    "Finished requests to models: ok, length (a reply cut off), cancelled, or an error's class",
    {"role": ROLES, "outcome": ("ok", "length", "cancelled", *MODEL_ERRORS)},
)
REQUEST_FAILURES = Metric(
    "lensmill_request_failures_total",
    "counter",
    "Requests to models that failed after all attempts, by class of error",
    {"role": ROLES, "error_class": MODEL_ERRORS},
)
REQUEST_SECONDS = Metric(
    "lensmill_request_seconds",
    "histogram",
    "Seconds of the answered attempt, without waiting for a slot and without earlier attempts",
    _ROLE,
    (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0),
)
REQUEST_RETRIES = Metric(
    "lensmill_request_retries_total", "counter", "Attempts after the first one, of answered requests", _ROLE
)
REQUESTS_IN_FLIGHT = Metric(
    "lensmill_requests_in_flight", "gauge", "Requests that wait for a reply or for a slot", _ROLE
)
PROMPT_TOKENS = Metric(
    "lensmill_prompt_tokens_total", "counter", "Tokens of prompts with their pictures, as servers counted them", _ROLE
)
CACHED_TOKENS = Metric(
    "lensmill_cached_prompt_tokens_total",
    "counter",
    "Prompt tokens from a server's prefix cache, if it reports them",
    _ROLE,
)
COMPLETION_TOKENS = Metric(
    "lensmill_completion_tokens_total", "counter", "Tokens of replies as servers counted them", _ROLE
)
IMAGE_TOKENS = Metric(
    "lensmill_image_tokens_total",
    "counter",
    "Tokens of the pictures in prompts, by the rule of the model's family",
    _ROLE,
)

ATTEMPTS = Metric("lensmill_request_attempts_total", "counter", "Attempts at requests to models, retries included")
ATTEMPTS_FAILED = Metric(
    "lensmill_request_attempts_failed_total", "counter", "Attempts without a reply, by reason", {"reason": TROUBLES}
)
ATTEMPTS_ANSWERED = Metric("lensmill_request_attempts_answered_total", "counter", "Attempts with a reply")
ATTEMPTS_IN_FLIGHT = Metric("lensmill_request_attempts_in_flight", "gauge", "Attempts that wait for a reply")
REQUESTS_WAITING = Metric(
    "lensmill_requests_without_server", "gauge", "Requests that wait for any server of their model to be reachable"
)
TOKENS = Metric("lensmill_tokens_total", "counter", "Tokens of prompts and replies, as spend.tokens counts them")

ENGINE_UP = Metric("lensmill_engine_up", "gauge", "1 while an engine of the job is ready", _ENGINE)
ENGINE_RESTARTS = Metric("lensmill_engine_restarts_total", "counter", "Restarts of an engine", _ENGINE)
ENGINE_WAITING = Metric("lensmill_engine_requests_waiting", "gauge", "Requests in an engine's queue", _ENGINE)
ENGINE_RUNNING = Metric("lensmill_engine_requests_running", "gauge", "Requests that an engine processes now", _ENGINE)
ENGINE_KV_CACHE = Metric(
    "lensmill_engine_kv_cache_usage_ratio", "gauge", "Share of an engine's KV cache in use", _ENGINE
)
ENGINE_PREFIX_QUERIES = Metric(
    "lensmill_engine_prefix_cache_queries_total",
    "counter",
    "Prompt tokens looked up in an engine's prefix cache",
    _ENGINE,
)
ENGINE_PREFIX_HITS = Metric(
    "lensmill_engine_prefix_cache_hits_total", "counter", "Prompt tokens found in an engine's prefix cache", _ENGINE
)
ENGINE_PICTURE_QUERIES = Metric(
    "lensmill_engine_picture_cache_queries_total",
    "counter",
    "Pictures looked up in an engine's multimodal cache",
    _ENGINE,
)
ENGINE_PICTURE_HITS = Metric(
    "lensmill_engine_picture_cache_hits_total", "counter", "Pictures found in an engine's multimodal cache", _ENGINE
)

CHUNKS = Metric(
    "lensmill_chunks_total",
    "counter",
    "Chunks that ended in a worker: committed, found or overtaken (by another run), handed_back, late, suspect, failed",
    {"state": ("committed", "found", "overtaken", "handed_back", "late", "suspect", "failed")},
)
STORE_WRITTEN = Metric("lensmill_store_written_bytes_total", "counter", "Bytes that workers wrote to the store")
STORE_READ = Metric("lensmill_store_read_bytes_total", "counter", "Bytes that workers read from the store")
STORE_RETRIES = Metric("lensmill_store_retries_total", "counter", "Retries of requests to the store")

WORKERS = Metric("lensmill_workers", "gauge", "Running workers")
WORKERS_REPLACED = Metric("lensmill_workers_replaced_total", "counter", "Workers that died and were replaced")
WORKER_MEMORY = Metric("lensmill_worker_memory_bytes", "gauge", "Resident memory of all workers together")

OUTAGES = Metric("lensmill_outages", "gauge", "Processes of the job that wait for it now", {"awaited": AWAITED})
OUTAGE_SECONDS = Metric(
    "lensmill_outage_seconds_total",
    "counter",
    "Seconds that processes of the job have waited for it",
    {"awaited": AWAITED},
)

EPISODES_PLANNED = Metric("lensmill_episodes_planned", "gauge", "Episodes of this run")
EPISODES_REMAINING = Metric("lensmill_episodes_remaining", "gauge", "Episodes of this run that are not finished")
SOURCE_SAMPLES = Metric("lensmill_source_samples", "gauge", "Samples that this run has read from its source")
SOURCE_FAILURES = Metric(
    "lensmill_source_failures", "gauge", "Rows of the source that could not be planned", {"error_class": SOURCE_ERRORS}
)
PUBLISH_ROWS_PLANNED = Metric("lensmill_publish_rows_planned", "gauge", "Rows of the version when it is complete")
PUBLISH_ROWS = Metric("lensmill_publish_rows", "gauge", "Rows of the version that are written")
GATE_PASSED = Metric("lensmill_gate_passed", "gauge", "1 if the version passed the gate, 0 if not", {"gate": GATES})
BUILD_INFO = Metric(
    "lensmill_build_info",
    "gauge",
    "Always 1; the labels describe the job. One series for each job",
    {"command": (), "version": (), "fingerprint": (), "source": (), "agent": (), "model": (), "judge_model": ()},
)
EXIT_STATUS = Metric("lensmill_exit_status", "gauge", "Exit status of the job, once it has ended; in the textfile only")
ENDED = Metric("lensmill_ended_timestamp_seconds", "gauge", "Time when the job ended; in the textfile only")
LAST_SUCCESS = Metric(
    "lensmill_last_success_timestamp_seconds", "gauge", "Time when a job last ended with status 0; in the textfile only"
)

METRICS: Mapping[str, Metric] = {
    metric.name: metric for metric in list(globals().values()) if isinstance(metric, Metric)
}
