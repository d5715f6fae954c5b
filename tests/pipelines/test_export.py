"""`pipelines.export` as a person uses the command."""

import io
import json
from pathlib import Path
from typing import Any

import datasets
import pyarrow.parquet as pq
import pytest
from PIL import Image

from pipelines.exit_status import ExitStatus
from pipelines.export import main
from pipelines.validate import main as validate
from storage.exports.parts import PARTS
from tests.storage.exports.versions import a_version

EPISODE_FORMATS = ["trl", "llamafactory", "swift", "verl_sft", "verl_rl"]


@pytest.fixture
def version(tmp_path: Path) -> str:
    """A version of six accepted episodes; two of them have a rejected one beside them."""
    return a_version(str(tmp_path / "out"), wrong=(1, 4))


@pytest.fixture(autouse=True)
def in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def export(capfd: pytest.CaptureFixture[str], *arguments: str, status: int = 0) -> str:
    """What an export says."""
    found = main(arguments)
    captured = capfd.readouterr()
    assert found == status, captured.err
    return captured.out + captured.err


def contents(folder: Path) -> dict[str, bytes]:
    """Every file of an export that a trainer may read."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and PARTS not in path.parts
    }


def table(folder: Path) -> list[dict[str, Any]]:
    """The rows of an export in Parquet."""
    return [row for path in sorted((folder / "train").glob("*.parquet")) for row in pq.read_table(path).to_pylist()]


@pytest.mark.parametrize("name", EPISODE_FORMATS)
@pytest.mark.parametrize("pictures", ["embedded", "files"])
def test_every_format_exports_every_row_and_loads_with_datasets(
    name: str, pictures: str, version: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    export(capfd, f"dataset={version}", f"format={name}", f"format.pictures={pictures}", "to=x")
    assert json.loads((tmp_path / "x/export.json").read_text())["rows"] == {"train": 6}
    loaded = datasets.load_dataset(str(tmp_path / "x"), split="train", cache_dir=str(tmp_path / "cache"))
    assert len(loaded) == 6
    first = loaded[0]["images"][0]
    if name == "trl":
        assert first.size == (560, 420)
    elif pictures == "files":
        path = first["image"].removeprefix("file://") if isinstance(first, dict) else first
        with Image.open(tmp_path / "x" / path) as picture:
            assert picture.size == (560, 420)
    else:
        assert Image.open(io.BytesIO(first["bytes"])).size == (560, 420)


def test_the_default_folder_names_version_and_format(
    version: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    said = export(capfd, f"dataset={version}", "format=trl")
    assert (tmp_path / "exports/v1-trl/README.md").exists()
    assert "6 rows" in said


def test_a_second_run_does_nothing_and_keeps_the_bytes(
    version: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    export(capfd, f"dataset={version}", "format=swift", "format.pictures=files", "to=x")
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "x").rglob("*") if path.is_file()}
    said = export(capfd, f"dataset={version}", "format=swift", "format.pictures=files", "to=x")
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "x").rglob("*") if path.is_file()} == before
    assert "is there already" in said


def test_a_stopped_export_goes_on_and_has_the_bytes_of_a_whole_one(
    version: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    for name in ("x", "y"):
        export(capfd, f"dataset={version}", "format=llamafactory", "format.pictures=files", f"to={name}/same")
    (tmp_path / "y/same/export.json").unlink()
    for record in (tmp_path / "y/same" / PARTS).glob(f"{'?' * 32}.json"):
        record.unlink()
    cut = next((tmp_path / "y/same/images").rglob("*.png"))
    cut.write_bytes(cut.read_bytes()[:50])
    export(capfd, f"dataset={version}", "format=llamafactory", "format.pictures=files", "to=y/same")
    assert contents(tmp_path / "x/same") == contents(tmp_path / "y/same")


def test_a_folder_with_an_export_of_other_settings_is_refused_and_the_settings_are_named(
    version: str, capfd: pytest.CaptureFixture[str]
) -> None:
    export(capfd, f"dataset={version}", "format=trl", "to=x")
    said = export(capfd, f"dataset={version}", "format=trl", "format.rows=turn", "to=x", status=ExitStatus.MEND)
    assert "settings" in said
    assert "another to=" in said


def test_a_condition_chooses_rows(version: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    export(capfd, f"dataset={version}", "format=trl", "where=episode_id < '0000000000000003'", "to=x")
    assert len(table(tmp_path / "x")) == 3


def test_a_wrong_condition_is_one_line(version: str, capfd: pytest.CaptureFixture[str]) -> None:
    said = export(capfd, f"dataset={version}", "format=trl", "where=nothing > 3", "to=x", status=ExitStatus.MEND)
    assert "nothing" in said
    assert "Traceback" not in said


@pytest.mark.parametrize("where", ["rung = 'x'", "cast(subset || 'a' as integer) > 1"])
def test_a_condition_that_compares_unlike_values_is_one_line(
    where: str, version: str, capfd: pytest.CaptureFixture[str]
) -> None:
    said = export(capfd, f"dataset={version}", "format=trl", f'where="{where}"', "to=x", status=ExitStatus.MEND)
    assert "where: " in said
    assert "bug" not in said


def test_a_rung_that_the_version_lacks_is_refused_with_the_known_ones(
    version: str, capfd: pytest.CaptureFixture[str]
) -> None:
    said = export(capfd, f"dataset={version}", "format=trl", "rungs=[448,999]", "to=x", status=ExitStatus.MEND)
    assert "rungs has 999; the version has the rungs 448, 672" in said


def test_a_condition_may_end_with_a_comment(version: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    export(capfd, f"dataset={version}", "format=trl", 'where="true -- all"', "to=x")
    assert len(table(tmp_path / "x")) == 6


def test_columns_of_the_version_are_carried(version: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    export(capfd, f"dataset={version}", "format=trl", "columns=[subset,rung]", "to=x")
    assert [(row["subset"], row["rung"]) for row in table(tmp_path / "x")] == [
        *((str(n), 448) for n in (0, 2, 4)),
        *((str(n), 672) for n in (1, 3, 5)),
    ]


def test_an_unknown_column_is_refused_with_the_known_ones(version: str, capfd: pytest.CaptureFixture[str]) -> None:
    said = export(capfd, f"dataset={version}", "format=trl", "columns=[nothing]", "to=x", status=ExitStatus.MEND)
    assert "episode_id" in said


@pytest.mark.parametrize("name", ["trl_dpo", "swift_pairs"])
def test_a_format_of_pairs_takes_a_right_and_a_wrong_episode_at_one_question(
    name: str, version: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    export(capfd, f"dataset={version}", f"format={name}", "to=x", "columns=[subset]")
    assert sorted(row["subset"] for row in table(tmp_path / "x")) == ["1", "4"]


def test_a_version_without_a_wrong_episode_gives_no_pair_and_says_so(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    version = a_version(str(tmp_path / "right"))
    assert "pair" in export(capfd, f"dataset={version}", "format=trl_dpo", "to=x", status=ExitStatus.MEND)


def test_a_row_that_the_target_cannot_hold_is_left_out_and_listed_with_the_reason(
    version: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    said = export(capfd, f"dataset={version}", "format=trl", "format.max_tokens=100", "to=x", status=ExitStatus.FAILED)
    files = sorted((tmp_path / "x/left_out").glob("train-*.jsonl"))
    lines = [json.loads(line) for file in files for line in file.read_text().splitlines()]
    assert len(lines) == 6
    assert {*lines[0]} == {"episode_id", "reason", "message"}
    assert lines[0]["reason"] in said
    assert not (tmp_path / "x/train").exists()


def test_a_damaged_shard_is_one_line_that_names_the_file_and_the_way_out(
    version: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    shard = next((tmp_path / "out/shards").glob("train-*"))
    shard.write_bytes(shard.read_bytes()[:-100])
    said = export(capfd, f"dataset={version}", "format=trl", "to=x", status=ExitStatus.MEND)
    assert shard.name in said
    assert "verify" in said
    assert not (tmp_path / "x/export.json").exists()


def test_a_version_of_another_format_number_is_one_line(version: str, capfd: pytest.CaptureFixture[str]) -> None:
    path = Path(version) / "manifest.json"
    manifest = json.loads(path.read_text())
    manifest["inputs"]["format"] = 3
    path.write_text(json.dumps(manifest))
    said = export(capfd, f"dataset={version}", "format=trl", "to=x", status=ExitStatus.MEND)
    assert "format 3" in said
    assert "publish" in said


@pytest.mark.usefixtures("version")
@pytest.mark.parametrize("place", ["nowhere", "nowhere/datasets/v1", "out/datasets/v9", "out"])
def test_a_folder_that_is_no_version_is_one_line(place: str, capfd: pytest.CaptureFixture[str]) -> None:
    said = export(capfd, f"dataset={place}", "format=trl", "to=x", status=ExitStatus.MEND)
    assert "folder of a version" in said
    assert "Traceback" not in said


def test_an_unknown_target_is_refused_with_the_known_ones(version: str, capfd: pytest.CaptureFixture[str]) -> None:
    said = export(capfd, f"dataset={version}", "format=trl", "format.target=qwen9", status=ExitStatus.MEND)
    assert "qwen2_5_vl" in said


def test_the_readme_names_every_setting_and_a_command(
    version: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    export(capfd, f"dataset={version}", "format=llamafactory", "format.target=qwen3_vl", "to=x")
    text = (tmp_path / "x/README.md").read_text()
    assert "| target | `qwen3_vl` |" in text
    assert "llamafactory-cli train" in text
    info = json.loads((tmp_path / "x/dataset_info.json").read_text())
    assert info["x_train"]["file_name"] == "train"


@pytest.mark.parametrize("name", ["llamafactory", "swift", "cof", "verl_sft", "trl"])
def test_what_is_exported_passes_validation_with_picture_files(
    name: str, version: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    export(capfd, f"dataset={version}", f"format={name}", "format.pictures=files", "to=x")
    assert validate([f"path={tmp_path}/x/train", f"format={name}", "boxes=target"]) == ExitStatus.DONE
    assert "nothing is wrong: 6 rows read" in capfd.readouterr().out


@pytest.mark.parametrize("name", ["trl", "llamafactory", "swift", "verl_sft", "verl_rl"])
def test_pictures_in_files_are_counted_as_embedded_ones_are(
    name: str, version: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    needs = []
    for pictures in ("embedded", "files"):
        export(capfd, f"dataset={version}", f"format={name}", f"format.pictures={pictures}", f"to={pictures}")
        readme = (tmp_path / pictures / "README.md").read_text()
        needs.append(readme[readme.index("The longest row") : readme.index("## Train")])
    assert needs[0] == needs[1]
    assert "the largest picture has 235,200 pixels" in needs[0]


@pytest.mark.parametrize("pictures", ["embedded", "files"])
def test_a_row_for_verls_tools_holds_the_original(
    pictures: str, version: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    export(capfd, f"dataset={version}", "format=verl_rl", f"format.pictures={pictures}", "to=x")
    found = {row["extra_info"]["sample_id"]: row for row in table(tmp_path / "x")}
    assert len(found) == 6
    originals = set()
    for row in found.values():
        image = row["extra_info"]["tools_kwargs"]["image_zoom_in_tool"]["create_kwargs"]["image"]
        path = image.get("image", "").removeprefix("file://")
        originals.add(Path(path).read_bytes() if pictures == "files" else image["bytes"])
    assert originals == {b"picture %d" % number for number in range(6)}
