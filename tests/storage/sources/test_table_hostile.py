"""Hostile and damaged files: a bad row costs itself, within bounds of memory and reach."""

import base64
import io
import json
import struct
import tarfile
import tracemalloc
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from storage.sources.protocol import SourceError, SourceFailure, SourceItem
from storage.sources.table.layouts import layout, lines
from storage.sources.table.settings import TableSettings
from storage.sources.table.source import TableSource
from tests.storage.sources.table_cases import NAMES, PICTURES, PLAIN, put_pictures
from tests.storage.sources.written import picture, read

TAR = {"question": "json.question", "answers": "json.answer", "image": "png"}


def opened(
    path: Path, columns: Mapping[str, Any] = PLAIN, **settings: Any
) -> tuple[list[SourceItem], list[SourceFailure]]:
    return read(TableSource(TableSettings(path=str(path), columns=columns, **settings)))


def row(image: object = "1.png", **more: object) -> str:
    return json.dumps({"image": image, "question": "What?", "answer": "x", **more}) + "\n"


def rows(folder: Path, *content: str | bytes, name: str = "r.jsonl") -> Path:
    put_pictures(folder)
    data = b"".join(one if isinstance(one, bytes) else one.encode("utf-8", "surrogatepass") for one in content)
    (folder / name).write_bytes(data)
    return folder / name


@pytest.mark.parametrize(
    ("name", "error_class"),
    [
        ("../1.png", "path_outside"),
        ("/etc/passwd", "path_outside"),
        ("file:///etc/passwd", "path_outside"),
        ("images/../../x.png", "path_outside"),
        ("C:\\x.png", "path_outside"),
        ("https://example.org/1.png", "bad_field"),
        ("s3://bucket/1.png", "bad_field"),
        ("a\0.png", "bad_field"),
        ("", "image_missing"),
        (7.5, "image_missing"),
        (["1.png", "2.png"], "bad_field"),
        ("data:image/png;base64,!!!", "image_unreadable"),
        ({"bytes": None, "path": "../1.png"}, "path_outside"),
    ],
)
def test_a_picture_that_cannot_be_taken_fails_alone_by_name(name: object, error_class: str, tmp_path: Path) -> None:
    items, failures = opened(rows(tmp_path, row(), row(name), row(question="And?")))
    assert len(items) == 2
    assert [(one.error_class, one.origin) for one in failures] == [(error_class, "r.jsonl row 2")]
    assert 'field "image' in failures[0].message


def test_a_url_of_a_mirror_stays_within_the_mirror(tmp_path: Path) -> None:
    (tmp_path / "mirror").mkdir()
    path = rows(tmp_path, row("https://a.example/../1.png"), row("https://a.example/%2e%2e/1.png"))
    items, failures = opened(path, url_base="https://a.example/", pictures=str(tmp_path / "mirror"))
    assert not items
    assert [one.error_class for one in failures] == ["path_outside"] * 2


def test_base64_over_the_limit_of_a_row_is_one_failure_and_is_not_held(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lines, "MAX_ROW", 2**16)
    huge = row("iVBORw0KGgo" + "A" * 2**24)
    path = rows(tmp_path, row(), huge, row(question="And?"))
    tracemalloc.start()
    items, failures = opened(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(items) == 2
    assert [one.error_class for one in failures] == ["bad_json"]
    assert peak < 2**23


@pytest.mark.parametrize(
    "line",
    [
        "{\n",
        "[1, 2]\n",
        '{"image": "1.png", "image": "2.png"}\n',
        '{"a": ' + "[" * 10**5 + "\n",
        b'{"question": "\xff\xfe"}\n',
    ],
)
def test_a_line_that_is_no_row_fails_alone(line: str | bytes, tmp_path: Path) -> None:
    items, failures = opened(rows(tmp_path, row(), line, row(question="And?")))
    assert len(items) == 2
    assert [one.origin for one in failures] == ["r.jsonl row 2"]


@pytest.mark.parametrize(
    "bad", ['{"image": 1.png}', '"text"', "[]", '{"a": "\\ud800"}', '{"question": "q", "answer": "a"}']
)
def test_a_bad_element_of_a_json_list_fails_alone(bad: str, tmp_path: Path) -> None:
    path = rows(tmp_path, "[" + row(question='with "}], [{" in it?') + "," + bad + "," + row() + "]", name="r.json")
    items, failures = opened(path)
    assert [item.sample.question for item in items] == ['with "}], [{" in it?', "What?"]
    assert [one.origin for one in failures] == ["r.json row 2"]


def test_a_json_list_that_is_cut_off_loses_its_last_row(tmp_path: Path) -> None:
    items, failures = opened(rows(tmp_path, "[" + row() + "," + row()[:-10], name="r.json"))
    assert (len(items), len(failures)) == (1, 1)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("1", "neither a list nor an object"),
        ('{"a": [{"x": 1}], "b": [{"x": 1}]}', "several lists of rows"),
        ('{"a": 1}', "without a list of rows"),
        ("", "cannot be read"),
    ],
)
def test_a_json_file_without_rows_is_refused(content: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=message):
        opened(rows(tmp_path, content, name="r.json"))


