"""ChartQA's folder layout: what is read, in which order, and what each kind of bad row becomes."""

import gzip
import io
import json
import os
import struct
import zlib
from pathlib import Path

import pytest
from PIL import Image

from storage.sources.chartqa import ChartQASource
from storage.sources.protocol import SourceError
from tests.storage.sources.written import chartqa, only_failure, picture, read, row


def fields(*rows: dict[str, object]) -> list[dict[str, object]]:
    return [row(**one) for one in rows]


def saved(image: Image.Image, kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


# What is read


def test_a_row_becomes_a_sample_with_its_picture(tmp_path: Path) -> None:
    (item,), failures = read(ChartQASource(chartqa(tmp_path, [row()])))
    sample = item.sample
    assert failures == []
    assert item.image == picture()
    assert (sample.question, sample.answers, sample.width, sample.height) == ("How many bars?", ("3",), 120, 80)
    assert (sample.source, sample.subset, sample.split, sample.licence) == ("chartqa", "human", "test", "GPL-3.0")
    assert sample.origin.endswith("test_human.json row 1")


@pytest.mark.parametrize("given", ["", "ChartQA Dataset", "ChartQA Dataset/val"])
def test_the_path_may_stop_anywhere_on_the_way_to_a_split(tmp_path: Path, given: str) -> None:
    chartqa(tmp_path / "ChartQA Dataset", [row()], split="val")
    ((item,), _) = read(ChartQASource(tmp_path / given))
    assert item.sample.split == "val"


def test_all_splits_are_read_in_order_unless_some_are_chosen(tmp_path: Path) -> None:
    for split in ("test", "train", "val"):
        chartqa(tmp_path, [row(query=split)], split=split)
    assert [item.sample.split for item in read(ChartQASource(tmp_path))[0]] == ["train", "val", "test"]
    assert [item.sample.split for item in read(ChartQASource(tmp_path, ("test",)))[0]] == ["test"]


def test_subsets_may_be_chosen(tmp_path: Path) -> None:
    chartqa(tmp_path, [row()], [row(query="Which?")])
    assert [item.sample.subset for item in read(ChartQASource(tmp_path))[0]] == ["human", "augmented"]
    assert [item.sample.subset for item in read(ChartQASource(tmp_path, None, ("augmented",)))[0]] == ["augmented"]


def test_rows_of_one_picture_come_together(tmp_path: Path) -> None:
    pictures = {"a.png": picture("red"), "b.png": picture("blue")}
    human = fields({"query": "1"}, {"query": "2", "imgname": "b.png"}, {"query": "3"})
    items, _ = read(ChartQASource(chartqa(tmp_path, human, fields({"query": "4"}), pictures)))
    assert [item.sample.question for item in items] == ["1", "3", "4", "2"]


def test_a_sample_id_follows_from_content_alone(tmp_path: Path) -> None:
    one = chartqa(tmp_path / "one", fields({}, {"query": "Which?"}))
    other = chartqa(
        tmp_path / "other",
        None,
        fields({"query": "Which?", "imgname": "renamed.png"}, {"imgname": "renamed.png"}),
        {"renamed.png": picture()},
        split="train",
    )
    ids = [{item.sample.sample_id for item in read(ChartQASource(root))[0]} for root in (one, other)]
    assert ids[0] == ids[1]
    assert len(ids[0]) == 2


@pytest.mark.parametrize(
    ("label", "answers"),
    [
        ("Yes", ("Yes",)),
        (["A", "B", "A"], ("A", "B")),
        (14, ("14",)),
        (0.5, ("0.5",)),
        (3.0, ("3",)),
        (-0.0, ("0",)),
        (1e15, ("1000000000000000",)),
        (" 7 ", ("7",)),
    ],
)
def test_a_label_may_be_text_number_or_list(tmp_path: Path, label: object, answers: tuple[str, ...]) -> None:
    ((item,), _) = read(ChartQASource(chartqa(tmp_path, [row(label=label)])))
    assert item.sample.answers == answers


@pytest.mark.parametrize(
    "question", ["哪一年最高？", "أي عام هو الأعلى؟", "किस वर्ष?", "Çok mu? 🙂", "a\nb\tc", "{}<img>"]
)
def test_a_question_may_be_in_any_script(tmp_path: Path, question: str) -> None:
    ((item,), _) = read(ChartQASource(chartqa(tmp_path, [row(query=question)])))
    assert item.sample.question == question


def test_tables_and_other_files_are_left_alone(tmp_path: Path) -> None:
    chartqa(tmp_path, [row()])
    (tmp_path / "test" / "tables").mkdir()
    (tmp_path / "test" / "tables" / "a.csv").write_text("not, a\ntable")
    assert len(read(ChartQASource(tmp_path))[0]) == 1


def test_a_byte_order_mark_is_no_trouble(tmp_path: Path) -> None:
    chartqa(tmp_path, "\ufeff" + json.dumps([row()]))
    assert len(read(ChartQASource(tmp_path))[0]) == 1


# The source as a whole


def test_a_missing_folder_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"no folder .*nowhere; give the path"):
        ChartQASource(tmp_path / "nowhere")


