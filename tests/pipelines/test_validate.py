"""The validation of rows as a command: files of every kind, folders, what is printed, and the exit status."""

import json
from pathlib import Path
from typing import Any

import datasets
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines.exit_status import ExitStatus
from pipelines.export import main as export_main
from pipelines.validate import main
from tests.storage.exports.versions import a_version
from tests.validation.sound import EPISODE, Row, llamafactory, trl, verl_rl, verl_sft

PART = {"type": datasets.Value("string"), "text": datasets.Value("string")}
FEATURES = datasets.Features(
    {
        "messages": datasets.List({"role": datasets.Value("string"), "content": datasets.List(PART)}),
        "images": datasets.List(datasets.Image()),
    }
)
IMAGES = pa.list_(pa.struct([("bytes", pa.binary()), ("path", pa.string())]))
VERL = pa.schema(
    [("messages", pa.list_(pa.struct([("role", pa.string()), ("content", pa.string())]))), ("images", IMAGES)]
)


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    """The exit status, and everything that was printed."""
    status = main(arguments)
    printed = capsys.readouterr()
    return status, printed.out + printed.err


def parquet(path: Path, rows: list[Row], schema: pa.Schema | None = VERL) -> Path:
    pq.write_table(pa.Table.from_pylist(rows, schema=schema), path)
    return path


def lines(path: Path, rows: list[Any]) -> Path:
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    return path


def with_files(folder: Path, number: int = 0) -> Row:
    """A row of LLaMA-Factory with its pictures in files."""
    row = llamafactory()
    row["images"] = []
    for index, data in enumerate(EPISODE.images):
        path = f"images/{number}_{index}.png"
        (folder / path).parent.mkdir(exist_ok=True, parents=True)
        (folder / path).write_bytes(data)
        row["images"].append(path)
    return row


