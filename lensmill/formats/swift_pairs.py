"""ms-swift: preference pairs of whole trajectories, each side with its own pictures.

`rejected_messages` and `rejected_images` keep the sides apart; a `rejected_response` would move every picture into the
first question of the rejected side (ms-swift 4.6).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from lensmill.formats.chains import chosen
from lensmill.formats.example import Example, LeftOut, text_of
from lensmill.formats.settings import FormatSettings
from lensmill.formats.spec import Exported, FormatSpec, Row, lines_for_files, no_rows
from lensmill.formats.swift import command, picture
from lensmill.formats.trl import shown
from lensmill.validation.swift_pairs import VALIDATOR


@dataclass(frozen=True, slots=True, kw_only=True)
class SwiftPairsSettings(FormatSettings):
    """ms-swift's preference pairs: a right and a wrong episode at one question on one rung, in full."""

    name: Literal["swift_pairs"] = "swift_pairs"


def _pairs(settings: SwiftPairsSettings, right: Example, wrong: Example) -> Iterator[Row]:
    right, good = chosen(right, settings)
    wrong, bad = chosen(wrong, settings)
    if bad[-1].role != "assistant":
        raise LeftOut("no_pair", "the wrong episode ends without a reply of the assistant")
    if good == bad:
        raise LeftOut("no_pair", "the right and the wrong episode have the same messages")
    yield {
        "messages": [{"role": message.role, "content": text_of(message)} for message in good],
        "images": shown(right, good),
        "rejected_messages": [{"role": message.role, "content": text_of(message)} for message in bad],
        "rejected_images": shown(wrong, bad),
    }


def _columns(_settings: SwiftPairsSettings) -> Mapping[str, Any]:
    message = {"role": "string", "content": "string"}
    return {"messages": [message], "images": ["file"], "rejected_messages": [message], "rejected_images": ["file"]}


def _command(exported: Exported) -> str:
    return command(exported, "swift rlhf --rlhf_type dpo")


SPEC = FormatSpec(
    settings=SwiftPairsSettings,
    version=1,
    columns=_columns,
    rows=no_rows,
    pairs=_pairs,
    validator=VALIDATOR,
    container=lines_for_files,
    picture=picture,
    command=_command,
)
