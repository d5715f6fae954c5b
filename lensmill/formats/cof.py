"""Chain-of-Focus's own rows (CoF-SFT-Data): `messages` of role and content, and paths of pictures.

LLaMA-Factory reads the rows with the tags that `dataset_info.json` names (Chain-of-Focus, configs/dataset_info.json).
An imported row comes back with its own messages, letter by letter.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from lensmill.formats.boxes import changes
from lensmill.formats.chains import chosen
from lensmill.formats.cof_rows import original_row
from lensmill.formats.example import Example, text_of
from lensmill.formats.llamafactory import command, picture
from lensmill.formats.recorded import again, named, view_alone
from lensmill.formats.settings import FormatSettings
from lensmill.formats.spec import Container, Exported, FormatSpec, Row
from lensmill.formats.trl import shown
from lensmill.validation.cof import VALIDATOR

TAGS = {
    "role_tag": "role",
    "content_tag": "content",
    "user_tag": "user",
    "assistant_tag": "assistant",
    "system_tag": "system",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class CofSettings(FormatSettings):
    """Chain-of-Focus's rows for LLaMA-Factory."""

    name: Literal["cof"] = "cof"
    pictures: Literal["files"] = "files"
    """JSON lines that name picture files"""


def _rows(settings: CofSettings, example: Example) -> Iterator[Row]:
    row = again(example, "cof", original_row)
    if row is not None and settings.chain == "pictures" and not changes(view_alone(example), settings.trained):
        paths = [path.get("image") if isinstance(path, dict) else path for path in row["images"]]
        yield {**row, "images": [named(one, path) for one, path in zip(example.pictures, paths, strict=False)]}
        return
    example, messages = chosen(example, settings)
    rows = [{"role": message.role, "content": text_of(message)} for message in messages]
    yield {"messages": rows, "images": shown(example, messages)}


def _columns(_settings: CofSettings) -> Mapping[str, Any]:
    return {"messages": [{"role": "string", "content": "string"}], "images": ["string"]}


def json_lines(_settings: FormatSettings) -> Container:
    """For `FormatSpec.container`: JSON lines in any case."""
    return "jsonl"


def _files(exported: Exported) -> Mapping[str, str]:
    columns = {"messages": "messages", "images": "images"}
    info = {
        f"{exported.name}_{split}": {"file_name": split, "formatting": "sharegpt", "columns": columns, "tags": TAGS}
        for split in exported.splits
    }
    return {"dataset_info.json": json.dumps(info, indent=2) + "\n"}


SPEC = FormatSpec(
    settings=CofSettings,
    version=2,
    columns=_columns,
    rows=_rows,
    validator=VALIDATOR,
    container=json_lines,
    picture=picture,
    absolute=False,
    files=_files,
    command=command,
)
