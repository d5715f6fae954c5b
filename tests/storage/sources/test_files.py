"""Names of files: those that a row gives stay inside the folder, links in the folder are the user's own."""

import os
import unicodedata
from pathlib import Path
from typing import Literal, get_args

import pytest

from storage.sources.files import files_below, read_within, require_local, snapshot_of
from storage.sources.protocol import SourceError
from storage.sources.rows import RowProblem

Form = Literal["NFC", "NFD"]
FORMS: tuple[Form, ...] = get_args(Form)


def problem_of(root: Path, name: object) -> RowProblem:
    with pytest.raises(RowProblem) as caught:
        read_within(root, name, "image")
    return caught.value


@pytest.mark.parametrize(
    "name",
    [
        "../x",
        "a/../../x",
        "a/../x",
        "..",
        "/etc/passwd",
        "\\\\server\\x",
        "..\\x",
        "C:\\x.png",
        "c:/x.png",
        "file:///etc/passwd",
        "file:x",
    ],
)
def test_a_name_that_leaves_the_folder_is_refused_even_where_a_file_is(tmp_path: Path, name: str) -> None:
    (tmp_path / "x").write_bytes(b"secret")
    (tmp_path / "data" / "a").mkdir(parents=True)
    assert problem_of(tmp_path / "data", name).error_class == "path_outside"


def test_a_url_is_told_to_be_fetched(tmp_path: Path) -> None:
    problem = problem_of(tmp_path, "https://example.org/x.png")
    assert problem.error_class == "bad_field"
    assert "fetch" in str(problem)


@pytest.mark.parametrize("name", ["link.png", "folder/x.png"])
def test_a_link_is_followed_out_of_the_folder(tmp_path: Path, name: str) -> None:
    data = tmp_path / "data"
    data.mkdir()
    (tmp_path / "blobs").mkdir()
    (tmp_path / "blobs" / "x.png").write_bytes(b"picture")
    (data / "link.png").symlink_to("../blobs/x.png")
    (data / "folder").symlink_to("../blobs")
    assert read_within(data, name, "image") == b"picture"


@pytest.mark.parametrize("written", FORMS)
@pytest.mark.parametrize("there", FORMS)
def test_a_name_is_found_in_either_unicode_form(tmp_path: Path, written: Form, there: Form) -> None:
    name = "é/ü ñ/각.png"
    # Folders in one form and the file in the other, as archives made on different systems leave them.
    file = tmp_path / unicodedata.normalize(there, "é") / unicodedata.normalize("NFC", "ü ñ")
    file.mkdir(parents=True)
    (file / unicodedata.normalize(there, "각.png")).write_bytes(b"picture")
    assert read_within(tmp_path, unicodedata.normalize(written, name), "image") == b"picture"


def test_the_written_one_of_two_similar_names_is_read(tmp_path: Path) -> None:
    for form in FORMS:
        (tmp_path / unicodedata.normalize(form, "ü")).write_text(form)
    for form in FORMS:
        assert read_within(tmp_path, unicodedata.normalize(form, "ü"), "image") == form.encode()


@pytest.mark.parametrize(("name", "there"), [("a.jpg", "a.JPG"), ("a.PNG", "a.png")])
def test_a_name_finds_its_file_whatever_the_case_of_the_ending(tmp_path: Path, name: str, there: str) -> None:
    (tmp_path / there).write_bytes(b"picture")
    assert read_within(tmp_path, name, "image") == b"picture"


def test_a_name_with_backslashes_is_one_with_folders(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "b.png").write_bytes(b"picture")
    assert read_within(tmp_path, "a\\b.png", "image") == b"picture"


def test_a_pipe_in_place_of_a_picture_is_named(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.png")
    assert problem_of(tmp_path, "a.png").error_class == "image_unreadable"


def test_files_are_found_whatever_the_case_of_their_ending_but_no_hidden_ones(tmp_path: Path) -> None:
    names = [
        "b.PARQUET",
        "a.parquet",
        "._a.parquet",
        ".ipynb_checkpoints/a.parquet",
        "__MACOSX/a.parquet",
        "a.txt",
        "c/d.parquet",
    ]
    for name in names:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    found = [str(file.relative_to(tmp_path)) for file in files_below(tmp_path, ".parquet")]
    assert found == ["a.parquet", "b.PARQUET", "c/d.parquet"]


def test_files_are_found_behind_links_and_a_circle_of_links_ends(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "a.parquet").touch()
    root = tmp_path / "root"
    root.mkdir()
    (root / "data").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere" / "again").symlink_to(root)
    (root / "gone.parquet").symlink_to("nowhere")
    assert files_below(root, ".parquet") == [root / "data" / "a.parquet"]


def cache(root: Path, *versions: str) -> Path:
    for version in versions:
        (root / "snapshots" / version).mkdir(parents=True)
    (root / "blobs").mkdir()
    return root


def test_the_main_version_of_a_download_cache_is_read(tmp_path: Path) -> None:
    root = cache(tmp_path, "one", "two")
    (root / "refs").mkdir()
    (root / "refs" / "main").write_text("two\n")
    assert snapshot_of(root, "x") == root / "snapshots" / "two"


def test_several_versions_of_which_none_is_the_main_one_are_named(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"2 versions \(one, two\); give the path of one"):
        snapshot_of(cache(tmp_path, "one", "two"), "x")


@pytest.mark.parametrize("path", ["", " ", "s3://bucket/x", "https://x/y", "~no-such-user/x"])
def test_a_path_that_cannot_be_one_of_this_machine_is_named(path: str) -> None:
    with pytest.raises(SourceError, match=r"sources/x: "):
        require_local(path, "x")