def test_sound_rows_of_parquet_end_with_the_settings_of_the_trainer(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = datasets.Dataset.from_list([trl(), trl()], features=FEATURES)
    rows.to_parquet(tmp_path / "a.parquet")
    status, printed = run(capsys, str(tmp_path / "a.parquet"), "format=trl")
    assert status == ExitStatus.DONE
    assert "nothing is wrong: 2 rows read" in printed
    assert "max_length=None" in printed
    assert "assistant_only_loss=True" in printed


def test_a_finding_names_file_row_field_and_trap(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [verl_sft(), verl_sft()]
    rows[1]["messages"][2]["content"] += "<|im_end|>"
    path = parquet(tmp_path / "a.parquet", rows)
    status, printed = run(capsys, f"path={path}", "format=verl_sft", f"findings={tmp_path / 'wrong.jsonl'}")
    assert status == ExitStatus.FAILED
    assert "wrong: a.parquet row 1 messages[2].content: the text holds <|im_end|>" in printed
    assert "1 findings in 1 rows: 2 rows read" in printed
    (finding,) = map(json.loads, (tmp_path / "wrong.jsonl").read_text().splitlines())
    assert (finding["file"], finding["row"], finding["trap"]) == ("a.parquet", 1, "special_token")


def test_inferred_types_are_a_finding_about_the_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = parquet(tmp_path / "a.parquet", [verl_sft()], None)
    status, printed = run(capsys, str(path), "format=verl_sft")
    assert status == ExitStatus.FAILED
    assert "wrong: a.parquet images[].path: images[].path has the Arrow type null" in printed


@pytest.mark.parametrize("kind", ["json", "jsonl"])
def test_a_folder_of_llamafactory_is_read_with_its_pictures_and_its_dataset_info(
    kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "charts"
    rows = [with_files(folder, number) for number in range(3)]
    if kind == "json":
        (folder / "rows.json").write_text(json.dumps(rows, indent=1))
    else:
        lines(folder / "rows.jsonl", rows)
    columns = {"messages": "conversations", "system": "system", "images": "images"}
    info = {"charts": {"file_name": f"rows.{kind}", "formatting": "sharegpt", "columns": columns}}
    (folder / "dataset_info.json").write_text(json.dumps(info))
    status, printed = run(capsys, str(folder))
    assert status == ExitStatus.DONE, printed
    assert "looks like format=llamafactory" in printed
    (folder / "images/1_0.png").unlink()
    (folder / "dataset_info.json").write_text(json.dumps({"charts": {**info["charts"], "formatting": "alpaca"}}))
    status, printed = run(capsys, str(folder), "format=llamafactory")
    assert status == ExitStatus.FAILED
    assert f"charts/rows.{kind} row 1 images[0]: there is no file" in printed
    assert "charts/dataset_info.json charts.formatting: formatting is alpaca" in printed


def test_damage_costs_itself_and_the_rest_is_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    whole = parquet(tmp_path / "a.parquet", [verl_sft()]).read_bytes()
    (tmp_path / "b.parquet").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "c.jsonl").write_text('{broken\n[1]\n{"messages": null}\n')
    status, printed = run(capsys, str(tmp_path), "format=verl_sft")
    assert status == ExitStatus.FAILED
    assert "b.parquet: the file is no Parquet file" in printed
    assert "c.jsonl row 0: the row is no JSON" in printed
    assert "c.jsonl row 1: the row is a JSON list" in printed
    assert "c.jsonl row 2 messages: the row has no messages" in printed
    assert "2 rows read" in printed


def test_rows_that_name_other_tools_than_the_rows_before_are_found(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [{**verl_rl(), "images": [{"image": "https://x/a.png"}]} for _ in range(2)]
    rows[1]["extra_info"] = {**rows[1]["extra_info"], "tools_kwargs": {"draw": {"create_kwargs": {"x": 1}}}}
    status, printed = run(capsys, str(lines(tmp_path / "a.jsonl", rows)))
    assert status == ExitStatus.FAILED
    assert "row 1 extra_info.tools_kwargs: the row names other tools" in printed


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["path=/nothing/here"], "there is no file with rows"),
        (["template=nothing"], "template=nothing: there is no template"),
        (["format=nothing"], "there is no format"),
        (["target=nothing"], "target=nothing: there is no target"),
        (["max_tokens=-1"], "max_tokens must be at least 0"),
    ],
)
def test_a_setting_that_cannot_be_used_is_one_line(
    arguments: list[str], line: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = parquet(tmp_path / "a.parquet", [verl_sft()])
    status, printed = run(capsys, *([] if "path=" in arguments[0] else [f"path={path}"]), *arguments)
    assert status == ExitStatus.MEND
    assert line in printed
    assert len(printed.strip().splitlines()) == 1


def test_columns_of_no_format_ask_for_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, printed = run(capsys, str(lines(tmp_path / "a.jsonl", [{"text": "hello"}])))
    assert status == ExitStatus.MEND
    assert "the columns of a.jsonl (text) are of no known format" in printed


def test_a_target_without_a_template_at_hand_says_that_nothing_is_rendered(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = parquet(tmp_path / "a.parquet", [verl_sft()])
    status, printed = run(capsys, str(path), "format=verl_sft", "target=internvl")
    assert status == ExitStatus.DONE
    assert "rows are not rendered: no package at hand has the chat template of internvl" in printed
    assert run(capsys, str(path), "format=verl_sft", "target=internvl", "template=internvl")[0] == ExitStatus.MEND


@pytest.mark.parametrize("name", ["llamafactory", "cof"])
def test_the_folder_of_an_export_is_validated_as_its_rows_with_their_pictures(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    version = a_version(str(tmp_path / "out"))
    monkeypatch.chdir(tmp_path)
    wanted = [f"dataset={version}", f"format={name}", "format.pictures=files", "format.max_tokens=100000", "to=x"]
    assert export_main(wanted) == ExitStatus.DONE
    (tmp_path / "x/left_out").mkdir()
    lines(tmp_path / "x/left_out/train-00000.jsonl", [{"episode_id": "0", "reason": "a", "message": "b"}])
    status, printed = run(capsys, str(tmp_path / "x"), f"format={name}", "boxes=target")
    assert (status, "nothing is wrong: 6 rows read" in printed) == (ExitStatus.DONE, True), printed
