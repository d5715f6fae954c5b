"""Where a list of what to take down is read from, and what is said where it cannot be."""

from pathlib import Path

import pytest

from pipelines.config import SettingsError
from pipelines.exclude import read_exclude
from storage.builds.exclusion import Exclusion
from storage.files.settings import S3Settings, StoreSettings

SAMPLE = "0c" * 16


def test_nothing_is_taken_down_without_a_list() -> None:
    assert not read_exclude(None, StoreSettings())


def test_a_list_is_read_from_a_path_whatever_the_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "list.txt").write_text(f"{SAMPLE}\n")
    monkeypatch.chdir(tmp_path)
    for where in ("list.txt", str(tmp_path / "list.txt"), f"file://{tmp_path}/list.txt"):
        for store in (StoreSettings(), S3Settings()):
            assert read_exclude(where, store) == Exclusion(frozenset({SAMPLE}))


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ("none.txt", "there is no such file"),
        ("/nowhere/none.txt", "there is no such file"),
        ("folder", "there is no such file"),
        ("folder/", "there is no such file"),
        ("garbled.txt", "line 1"),
        ("https://host/list.txt", "give a path, s3:// or gs://"),
    ],
)
def test_a_list_that_cannot_be_read_is_named_with_what_to_do(
    where: str, expected: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "garbled.txt").write_text(f"{SAMPLE[:-2]}\n")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SettingsError, match=expected) as raised:
        read_exclude(where, StoreSettings())
    assert "\n" not in str(raised.value)
