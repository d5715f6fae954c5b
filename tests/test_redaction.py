"""`redact` lets no key pass, and keeps every ordinary word."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lensmill.redaction import MASK, hide, is_secret_name, redact, secrets_of

HEX = "9f86d081884c7d659a2feaa0c55ad015"
AWS = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("Incorrect API key provided: sk-proj-abcDEF1234567890.", "sk-proj-abcDEF1234567890"),
        ("you sent sk_live_4eC39HqLyjWDarjtT1zdp7dc", "sk_live_4eC39HqLyjWDarjtT1zdp7dc"),
        ("token hf_abcdefGHIJKLmnop is not allowed", "hf_abcdefGHIJKLmnop"),
        ("AccessDenied for AKIAIOSFODNN7EXAMPLE", "AKIAIOSFODNN7EXAMPLE"),
        ("Authorization: Bearer abc123.def456", "abc123.def456"),
        ("authorization: basic dXNlcjpwYXNzd29yZA==", "dXNlcjpwYXNzd29yZA"),
        ("see http://user:hunter2@host:8000/v1", "hunter2"),
        ("GET https://api.example/v1?key=plainkeyvalue&x=1", "plainkeyvalue"),
        ("GET https://api.example/v1?a=1&api_key=abcdef", "abcdef"),
        ("https://b.s3.amazonaws.com/x?X-Amz-Signature=0011aabbccdd", "0011aabbccdd"),
        ('{"api_key": "letmein"}', "letmein"),
        ("{'password': 'letmein'}", "letmein"),
        ("x-api-key: 0123456789abcdef", "0123456789abcdef"),
        ("the password is hunter22", "hunter22"),
        (f"no account for the key {HEX}", HEX),
        (f"key: {AWS}", AWS),
        ("AIzaSyA-1234567890abcdefghijk", "AIzaSyA-1234567890abcdefghijk"),
        ("ghp_16C7e42F292c6912E7710c838347Ae178B4a", "ghp_16C7e42F292c6912E7710c838347Ae178B4a"),
        ("jwt eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl", "eyJzdWIiOiIxIn0"),
        ("-----BEGIN RSA PRIVATE KEY-----\nMIIEow\n-----END RSA PRIVATE KEY-----", "MIIEow"),
        ("access_token%3Dabcdef", "abcdef"),
        ("see http://user:p@ss@host/v1", "ss@host"),
        ("see https://user:p@s@s@host:8000/v1", "s@host"),
        ("proxy //user:hunter2@host:3128 refused", "hunter2"),
        ("proxy //user:p@ss@host refused", "ss@host"),
        ("Incorrect API key provided: abcdefghijklmnop. You can find your key", "abcdefghijklmnop"),
        ("Incorrect API key provided: letmein.", "letmein"),
        ("invalid token given: letmein", "letmein"),
        ("the API key you sent: letmein", "letmein"),
        ("https://a.blob.core.windows.net/c/b?sv=2022-11-02&sig=abCDef%2Bgh%3D", "abCDef"),
        ("https://a.blob.core.windows.net/c/b?sig=abcdefgh&se=2030", "abcdefgh"),
        ("https://a.blob.core.windows.net/c/b?a=1&amp;sig=abcdefgh", "abcdefgh"),
        ("Cookie: session=letmein; theme=dark", "letmein"),
        ("set-cookie: sid=letmein; Path=/; HttpOnly", "letmein"),
        ('Cookie: a="b c"; session=letmein', "letmein"),
        ('{"Cookie": "theme=dark; session=letmein"}', "letmein"),
        ("{'cookie': 'session=letmein'}", "letmein"),
    ],
)
def test_texts_with_the_shape_of_a_key_are_masked(text: str, secret: str) -> None:
    shown = redact(text)
    assert secret not in shown
    assert MASK in shown


@pytest.mark.parametrize(
    "text",
    [
        "the API key is missing",
        "wants an API key (401): see model.api_key_env",
        "model.api_key_env: set the environment variable MY_KEY to the API key",
        "max_tokens: 2048 is above the limit; max_model_len=32768",
        "the token limit of 32768 tokens is exceeded",
        "Unexpected token: expected a comma",
        "Bearer authentication is required",
        "The specified key does not exist: builds/5f3a2b1c0d9e8f7a/episodes/commits/00001.json",
        "no key 'image' in the row",
        "http://10.0.0.7:8000/v1 answered 503",
        "risk-taking models and disk-based stores",
        "no API key provided",
        "the chart's design=5 and sigma=12345",
        "a cookie: nobody asked for one",
        "mail a@b.example about //host/path",
    ],
)
def test_ordinary_messages_stay(text: str) -> None:
    assert redact(text) == text


def test_a_key_that_was_sent_is_masked_whatever_its_shape() -> None:
    assert redact("you sent plainword!", ["plainword"]) == f"you sent {MASK}!"


def test_a_hidden_value_is_masked_everywhere() -> None:
    hide("quitequiet-word")
    assert "quitequiet" not in redact("it said quitequiet-word twice: quitequiet-word")


def test_secrets_of_the_environment_are_masked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROVIDER_API_KEY", "only-letters-here")
    assert "only-letters-here" not in redact("refused: only-letters-here")


def test_names_of_files_and_counts_are_no_secrets() -> None:
    names = ["MAX_TOKENS", "TOKENIZER_MODE", "SSL_KEYFILE", "AWS_ACCESS_KEY_ID", "HOME", "KEYBOARD"]
    assert not [name for name in names if is_secret_name(name)]
    assert secrets_of({"A_TOKEN": "abcdefgh", "HOME": "/home/abcdefgh"}) == {"abcdefgh"}


@given(st.text(max_size=300))
def test_any_text_is_redacted_once(text: str) -> None:
    shown = redact(text)
    assert redact(shown) == shown


@pytest.mark.parametrize("sign", ["a", "key ", "key=", "://", "sk-", "token is ", "-----BEGIN PRIVATE KEY-----", "eyJ"])
def test_a_hostile_text_costs_little_time(sign: str) -> None:
    start = time.perf_counter()
    redact(sign * (200_000 // len(sign)))
    assert time.perf_counter() - start < 3.0


@pytest.mark.parametrize(
    "sign", ["eyJaaaaaaaa-", "//", "//a:", "a:b@", "Cookie: ", 'cookie": "a=', "sig=", "API key provided: ", "Bearer "]
)
def test_a_hostile_text_of_any_shape_is_redacted_to_its_end(sign: str) -> None:
    assert redact(sign * (200_000 // len(sign)) + "x")


def test_text_next_to_a_secret_stays() -> None:
    assert redact("GET http://user:p@ss@host:8000/v1?a=b") == f"GET http://{MASK}@host:8000/v1?a=b"
    assert redact("?sig=abcdefgh&se=2030") == f"?sig={MASK}&se=2030"
    assert redact("Cookie: session=letmein\nAccept: text/html") == f"Cookie: {MASK}\nAccept: text/html"
    assert (
        redact('{"cookie": "session=letmein", "accept": "text/html"}')
        == f'{{"cookie": "{MASK}", "accept": "text/html"}}'
    )
