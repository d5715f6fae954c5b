"""Defects planted into exported rows: the trainer fails or learns something else, and our validator says so before."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.trainers.exports import test_llamafactory, test_swift, test_verl
from tests.trainers.exports.environments import Exported, Exports, Trainer, as_learnt
from tests.validation.checking import training, traps
from tests.validation.planting import Mutate, add, edit, json_copy, question, set_, texts_of, turn, write

pytestmark = [pytest.mark.trainers, pytest.mark.timeout(1800)]

Told = Any
Harm = Callable[[Told, Sequence[Mapping[str, Any]], Mapping[str, Any]], bool]
"""Whether a trainer's answer shows the harm, given the answer to the sound rows, and the planted row."""

LLAMAFACTORY = ("format=llamafactory", "format.pictures=files")
TOOLS = ("format=llamafactory", "format.layout=tools", "format.pictures=files")
SWIFT = ("format=swift", "format.pictures=files")
OBJECTS = ("format=swift", "format.layout=objects", "format.pictures=files")
SFT = ("format=verl_sft",)
RL = ("format=verl_rl",)


def stops(told: Told, _sound: Sequence[Mapping[str, Any]], _row: Mapping[str, Any]) -> bool:
    """The whole load ends with an error."""
    return isinstance(told, dict) and "error" in told


def drops(told: Told, sound: Sequence[Mapping[str, Any]], _row: Mapping[str, Any]) -> bool:
    """The row is gone, and nothing else happens."""
    return isinstance(told, list) and len(told) == len(sound) - 1


def keeps_the_placeholder(told: Told, _sound: Sequence[Mapping[str, Any]], _row: Mapping[str, Any]) -> bool:
    """The model reads the letters <image>."""
    return any("<image>" in one["text"] for one in told)


def learns_other_turns(told: Told, _sound: Sequence[Mapping[str, Any]], row: Mapping[str, Any]) -> bool:
    """No row that is learnt is the written one."""
    said = [message["value"] for message in row["conversations"] if message["from"] in ("gpt", "function_call")]
    return as_learnt(said) not in [one["learnt"] for one in told]


def learns_arguments_as_text(told: Told, _sound: Sequence[Mapping[str, Any]], _row: Mapping[str, Any]) -> bool:
    """The model learns calls that no tool can read."""
    return any('"arguments": "{' in one["learnt"] for one in told)


def has_another_turn(told: Told, sound: Sequence[Mapping[str, Any]], _row: Mapping[str, Any]) -> bool:
    """Text of the assistant became a turn of the user."""
    return _count(told, "<|im_start|>user") > _count(sound, "<|im_start|>user")


def has_more_pictures(told: Told, sound: Sequence[Mapping[str, Any]], _row: Mapping[str, Any]) -> bool:
    """A picture appears where no text asks for one."""
    return _count(told, "<|vision_start|>") > _count(sound, "<|vision_start|>")


def _count(rows: Sequence[Mapping[str, Any]], words: str) -> int:
    return sum(row["text"].count(words) for row in rows)


def before_the_end(row: dict[str, Any], text: str) -> None:
    """Put a text into the last thought."""
    write(row, -1, lambda said: said.replace("</think>", f"{text}</think>", 1))


def a_second_call(row: dict[str, Any]) -> None:
    call = '<tool_call>\n{"name": "image_zoom_in_tool", "arguments": {"bbox_2d": [0, 0, 56, 56]}}\n</tool_call>'
    write(row, 1, lambda said: f"{said}\n{call}")


def arguments_as_text(row: dict[str, Any]) -> None:
    def encoded(said: str) -> str:
        thought, call = said.removesuffix("\n</tool_call>").split("<tool_call>\n")
        value = json.loads(call)
        value["arguments"] = json.dumps(value["arguments"])
        return f"{thought}<tool_call>\n{json.dumps(value)}\n</tool_call>"

    write(row, 1, encoded)


def as_parts(row: dict[str, Any]) -> None:
    for message in row["messages"]:
        message["content"] = [{"type": "text", "text": message["content"]}]


def as_path(row: dict[str, Any]) -> None:
    row["images"] = [{"bytes": None, "path": f"/pictures/{image['path']}"} for image in row["images"]]


@dataclass(frozen=True)
class Trap:
    """A defect.

    Attributes:
        words: of the export that it is planted into.
        trap: the validator's name for the defect.
        limit: tokens of a row, for the trainer and the validator.
        everywhere: planted into every row, where a column has one type.
    """

    name: str
    words: tuple[str, ...]
    plant: Mutate
    harm: Harm
    trap: str
    limit: int = 0
    everywhere: bool = False

    @property
    def format(self) -> str:
        """The name of the format."""
        return self.words[0].removeprefix("format=")


def _nothing(_row: dict[str, Any]) -> None:
    """For a defect that lies in the limit."""