HEAD = "image,question,answer\n"


@pytest.mark.parametrize(
    ("bad", "error_class"),
    [
        (b"1.png,What?\n", "bad_row"),
        (b"1.png,What?,x,y\n", "bad_row"),
        (b'1.png,"What"?,x\n', "bad_row"),
        (b"1.png,\xff\xfe,x\n", "bad_text"),
        (b"1.png,,x\n", "missing_field"),
    ],
)
def test_a_bad_record_of_a_csv_fails_alone(bad: bytes, error_class: str, tmp_path: Path) -> None:
    items, failures = opened(rows(tmp_path, HEAD, "1.png,What?,x\n", bad, "2.png,And?,y\n", name="r.csv"))
    assert len(items) == 2
    assert [(one.error_class, one.origin) for one in failures] == [(error_class, "r.csv row 2")]


def test_a_quote_that_is_not_closed_ends_at_the_limit_of_a_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "MAX_ROW", 2**12)
    content = [HEAD, "1.png,What?,x\n", '1.png,"open,x\n', *["2.png,And?,y\n"] * 500]
    items, failures = opened(rows(tmp_path, *content, name="r.csv"))
    assert len(items) > 100
    assert len(failures) == 1
    assert "close its quotes" in failures[0].message


def test_utf_16_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="UTF-16"):
        opened(rows(tmp_path, (HEAD + "1.png,What?,x\n").encode("utf-16"), name="r.csv"))


def member(name: str, data: bytes, **more: Any) -> tuple[tarfile.TarInfo, bytes]:
    info = tarfile.TarInfo(name)
    info.size = len(data)
    for key, value in more.items():
        setattr(info, key, value)
    return info, data


def archive(path: Path, members: list[tuple[tarfile.TarInfo, bytes]], kind: int = tarfile.PAX_FORMAT) -> Path:
    with tarfile.open(path, "w", format=kind) as tar:
        for info, data in members:
            tar.addfile(info, io.BytesIO(data))
    return path


SAID = json.dumps({"question": "What?", "answer": "x"}).encode()


@pytest.mark.parametrize("kind", [tarfile.PAX_FORMAT, tarfile.GNU_FORMAT])
def test_long_names_in_a_tar_belong_to_their_row(kind: int, tmp_path: Path) -> None:
    name = "ü" * 70 + "/" + "b" * 120
    members = [member(f"{name}.png", PICTURES[0]), member(f"{name}.json", SAID)]
    items, failures = opened(archive(tmp_path / "a.tar", members, kind), TAR)
    assert (len(items), failures) == (1, [])


def test_links_and_devices_in_a_tar_are_no_members(tmp_path: Path) -> None:
    link, _ = member("1.png", b"", type=tarfile.SYMTYPE, linkname="/etc/passwd")
    device, _ = member("1.jpg", b"", type=tarfile.CHRTYPE)
    items, failures = opened(archive(tmp_path / "a.tar", [(link, b""), (device, b""), member("1.json", SAID)]), TAR)
    assert not items
    assert [one.error_class for one in failures] == ["missing_field"]


def test_a_tar_that_names_more_bytes_than_the_file_has_is_refused(tmp_path: Path) -> None:
    path = archive(tmp_path / "a.tar", [member("1.png", PICTURES[0])])
    data = bytearray(path.read_bytes())
    data[124:136] = b"77777777777\0"
    path.write_bytes(data)
    with pytest.raises(SourceError, match="no whole tar file"):
        opened(path, TAR)


def test_a_member_over_the_limit_fails_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("storage.sources.table.layouts.webdataset.MAX_IMAGE_BYTES", 1000)
    members = [member("1.png", picture()), member("1.json", SAID), member("2.png", b"x" * 2000), member("2.json", SAID)]
    items, failures = opened(archive(tmp_path / "a.tar", members), TAR)
    assert len(items) == 1
    assert [(one.error_class, one.origin) for one in failures] == [("too_long", "a.tar row 2 (2)")]


def test_packed_files_are_refused(tmp_path: Path) -> None:
    for name in ("a.tar", "a.jsonl", "a.csv", "a.json"):
        (tmp_path / name).write_bytes(b"\x1f\x8b" + b"\0" * 600)
        with pytest.raises(SourceError, match="compressed"):
            opened(tmp_path / name)