def test_a_file_in_place_of_the_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(SourceError, match="is not a folder"):
        ChartQASource(tmp_path / "file")


def test_a_folder_without_splits_says_what_was_expected(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="expected train/, val/ or test/"):
        ChartQASource(tmp_path)


def test_a_split_that_is_not_there_is_named_with_those_that_are(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r'no split "train" \(found: test\)'):
        ChartQASource(chartqa(tmp_path, [row()]), ("train",))


def test_an_unknown_subset_is_named(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match='unknown subset "machine"'):
        ChartQASource(chartqa(tmp_path, [row()]), None, ("machine",))


def test_a_subset_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="none of the subsets augmented"):
        ChartQASource(chartqa(tmp_path, [row()]), None, ("augmented",))


def test_json_that_does_not_parse_names_line_and_column(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"test_human.json is not JSON: .* at line 2 column 3"):
        read(ChartQASource(chartqa(tmp_path, "[\n  nonsense\n]")))


@pytest.mark.parametrize("content", ['{"rows": []}', '"text"', "null", "5"])
def test_json_that_is_no_list_is_named(tmp_path: Path, content: str) -> None:
    with pytest.raises(SourceError, match=r"test_human.json must be a list of rows"):
        read(ChartQASource(chartqa(tmp_path, content)))


def test_json_that_is_not_utf_8_is_named(tmp_path: Path) -> None:
    chartqa(tmp_path, [row()])
    (tmp_path / "test" / "test_human.json").write_bytes(b'["\xff"]')
    with pytest.raises(SourceError, match=r"test_human.json is not UTF-8 text \(byte 2\)"):
        read(ChartQASource(tmp_path))


def test_json_nested_beyond_reason_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"test_human.json"):
        read(ChartQASource(chartqa(tmp_path, "[" * 200_000)))


# One bad row costs one row


