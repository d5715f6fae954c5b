"""A version in a bucket, exported to a bucket and to a folder."""

from pathlib import Path

import pytest

from pipelines.exit_status import ExitStatus
from pipelines.export import main
from storage.exports.parts import PARTS
from storage.files.store import Files
from tests.storage.exports.versions import a_version


def contents(files: Files, folder: str) -> dict[str, bytes]:
    """The files of an export that a trainer may read."""
    paths = [path for path in files.each(folder) if f"/{PARTS}/" not in path]
    return {path.removeprefix(folder): files.read(path) for path in paths}


@pytest.mark.parametrize("pictures", ["embedded", "files"])
def test_an_export_from_a_bucket_has_the_same_bytes_in_a_bucket_and_in_a_folder(
    pictures: str, s3_files: Files, bucket: str, endpoint: str, tmp_path: Path
) -> None:
    version = a_version(s3_files)
    common = (f"dataset={version}", "store=s3", f"store.endpoint={endpoint}", f"format.pictures={pictures}")
    assert main([*common, "format=llamafactory", f"to=s3://{bucket}/exports/x"]) == ExitStatus.DONE
    assert main([*common, "format=llamafactory", f"to={tmp_path}/exports/x"]) == ExitStatus.DONE
    there = contents(Files(f"s3://{bucket}", {"endpoint_url": endpoint}), "exports/x")
    assert there == contents(Files(str(tmp_path)), "exports/x")
    assert "/export.json" in there


def test_picture_files_in_a_bucket_need_the_path_where_the_trainer_runs(
    s3_files: Files, bucket: str, endpoint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    version = a_version(s3_files)
    common = (f"dataset={version}", "store=s3", f"store.endpoint={endpoint}", "format.pictures=files", "format=swift")
    assert main([*common, f"to=s3://{bucket}/x"]) == ExitStatus.MEND
    assert "add root=PATH" in capsys.readouterr().err
    assert main([*common, f"to=s3://{bucket}/x", "root=/data/x"]) == ExitStatus.DONE
    rows = Files(f"s3://{bucket}", {"endpoint_url": endpoint}).read("x/train/00000.jsonl").decode()
    assert '"/data/x/images/' in rows