def test_text_in_parquet_that_is_not_utf_8_fails_alone(tmp_path: Path) -> None:
    question = pa.array([b"What?", b"\xff"], pa.binary()).view(pa.binary()).cast(pa.string(), safe=False)
    pq.write_table(
        pa.table({"image": PICTURES[:2], "question": question, "answer": ["x", "y"]}), tmp_path / "r.parquet"
    )
    items, failures = opened(tmp_path / "r.parquet")
    assert len(items) == 1
    assert [(one.error_class, one.origin) for one in failures] == [("bad_text", "r.parquet row 2")]


def test_an_arrow_file_with_wrong_offsets_gives_failures(tmp_path: Path) -> None:
    table = pa.table({"image": PICTURES[:2], "question": ["What?", "And?"], "answer": ["x", "y"]})
    with pa.OSFile(str(tmp_path / "r.arrow"), "wb") as sink, pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    data = bytearray((tmp_path / "r.arrow").read_bytes())
    at = data.index(struct.pack("<iii", 0, 5, 9))
    data[at : at + 12] = struct.pack("<iii", 0, 2**30, 2**31 - 1)
    (tmp_path / "r.arrow").write_bytes(data)
    items, failures = opened(tmp_path / "r.arrow")
    assert not items
    assert [one.error_class for one in failures] == ["bad_field"] * 2


def test_a_file_that_only_has_the_name_of_its_kind_is_refused(tmp_path: Path) -> None:
    for name in ("r.parquet", "r.arrow", "r.tar"):
        (tmp_path / name).write_bytes(b"not what the name says" * 100)
        with pytest.raises(SourceError, match="fetch it again"):
            opened(tmp_path / name)


@pytest.mark.parametrize(
    "box",
    [
        [1, 2, 3],
        [5, 5, 5, 9],
        [9, 5, 1, 9],
        [500, 5, 600, 9],
        [1e308, 0, 1, 1],
        ["a", 1, 2, 3],
        "[1, 2",
        {"x": 1},
        [[1, 2, 3, 4]] * 101,
    ],
)
def test_a_box_that_cannot_be_fails_by_name(box: object, tmp_path: Path) -> None:
    path = rows(tmp_path, row(bbox=box), row(bbox=[1, 2, 30, 40]))
    items, failures = opened(path, {**PLAIN, "boxes": "bbox"}, boxes="xyxy")
    assert len(items) == 1
    assert [(one.error_class, 'field "bbox"' in one.message) for one in failures] == [("bad_box", True)]


def test_items_of_different_numbers_fail_by_name(tmp_path: Path) -> None:
    path = rows(tmp_path, row(q=["a?", "b?"], a=["1"]), row(q=["a?"], a=["1"]))
    items, failures = opened(path, {"question": "q.*", "answers": "a.*", "image": "image"})
    assert len(items) == 1
    assert "lists of different lengths" in failures[0].message


def test_a_bomb_of_items_is_one_failure(tmp_path: Path) -> None:
    path = rows(tmp_path, row(q=["a?"] * 2000))
    _, failures = opened(path, {"question": "q.*", "answers": "answer", "image": "image"})
    assert [one.error_class for one in failures] == ["bad_field"]


def test_an_index_of_printed_options_is_a_failure_until_the_first_index_is_said(tmp_path: Path) -> None:
    path = rows(tmp_path, row(question="Which?\n(A) red\n(B) blue", answer=1))
    assert opened(path)[1][0].error_class == "bad_field"
    items, _ = opened(path, first_index=0)
    assert items[0].sample.answers == ("blue",)


def test_parts_of_rows_are_read_alone_like_the_whole(tmp_path: Path) -> None:
    content = [row(question=f"Question {at}?") for at in range(150)]
    source = TableSource(TableSettings(path=str(rows(tmp_path, *content, b"\n")), columns=PLAIN))
    slices = list(source.slices())
    assert [part.rows for part in slices] == [layout.PART_ROWS, layout.PART_ROWS, 150 - 2 * layout.PART_ROWS]
    found = [
        item.sample.question for part in reversed(slices) for item in source.read(part) if isinstance(item, SourceItem)
    ]
    assert set(found) == {f"Question {at}?" for at in range(150)}


def test_base64_with_line_ends_is_read(tmp_path: Path) -> None:
    items, _ = opened(rows(tmp_path, row(base64.encodebytes(PICTURES[0]).decode()), name="r.jsonl"))
    assert items[0].image == PICTURES[0]


def test_names_are_looked_up_beside_each_file_of_rows(tmp_path: Path) -> None:
    for folder in ("train", "test"):
        (tmp_path / folder).mkdir()
        rows(tmp_path / folder, row(NAMES[0], question=f"{folder}?"))
    items, _ = opened(tmp_path)
    assert {(item.sample.split, item.sample.question) for item in items} == {("train", "train?"), ("test", "test?")}