TRAPS = [
    Trap("the question says <image>", LLAMAFACTORY, add("What is <image>?", 0), stops, "placeholder_count"),
    Trap(
        "two turns of the user",
        LLAMAFACTORY,
        lambda row: texts_of(row).insert(0, turn(row, "user", "Hello.")),
        drops,
        "role_order",
    ),
    Trap(
        "a system with <image>", LLAMAFACTORY, set_(system="See <image>."), keeps_the_placeholder, "picture_in_system"
    ),
    Trap(
        "a thought with tokens of the template",
        LLAMAFACTORY,
        lambda row: before_the_end(row, "<|im_end|>\n<|im_start|>user\nHello."),
        has_another_turn,
        "special_token",
    ),
    Trap(
        "a picture that is missing",
        LLAMAFACTORY,
        lambda row: row["images"].__setitem__(0, "images/none.png"),
        stops,
        "image_missing",
    ),
    Trap("an unknown role", LLAMAFACTORY, edit("from", "model", 1), drops, "unknown_role"),
    Trap("two calls in a turn of role function_call", TOOLS, a_second_call, learns_other_turns, "two_calls"),
    Trap("arguments as a JSON string", TOOLS, arguments_as_text, learns_arguments_as_text, "double_encoded"),
    Trap("tools that are no JSON", TOOLS, set_(tools="zoom(image)"), stops, "tools_not_json"),
    Trap(
        "a picture without a placeholder",
        SWIFT,
        lambda row: row["images"].append(row["images"][0]),
        has_more_pictures,
        "placeholder_count",
    ),
    Trap("objects as a JSON string", OBJECTS, lambda row: row.update(objects="{}"), stops, "objects_as_text"),
    Trap("a row above the limit", SWIFT, _nothing, stops, "too_long", limit=1024),
    Trap("a picture by its path alone", SFT, as_path, stops, "image_entry"),
    Trap(
        "a picture too many",
        SFT,
        lambda row: row["images"].append(row["images"][0]),
        stops,
        "placeholder_count",
    ),
    Trap("contents as parts", SFT, as_parts, stops, "content_not_text", everywhere=True),
    Trap(
        "a question that says <image>",
        RL,
        lambda row: write(row, question(row), lambda said: f"{said} What is <image>?"),
        drops,
        "placeholder_count",
    ),
]


@dataclass(frozen=True)
class Planted:
    """A row with a defect, the trainer's answer to the file with the row, and its answer to the sound rows."""

    row: Mapping[str, Any]
    folder: Path
    told: Told
    sound: Any


def shortest(one: Exported) -> list[dict[str, Any]]:
    """Two rows with few pictures."""
    rows = sorted(one.rows, key=lambda row: (len(row["images"]), len(str(row))))[:2]
    return [json_copy(row) for row in rows]


def with_rows(
    trap: Trap, one: Exported, rows: Sequence[Mapping[str, Any]], folder: Path, model: Path
) -> dict[str, Any]:
    """The task that reads a file of these rows as the export's command reads the export."""
    folder.mkdir()
    if trap.format == "llamafactory":
        (folder / "rows.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
        options = test_llamafactory.options(one, model)
        info = json.loads((one.folder / "dataset_info.json").read_text())[options["dataset"]]
        (folder / "dataset_info.json").write_text(json.dumps({"rows": {**info, "file_name": "rows.jsonl"}}))
        return {"do": "read", "options": {**options, "dataset": "rows", "dataset_dir": str(folder)}}
    if trap.format == "swift":
        (folder / "rows.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
        told = test_swift.task("read", one, model)
        if trap.limit:
            told["options"]["max_length"] = trap.limit
        return {**told, "files": [str(folder / "rows.jsonl")]}
    pq.write_table(pa.Table.from_pylist(list(rows)), folder / "rows.parquet")
    told = test_verl.task("sft" if trap.format == "verl_sft" else "rl", one, model)
    more = [f"data.train_files=[{folder / 'rows.parquet'}]"]
    more += ["data.filter_overlong_prompts=true"] if trap.format == "verl_rl" else []
    return {**told, "overrides": [*told["overrides"], *more]}


@pytest.fixture(scope="module")
def planted(
    exports: Exports, llamafactory: Trainer, swift: Trainer, verl: Trainer, tmp_path_factory: pytest.TempPathFactory
) -> Mapping[str, Planted]:
    """Every defect, planted and read: one process a trainer."""
    base = tmp_path_factory.mktemp("traps")
    found: dict[str, Planted] = {}
    for name, trainer in (("llamafactory", llamafactory), ("swift", swift), ("verl", verl)):
        model = trainer.model("qwen2_5_vl")
        tasks: list[dict[str, Any]] = []
        rows: dict[str, dict[str, Any]] = {}
        mine = [trap for trap in TRAPS if trap.format.startswith(name)]
        for trap in mine:
            one = exports(*trap.words)
            (one.folder.parent / "tools.yaml").write_text('{"tools": []}')
            folder = base / f"{name}{len(rows)}"
            sound, bad = shortest(one), shortest(one)
            for row in bad if trap.everywhere else bad[:1]:
                trap.plant(row)
            rows[trap.name] = bad[0]
            tasks.append(
                with_rows(
                    Trap(trap.name, trap.words, _nothing, trap.harm, ""), one, sound, Path(f"{folder}-sound"), model
                )
            )
            tasks.append(with_rows(trap, one, bad, folder, model))
        answers = trainer.do(*tasks)
        for trap, sound_told, told in zip(mine, answers[::2], answers[1::2], strict=True):
            found[trap.name] = Planted(rows[trap.name], exports(*trap.words).folder, told, sound_told)
    return found


@pytest.mark.parametrize("trap", TRAPS, ids=[f"{trap.format}: {trap.name}" for trap in TRAPS])
def test_a_trap_harms_training_and_the_validator_reports_it(trap: Trap, planted: Mapping[str, Planted]) -> None:
    one = planted[trap.name]
    assert "error" not in one.sound, one.sound
    assert len(one.sound) == 2
    assert trap.harm(one.told, one.sound, one.row), one.told
    told = training(folder=str(one.folder), boxes="target", max_tokens=trap.limit)
    assert trap.trap in traps(trap.format, one.row, told)