@pytest.mark.parametrize(
    ("bad", "error_class", "named"),
    [
        ({"imgname": "a.png", "label": "3"}, "missing_field", '"query"'),
        ({"imgname": "a.png", "query": "?"}, "missing_field", '"label"'),
        ({"query": "?", "label": "3"}, "missing_field", '"imgname"'),
        (row(query=None), "missing_field", '"query"'),
        (row(query=""), "empty_field", '"query"'),
        (row(query=" \n\t"), "empty_field", '"query"'),
        (row(label=""), "empty_field", '"label"'),
        (row(label=[]), "empty_field", '"label"'),
        (row(query=7), "bad_field", '"query"'),
        (row(query=["?"]), "bad_field", '"query"'),
        (row(label={"a": 1}), "bad_field", '"label"'),
        (row(label=True), "bad_field", '"label"'),
        (row(label=float("nan")), "bad_field", '"label"'),
        (row(label=["a", None]), "bad_field", '"label"'),
        (row(imgname=5), "bad_field", '"imgname"'),
        (row(query="x" * 20_001), "too_long", '"query"'),
        (row(label="x" * 2_001), "too_long", '"label"'),
        (row(label=["x"] * 201), "too_long", '"label"'),
        (row(query="a\0b"), "bad_text", '"query"'),
        (row(query="\ud800"), "bad_text", '"query"'),
        ("a row", "bad_row", "object"),
        (None, "bad_row", "object"),
        (row(imgname="../../../../etc/passwd"), "path_outside", '"imgname"'),
        (row(imgname="/etc/passwd"), "path_outside", '"imgname"'),
        (row(imgname="..\\..\\secret.png"), "path_outside", '"imgname"'),
        (row(imgname="a\0.png"), "bad_text", '"imgname"'),
        (row(imgname="b.png"), "image_missing", '"imgname"'),
        (row(imgname="x" * 400), "image_missing", '"imgname"'),
        (row(imgname="x" * 2000), "too_long", '"imgname"'),
        (row(imgname="."), "image_unreadable", '"imgname"'),
    ],
)
def test_a_bad_row_is_a_failure_and_the_others_go_on(tmp_path: Path, bad: object, error_class: str, named: str) -> None:
    items, failures = read(ChartQASource(chartqa(tmp_path, [bad, row()])))
    assert [item.sample.question for item in items] == ["How many bars?"]
    (failure,) = failures
    assert failure.error_class == error_class
    assert named in failure.message
    assert failure.origin == "test/test_human.json row 1"
    assert "\n" not in failure.message
    assert len(failure.message) < 800


def test_a_number_of_many_digits_is_refused(tmp_path: Path) -> None:
    text = json.dumps([row()]).replace('"3"', "9" * 5000)
    with pytest.raises(SourceError, match=r"test_human.json"):
        read(ChartQASource(chartqa(tmp_path, text)))


def test_the_same_question_with_another_answer_is_no_duplicate(tmp_path: Path) -> None:
    items, failures = read(ChartQASource(chartqa(tmp_path, fields({}, {"label": "4"}))))
    assert (len(items), failures) == (2, [])


