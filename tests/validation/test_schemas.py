"""Column types that trainers read wrongly, and dataset_info.json."""

from typing import Any

import pytest

from lensmill.validation.dataset_info import check_dataset_info
from tests.validation.checking import VALIDATORS
from tests.validation.sound import EPISODE, SOUND, Row, cof, llamafactory, llamafactory_pair

FILE = {"bytes": "binary", "path": "string"}
TEXTS = [{"role": "string", "content": "string"}]
PARTS = [{"role": "string", "content": [{"type": "string", "text": "string"}]}]
IMAGES = {"images": {"feature": {"_type": "Image"}, "_type": "List"}}
OLD_IMAGES = {"images": [{"_type": "Image"}]}
CALLS: list[Any] = [
    {
        "role": "string",
        "content": "string",
        "tool_calls": [{"function": {"name": "string", "arguments": {"x": "int64"}}}],
    }
]


def schema_traps(name: str, columns: Row, features: Row | None = None) -> set[str]:
    return {finding.trap for finding in VALIDATORS[name].check_schema(columns, features)}


@pytest.mark.parametrize(
    ("name", "columns", "features", "trap"),
    [
        ("trl", {"messages": PARTS, "images": [FILE]}, None, "no_image_feature"),
        ("trl", {"messages": PARTS, "images": ["string"]}, {}, "no_image_feature"),
        (
            "trl",
            {"messages": [{"role": "string", "content": [{"type": "string", "text": "string", "image": "null"}]}]},
            None,
            "part_key",
        ),
        ("trl", {"messages": CALLS}, None, "arguments_as_struct"),
        ("verl_sft", {"messages": TEXTS, "images": [{"bytes": "binary", "path": "null"}]}, None, "null_type"),
        ("verl_sft", {"messages": TEXTS, "images": ["string"]}, None, "image_entry"),
        ("verl_sft", {"messages": PARTS, "images": [FILE]}, None, "content_not_text"),
        ("verl_sft", {"messages": TEXTS, "tools": "string"}, None, "tools_as_text"),
        ("verl_sft", {"messages": TEXTS, "tools": [{"type": "string"}]}, None, "tools_as_struct"),
        ("verl_sft", {"messages": CALLS}, None, "arguments_as_struct"),
        ("verl_rl", {"prompt": TEXTS, "images": [{"bytes": "binary", "path": "null"}]}, None, "null_type"),
        ("verl_rl", {"prompt": PARTS}, None, "content_not_text"),
        ("verl_rl", {"extra_info": {"tools_kwargs": {"zoom": {"create_kwargs": {}}}}}, None, "empty_kwargs"),
        ("llamafactory", {"tools": [{"type": "string"}]}, None, "tools_not_text"),
        ("swift", {"messages": TEXTS, "tools": [{"type": "string"}]}, None, "tools_as_struct"),
    ],
)
def test_a_wrong_type_is_found(name: str, columns: Row, features: Row | None, trap: str) -> None:
    assert trap in schema_traps(name, columns, features)


@pytest.mark.parametrize(
    ("name", "columns", "features"),
    [
        ("trl", {"messages": PARTS, "images": [FILE]}, IMAGES),
        ("trl", {"messages": PARTS, "images": [FILE]}, OLD_IMAGES),
        ("trl", {"messages": TEXTS}, None),
        ("verl_sft", {"messages": TEXTS, "images": [FILE]}, None),
        ("verl_sft", {"messages": TEXTS, "images": [{"image": "string"}]}, None),
        ("verl_rl", {"prompt": TEXTS, "images": [FILE]}, None),
        ("llamafactory", {"conversations": TEXTS, "images": [FILE], "tools": "string"}, None),
        ("swift", {"messages": TEXTS, "images": [FILE], "tools": "string"}, None),
        ("refocus", {"image": FILE}, None),
    ],
)
def test_a_right_type_is_sound(name: str, columns: Row, features: Row | None) -> None:
    assert schema_traps(name, columns, features) == set()


COLUMNS = {"messages": "conversations", "system": "system", "images": "images"}
TAGS = {
    "role_tag": "role",
    "content_tag": "content",
    "user_tag": "user",
    "assistant_tag": "assistant",
    "system_tag": "system",
}
OF_COF = {"messages": "messages", "images": "images"}
PAIR = {**COLUMNS, "chosen": "chosen", "rejected": "rejected"}


@pytest.mark.parametrize(
    ("row", "info", "trap"),
    [
        (llamafactory(), {"columns": COLUMNS}, "formatting_missing"),
        (llamafactory(), {"formatting": "openai", "columns": COLUMNS}, "formatting_openai"),
        (llamafactory(), {"formatting": "chat", "columns": COLUMNS}, "dataset_info"),
        (llamafactory(), {"formatting": "sharegpt"}, "column_not_named"),
        (llamafactory(), {"formatting": "sharegpt", "columns": {"messages": "conversations"}}, "column_not_named"),
        (llamafactory(), {"formatting": "sharegpt", "columns": {**COLUMNS, "messages": "messages"}}, "column_missing"),
        (llamafactory_pair(), {"formatting": "sharegpt", "columns": PAIR}, "ranking_missing"),
        (llamafactory_pair(), {"formatting": "sharegpt", "columns": COLUMNS, "ranking": True}, "ranking_columns"),
        (cof(), {"formatting": "sharegpt", "columns": OF_COF}, "tags_missing"),
        (
            cof(),
            {"formatting": "sharegpt", "columns": OF_COF, "tags": {**TAGS, "role_tag": "from"}},
            "tags_wrong",
        ),
        (
            cof(),
            {"formatting": "sharegpt", "columns": OF_COF, "tags": {k: v for k, v in TAGS.items() if k != "system_tag"}},
            "tags_incomplete",
        ),
        (llamafactory(), "rows.json", "dataset_info"),
    ],
)
def test_a_wrong_dataset_info_is_found(row: Row, info: Any, trap: str) -> None:
    assert trap in {finding.trap for finding in check_dataset_info(info, row, "charts")}


@pytest.mark.parametrize(
    ("row", "info"),
    [
        (llamafactory(), {"formatting": "sharegpt", "columns": COLUMNS}),
        (llamafactory_pair(), {"formatting": "sharegpt", "columns": PAIR, "ranking": True}),
        (cof(), {"formatting": "sharegpt", "columns": OF_COF, "tags": TAGS}),
    ],
)
def test_a_right_dataset_info_is_sound(row: Row, info: Row) -> None:
    assert list(check_dataset_info(info, row, "charts")) == []


def test_each_layout_proposes_its_format() -> None:
    for layout, (expected, make) in SOUND.items():
        fits = {name: validator.fits(make(EPISODE)) for name, validator in VALIDATORS.items()}
        proposed = max(fits, key=lambda fit: fits[fit])
        assert proposed == {"swift": "verl_sft", "swift_pair": "swift_pairs"}.get(layout, expected)
