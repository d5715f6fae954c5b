"""LLaMA-Factory's dataset_info.json: how the trainer finds the columns and the roles of a file."""

from collections.abc import Iterator, Mapping
from typing import Any

from lensmill.formats.checking import Finding
from lensmill.validation.conversation import shown

_TAGS = ("role_tag", "content_tag", "user_tag", "assistant_tag", "system_tag")


def check_dataset_info(info: Any, row: Mapping[str, Any], entry: str) -> Iterator[Finding]:
    """Findings about one entry, given the first row of its file.

    Args:
        info: the value of the entry.
        row: any row of the file.
        entry: its name, for messages.
    """
    if not isinstance(info, Mapping):
        yield Finding(
            "dataset_info", entry, f"the entry is {shown(info, 30)}: write an object with file_name and columns"
        )
        return
    formatting = info.get("formatting", "alpaca")
    chat = "conversations" in row or "messages" in row
    if chat and formatting == "alpaca":
        yield Finding(
            "formatting_missing",
            f"{entry}.formatting",
            "formatting is alpaca, the default, and the rows are chats: LLaMA-Factory finds no sample: write sharegpt",
        )
        return
    if formatting == "openai":
        yield Finding(
            "formatting_openai",
            f"{entry}.formatting",
            "with formatting openai a message with tool_calls loses its thought: write sharegpt, and calls as text",
        )
    elif formatting not in ("sharegpt", "alpaca"):
        yield Finding("dataset_info", f"{entry}.formatting", f"formatting is {shown(formatting, 30)!r}: write sharegpt")
        return
    yield from _columns(info, row, entry)
    if formatting == "sharegpt" and chat:
        yield from _tags(info.get("tags"), row, entry)


def _columns(info: Mapping[str, Any], row: Mapping[str, Any], entry: str) -> Iterator[Finding]:
    columns = info.get("columns")
    named: Mapping[str, Any] = columns if isinstance(columns, Mapping) else {"messages": "conversations"}
    for name in ("images", "system", "tools"):
        if row.get(name) and name not in named:
            yield Finding(
                "column_not_named",
                f"{entry}.columns",
                f"columns does not name {name}, and LLaMA-Factory reads none of them: add "
                f'"{name}": "{name}" (a column that is left out is none, not the default)',
            )
    for name, column in named.items():
        if isinstance(column, str) and column not in row and name not in ("system", "tools"):
            yield Finding("column_missing", f"{entry}.columns.{name}", f"the rows have no column {shown(column, 40)!r}")
    pair = "chosen" in row and "rejected" in row
    if pair and not info.get("ranking"):
        yield Finding("ranking_missing", f"{entry}.ranking", "the rows are pairs, and ranking is not true: add it")
    if info.get("ranking") and not {"chosen", "rejected"} <= set(named):
        yield Finding(
            "ranking_columns",
            f"{entry}.columns",
            "ranking is true, and columns does not name chosen and rejected: add both",
        )


def _tags(tags: Any, row: Mapping[str, Any], entry: str) -> Iterator[Finding]:
    messages = row.get("conversations") or row.get("messages")
    first = messages[0] if isinstance(messages, list) and messages and isinstance(messages[0], Mapping) else {}
    if not isinstance(tags, Mapping):
        if "role" in first:
            yield Finding(
                "tags_missing",
                f"{entry}.tags",
                "the messages have role and content, and without tags LLaMA-Factory reads from and value: add tags",
            )
        return
    missing = [tag for tag in _TAGS if tag not in tags]
    if missing:
        yield Finding(
            "tags_incomplete",
            f"{entry}.tags",
            f"tags lacks {', '.join(missing)}; a tag that is left out is none, not the default, and rows are dropped: "
            "name all of them",
        )
    elif first and not {str(tags["role_tag"]), str(tags["content_tag"])} <= set(first):
        yield Finding(
            "tags_wrong",
            f"{entry}.tags",
            f"the messages have no {shown(tags['role_tag'], 20)} and {shown(tags['content_tag'], 20)}",
        )