def bomb() -> bytes:
    """A PNG of a few bytes that says it is 30000x30000."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    size = struct.pack(">IIBBBBB", 30_000, 30_000, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", size) + chunk(b"IDAT", zlib.compress(bytes(99))) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("data", "error_class"),
    [
        (b"", "image_empty"),
        (b"no picture", "image_not_an_image"),
        (picture("red", (300, 300), "JPEG")[:600], "image_truncated"),
        (picture(size=(1, 1)), "image_too_small"),
        (bomb(), "image_too_large"),
        (picture(size=(2, 900)), "image_too_long"),
        (b"<svg/>", "image_unsupported"),
    ],
)
def test_every_row_of_a_bad_picture_is_a_failure(tmp_path: Path, data: bytes, error_class: str) -> None:
    rows = fields({"imgname": "bad.png"}, {"imgname": "bad.png", "query": "2"}, {})
    source = ChartQASource(chartqa(tmp_path, rows, None, {"bad.png": data, "a.png": picture()}))
    items, failures = read(source)
    assert len(items) == 1
    assert [failure.error_class for failure in failures] == [error_class] * 2
    assert [failure.origin.split()[-1] for failure in failures] == ["1", "2"]
    assert all("field \"imgname\" names 'bad.png'" in failure.message for failure in failures)


ODD = {
    "cmyk": saved(Image.new("CMYK", (60, 40)), "JPEG"),
    "16-bit": saved(Image.new("I;16", (60, 40)), "PNG"),
    "palette with alpha": saved(Image.new("P", (60, 40)), "PNG", transparency=bytes([0])),
    "animated": saved(Image.new("RGB", (60, 40)), "GIF", save_all=True, append_images=[Image.new("RGB", (60, 40), 1)]),
    "mpo": saved(Image.new("RGB", (60, 40)), "MPO", save_all=True, append_images=[Image.new("RGB", (60, 40))]),
}


@pytest.mark.parametrize("kind", ODD)
def test_an_odd_but_good_picture_becomes_a_sample(tmp_path: Path, kind: str) -> None:
    ((item,), failures) = read(ChartQASource(chartqa(tmp_path, [row()], None, {"a.png": ODD[kind]})))
    assert failures == []
    assert (item.sample.width, item.sample.height) == (60, 40)
    assert item.image == ODD[kind]


def test_a_rotated_picture_has_the_size_of_the_upright_one(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    data = saved(Image.new("RGB", (60, 40)), "JPEG", exif=exif)
    ((item,), _) = read(ChartQASource(chartqa(tmp_path, [row()], None, {"a.png": data})))
    assert (item.sample.width, item.sample.height) == (40, 60)


def test_a_link_in_the_folder_is_followed_out_of_it(tmp_path: Path) -> None:
    (tmp_path / "elsewhere.png").write_bytes(picture("red"))
    root = chartqa(tmp_path / "data", [row(imgname="link.png")])
    (root / "test" / "png" / "link.png").symlink_to(tmp_path / "elsewhere.png")
    ((item,), _) = read(ChartQASource(root))
    assert item.image == picture("red")


def test_a_link_that_stays_inside_is_followed(tmp_path: Path) -> None:
    root = chartqa(tmp_path, [row(imgname="link.png")])
    (root / "test" / "png" / "link.png").symlink_to("a.png")
    assert len(read(ChartQASource(root))[0]) == 1


def test_a_circle_of_links_is_a_missing_picture(tmp_path: Path) -> None:
    root = chartqa(tmp_path, [row(imgname="x.png")])
    (root / "test" / "png" / "x.png").symlink_to("y.png")
    (root / "test" / "png" / "y.png").symlink_to("x.png")
    assert only_failure(lambda: ChartQASource(root)).error_class == "image_missing"


def test_a_pipe_in_place_of_a_picture_does_not_hang(tmp_path: Path) -> None:
    root = chartqa(tmp_path, [row(imgname="pipe.png")])
    os.mkfifo(root / "test" / "png" / "pipe.png")
    assert only_failure(lambda: ChartQASource(root)).error_class == "image_unreadable"


def test_a_picture_file_beyond_the_limit_is_not_read(tmp_path: Path) -> None:
    root = chartqa(tmp_path, [row()])
    os.truncate(root / "test" / "png" / "a.png", 2**40)
    assert only_failure(lambda: ChartQASource(root)).error_class == "image_too_large"


def test_reading_twice_gives_the_same(tmp_path: Path) -> None:
    source = ChartQASource(chartqa(tmp_path, [row(), row()]))
    assert list(source.read()) == list(source.read())


# JSON lines in place of a list


def test_json_lines_are_read_like_a_list(tmp_path: Path) -> None:
    lines = [json.dumps(row(query="1")), "", "{", json.dumps(row(query="2")), json.dumps([1])]
    items, failures = read(ChartQASource(chartqa(tmp_path, "\r\n".join(lines))))
    assert [(item.sample.question, item.sample.origin) for item in items] == [
        ("1", "test/test_human.json line 1"),
        ("2", "test/test_human.json line 4"),
    ]
    assert [(failure.error_class, failure.origin) for failure in failures] == [
        ("bad_json", "test/test_human.json line 3"),
        ("bad_row", "test/test_human.json line 5"),
    ]


def test_a_packed_file_of_rows_is_named(tmp_path: Path) -> None:
    chartqa(tmp_path, [row()])
    (tmp_path / "test" / "test_human.json").write_bytes(gzip.compress(json.dumps([row()]).encode()))
    with pytest.raises(SourceError, match=r"test_human.json is compressed; unpack it first"):
        read(ChartQASource(tmp_path))
