import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lensmill.models.chat import ChatReply, Usage
from lensmill.models.replies import Failure, read_refusal, read_reply, retry_after

NOW = datetime(2026, 5, 4, 12, 0, 0, tzinfo=UTC)


def reply(**message: Any) -> bytes:
    return json.dumps({"choices": [{"message": message, "finish_reason": "stop"}], "model": "m"}).encode()


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("7", 7.0),
        (" 0.5 ", 0.5),
        ("Mon, 04 May 2026 12:01:30 GMT", 90.0),
        ("Mon, 04 May 2026 11:00:00 GMT", 0.0),
        ("Mon, 04 May 2026 14:00:30 +0200", 30.0),
        (None, None),
        ("", None),
        ("soon", None),
        ("-3", None),
        ("nan", None),
        ("1e9", None),
        ("٣", None),
        ("9" * 200, None),
        ("Mon, 99 May 99999 12:01:30 GMT", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(value: str | None, seconds: float | None) -> None:
    assert retry_after(value, NOW) == seconds


@given(st.text(max_size=120))
def test_any_retry_after_is_read_or_ignored(value: str) -> None:
    seconds = retry_after(value, NOW)
    assert seconds is None or seconds >= 0


def test_a_reply_is_read_with_its_reasoning_and_usage() -> None:
    usage = {"prompt_tokens": 90, "completion_tokens": 8, "prompt_tokens_details": {"cached_tokens": 64}}
    raw = json.dumps(
        {
            "model": "served",
            "choices": [{"message": {"content": "ANSWER: 3", "reasoning_content": "one"}, "finish_reason": "length"}],
            "usage": usage,
        }
    ).encode()
    assert read_reply(raw, None) == ChatReply("ANSWER: 3", "one", "length", Usage(90, 8, 64), model="served")


def test_reasoning_has_another_name_on_newer_servers() -> None:
    read = read_reply(reply(content=None, reasoning="hm"), None)
    assert isinstance(read, ChatReply)
    assert (read.text, read.reasoning) == ("", "hm")


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\xff\xfe",
        b"[]",
        b"null",
        b"{}",
        b"[" * 100_000,
        b'{"choices": {}}',
        b'{"choices": []}',
        b'{"choices": [7]}',
        b'{"choices": [{"message": "hi"}]}',
        b'{"choices": [{"message": {"content": 7}}]}',
        b'{"choices": [{"message": {"content": ["a"]}}]}',
        b'{"n": ' + b"9" * 10_000 + b"}",
        b'{"error": {"message": "overloaded"}}',
    ],
)
def test_an_unreadable_reply_is_an_engine_error_that_is_tried_again(raw: bytes) -> None:
    read = read_reply(raw, None)
    assert isinstance(read, Failure)
    assert read.error_class == "engine_error"
    assert read.retry
    assert 0 < len(read.message) < 600


json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
messages = st.fixed_dictionaries({}, optional={"content": json_values, "reasoning": json_values})
choices = st.fixed_dictionaries({}, optional={"message": messages | json_values, "finish_reason": json_values})
bodies = st.fixed_dictionaries(
    {},
    optional={
        "choices": st.lists(choices | json_values, max_size=2) | json_values,
        "usage": st.dictionaries(st.sampled_from(["prompt_tokens", "prompt_tokens_details"]), json_values),
        "model": json_values,
        "error": json_values,
    },
)


@given(bodies)
def test_any_response_is_a_checked_reply_or_a_failure(body: dict[str, Any]) -> None:
    read = read_reply(json.dumps(body).encode(), None)
    if isinstance(read, ChatReply):
        (read.text + read.reasoning + read.model + read.finish_reason).encode()
        assert min(read.usage.prompt, read.usage.completion, read.usage.cached) >= 0


def test_a_lone_surrogate_becomes_a_character_that_can_be_stored() -> None:
    read = read_reply(b'{"choices": [{"message": {"content": "a\\ud800b"}}]}', None)
    assert isinstance(read, ChatReply)
    assert read.text == "a?b"


def test_a_key_that_the_server_repeats_is_cut_out_of_the_reply() -> None:
    read = read_reply(reply(content="you sent sk-secret", reasoning="sk-secret"), "sk-secret")
    assert "sk-secret" not in repr(read)


@pytest.mark.parametrize(
    "message",
    [
        "This model's maximum context length is 16384 tokens. However, you requested 20000 tokens",
        "The decoder prompt (length 20000) is longer than the maximum model length of 16384. Make sure that "
        "`max_model_len` is no smaller than the number of text tokens",
        "Input tokens exceed the configured limit: context_length_exceeded",
        "prompt is too long: 210000 tokens > 200000 maximum",
    ],
)
def test_a_400_that_speaks_of_the_context_is_a_context_length(message: str) -> None:
    raw = json.dumps({"error": {"message": message, "code": 400}}).encode()
    assert read_refusal(400, raw, None, None).error_class == "context_length"


@pytest.mark.parametrize("status", [400, 409, 422])
def test_other_refusals_are_request_errors_not_to_be_tried_again(status: int) -> None:
    failure = read_refusal(status, b'{"detail": "no such thing"}', "5", None)
    assert (failure.error_class, failure.retry) == ("request_error", False)


@pytest.mark.parametrize(
    ("status", "error_class"),
    [
        (429, "engine_unreachable"),
        (503, "engine_unreachable"),
        *((status, "engine_error") for status in (500, 502, 504)),
    ],
)
def test_overload_and_faults_may_work_later(status: int, error_class: str) -> None:
    failure = read_refusal(status, b"busy", "5", None)
    assert (failure.error_class, failure.retry, failure.wait_s) == (error_class, True, 5.0)


def test_an_error_page_is_quoted_shortly_and_without_the_key() -> None:
    failure = read_refusal(401, b"<html>" + b"key sk-secret " * 5000, None, "sk-secret")
    assert "sk-secret" not in failure.message
    assert len(failure.message) < 700
