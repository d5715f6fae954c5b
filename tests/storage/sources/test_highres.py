"""V*-style questions: where they are found, how options are ordered, and what each kind of bad row becomes."""

import gzip
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lensmill.geometry import Box
from storage.sources.highres import HighResSource
from storage.sources.options import asked
from storage.sources.protocol import SourceError
from tests.storage.sources.written import highres, picture, read

TEXT = (
    "What is on the sign?\n(A) STOP\n(B) GO\n(C) WAIT\nAnswer with the option's letter from the given choices directly."
)


def vstar(**fields: object) -> dict[str, object]:
    """A good row, with the given fields in place of its own; None takes a field away."""
    good = {
        "image": "a.png",
        "question": "What is on the sign?",
        "options": ["GO", "STOP", "WAIT"],
        "bbox": [[1, 2, 30, 40]],
    }
    return {key: value for key, value in {**good, **fields}.items() if value is not None}


# Where rows are found


def test_a_row_becomes_a_sample_with_choices_and_targets(tmp_path: Path) -> None:
    root = highres(tmp_path, [vstar(category="ocr")])
    ((item,), failures) = read(HighResSource(root))
    sample = item.sample
    assert failures == []
    assert item.image == picture()
    assert (sample.question, sample.answers) == ("What is on the sign?", ("GO",))
    assert sorted(sample.choices) == ["GO", "STOP", "WAIT"]
    assert sample.targets == (Box(1, 2, 31, 42),)
    assert (sample.source, sample.subset, sample.split) == ("highres", "ocr", "test")
    assert sample.origin == "test_questions.jsonl line 1"


def test_the_file_of_rows_may_be_given(tmp_path: Path) -> None:
    root = highres(tmp_path, [vstar()])
    (root / "test_questions.jsonl").rename(root / "mine.jsonl")
    assert len(read(HighResSource(root / "mine.jsonl"))[0]) == 1
    assert len(read(HighResSource(root))[0]) == 1


def test_a_json_file_beside_each_picture_is_a_row(tmp_path: Path) -> None:
    for category, name in (("relative_position", "b"), ("direct_attributes", "a")):
        folder = tmp_path / category
        folder.mkdir()
        (folder / f"{name}.jpg").write_bytes(picture(kind="JPEG"))
        content = {"target_object": ["sign"], "bbox": [[1, 2, 30, 40]], "question": f"{name}?", "options": ["x", "y"]}
        (folder / f"{name}.json").write_text(json.dumps(content))
    items, failures = read(HighResSource(tmp_path))
    assert failures == []
    assert [(item.sample.subset, item.sample.question) for item in items] == [
        ("direct_attributes", "a?"),
        ("relative_position", "b?"),
    ]
    assert items[0].sample.targets == (Box(1, 2, 31, 42),)


def test_a_line_without_boxes_takes_them_from_the_file_beside_its_picture(tmp_path: Path) -> None:
    root = highres(tmp_path, [{"image": "d/a.png", "text": TEXT, "label": "B"}], {"d/a.png": picture()})
    (root / "d" / "a.json").write_text(json.dumps({"bbox": [[1, 2, 30, 40]], "target_object": ["sign"]}))
    ((item,), _) = read(HighResSource(root))
    assert (item.sample.targets, item.sample.answers) == ((Box(1, 2, 31, 42),), ("GO",))


def test_rows_of_one_picture_come_together(tmp_path: Path) -> None:
    pictures = {"a.png": picture("red"), "b.png": picture("blue")}
    rows = [vstar(question="1"), vstar(question="2", image="b.png"), vstar(question="3")]
    items, _ = read(HighResSource(highres(tmp_path, rows, pictures)))
    assert [item.sample.question for item in items] == ["1", "3", "2"]


def test_blank_lines_are_passed_over(tmp_path: Path) -> None:
    items, failures = read(HighResSource(highres(tmp_path, ["", json.dumps(vstar()), "  "])))
    assert (len(items), failures) == (1, [])
    assert items[0].sample.origin.endswith("line 2")


# What is asked


def test_the_first_option_is_the_right_one() -> None:
    assert asked(vstar(), "id")[1] == ("GO",)


@pytest.mark.parametrize(
    ("fields", "right"),
    [
        ({"answer": "STOP"}, "STOP"),
        ({"label": "WAIT"}, "WAIT"),
        ({"label": "C"}, "WAIT"),
        ({"label": "C", "text": TEXT}, "WAIT"),
        ({"label": "B", "text": TEXT, "answer": "GO"}, "GO"),
    ],
)
def test_answer_and_label_say_which_option_is_right(fields: dict[str, object], right: str) -> None:
    assert asked(vstar(**fields), "id")[1] == (right,)


def test_options_printed_in_the_text_keep_their_order() -> None:
    row = {"text": TEXT, "label": "(B)"}
    assert asked(row, "id") == ("What is on the sign?", ("GO",), ("STOP", "GO", "WAIT"))


@pytest.mark.parametrize(
    "text", ["Which?\nA. x\nB. y", "Which?\n(A) x\n(B) y", "Which?\nA) x\nB) y", "Which?\n\nA: x\nB: y"]
)
def test_options_may_be_printed_in_several_ways(text: str) -> None:
    question, answers, choices = asked({"text": text, "label": "A"}, "id")
    assert (question.strip(), answers, choices) == ("Which?", ("x",), ("x", "y"))


def test_a_row_without_options_is_an_open_question() -> None:
    assert asked({"question": "Which?", "answer": ["x", "y"]}, "id") == ("Which?", ("x", "y"), ())
    assert asked({"text": "Which?\nA. only one line", "label": "x"}, "id")[0] == "Which?\nA. only one line"


def test_the_order_of_options_gives_nothing_away() -> None:
    places = []
    for number in range(200):
        _, (right,), choices = asked(
            vstar(question=f"Question {number}?", options=["GO", "STOP", "WAIT", "TURN"]), "id"
        )
        places.append(choices.index(right))
    assert all(30 <= places.count(place) <= 70 for place in range(4))


@given(st.permutations(["GO", "STOP", "WAIT", "TURN"]))
def test_the_order_of_options_follows_from_their_content(options: list[str]) -> None:
    row = vstar(options=options, answer="GO")
    assert asked(row, "id") == asked(vstar(options=["GO", "STOP", "WAIT", "TURN"]), "id")


# Boxes


@pytest.mark.parametrize("bbox", [[1, 2, 30, 40], [[1, 2, 30, 40]], [{"x": 1, "y": 2, "w": 30, "h": 40}]])
def test_one_box_may_be_written_in_several_ways(tmp_path: Path, bbox: object) -> None:
    ((item,), _) = read(HighResSource(highres(tmp_path, [vstar(bbox=bbox)])))
    assert item.sample.targets == (Box(1, 2, 31, 42),)


def test_a_box_that_sticks_out_is_cut(tmp_path: Path) -> None:
    ((item,), _) = read(HighResSource(highres(tmp_path, [vstar(bbox=[[100, -10, 50, 50]])])))
    assert item.sample.targets == (Box(100, 0, 120, 40),)


def test_a_row_without_box_has_no_targets(tmp_path: Path) -> None:
    ((item,), _) = read(HighResSource(highres(tmp_path, [vstar(bbox=None)])))
    assert item.sample.targets == ()


# Bad rows


@pytest.mark.parametrize(
    ("bad", "error_class", "named"),
    [
        (vstar(bbox=[[500, 500, 10, 10]]), "bad_box", '"bbox[0]"'),
        (vstar(bbox=[[1, 2, -30, 40]]), "bad_box", '"bbox[0]"'),
        (vstar(bbox=[[1, 2, 0, 40]]), "bad_box", '"bbox[0]"'),
        (vstar(bbox=[[1, 2, float("nan"), 40]]), "bad_box", '"bbox[0]"'),
        (vstar(bbox=[[1, 2, float("inf"), 40]]), "bad_box", '"bbox[0]"'),
        (vstar(bbox=[[1, 2, 3]]), "bad_box", '"bbox[0]"'),
        (vstar(bbox=[["1", 2, 3, 4]]), "bad_box", '"bbox[0]"'),
        (vstar(bbox="1,2,3,4"), "bad_box", '"bbox"'),
        (vstar(bbox=[[1, 2, 3, 4]] * 101), "bad_box", '"bbox"'),
        (vstar(question=""), "empty_field", '"question"'),
        (vstar(question=None), "missing_field", '"question"'),
        (vstar(image=None), "missing_field", '"image"'),
        (vstar(image="none.png"), "image_missing", '"image"'),
        (vstar(image="../../etc/passwd"), "path_outside", '"image"'),
        (vstar(options=["x"]), "bad_field", '"options"'),
        (vstar(options="x, y"), "bad_field", '"options"'),
        (vstar(options=["x", "x"]), "bad_field", '"options"'),
        (vstar(options=["x", ["y"]]), "bad_field", '"options[1]"'),
        (vstar(options=["x", ""]), "empty_field", '"options[1]"'),
        (vstar(answer="z"), "bad_field", '"answer"'),
        (vstar(label="Z"), "bad_field", '"label"'),
        (vstar(options=None), "missing_field", '"label"'),
        ({"image": "a.png", "text": TEXT, "label": "D"}, "bad_field", '"label"'),
        ({"image": "a.png", "text": TEXT}, "missing_field", '"label"'),
        ("{not json", "bad_json", "column"),
        ("[1, 2]", "bad_row", "object"),
        ("[" * 100_000, "bad_json", "JSON"),
        ('{"image": "' + "x" * 2**20 + '"}', "bad_json", "bytes"),
    ],
)
def test_a_bad_row_is_a_failure_and_the_others_go_on(tmp_path: Path, bad: object, error_class: str, named: str) -> None:
    items, failures = read(HighResSource(highres(tmp_path, [bad, vstar()])))
    assert len(items) == 1
    (failure,) = failures
    assert (failure.error_class, failure.origin.split()[-1]) == (error_class, "1")
    assert named in failure.message
    assert "\n" not in failure.message
    assert len(failure.message) < 800


def test_a_bad_picture_fails_all_its_rows(tmp_path: Path) -> None:
    rows = [vstar(image="bad.jpg"), vstar(image="bad.jpg", question="2"), vstar()]
    items, failures = read(HighResSource(highres(tmp_path, rows, {"a.png": picture(), "bad.jpg": b""})))
    assert (len(items), [failure.error_class for failure in failures]) == (1, ["image_empty"] * 2)


def test_a_bad_file_beside_a_picture_is_a_failure(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(picture())
    (tmp_path / "a.json").write_text("{")
    (tmp_path / "b.png").write_bytes(picture("red"))
    (tmp_path / "b.json").write_text(json.dumps({"question": "?", "options": ["x", "y"]}))
    items, (failure,) = read(HighResSource(tmp_path))
    assert (len(items), failure.error_class, failure.origin) == (1, "bad_json", "a.json")


def test_bytes_that_are_not_utf_8_cost_one_line(tmp_path: Path) -> None:
    root = highres(tmp_path, [vstar()])
    with (root / "test_questions.jsonl").open("ab") as lines:
        lines.write(b'{"image": "\xff"}\n')
    items, (failure,) = read(HighResSource(root))
    assert (len(items), failure.error_class) == (1, "bad_json")


# The source as a whole


def test_a_missing_folder_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="no folder"):
        HighResSource(tmp_path / "nowhere")


def test_a_folder_without_rows_is_named(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"neither a .jsonl file nor pictures"):
        HighResSource(tmp_path)


def test_several_files_of_rows_are_named(tmp_path: Path) -> None:
    for name in ("x.jsonl", "y.jsonl"):
        (tmp_path / name).write_text("")
    with pytest.raises(SourceError, match=r"several .jsonl files \(x.jsonl, y.jsonl\)"):
        HighResSource(tmp_path)


def test_a_file_of_rows_that_went_away_is_named(tmp_path: Path) -> None:
    source = HighResSource(highres(tmp_path, [vstar()]))
    (tmp_path / "test_questions.jsonl").unlink()
    with pytest.raises(SourceError, match=r"test_questions.jsonl cannot be read \(No such file"):
        read(source)


# Files as they lie about


def test_a_download_cache_of_links_into_blobs_is_read(tmp_path: Path) -> None:
    blobs, snapshot = tmp_path / "blobs", tmp_path / "snapshots" / "0a1b"
    blobs.mkdir()
    (snapshot / "images").mkdir(parents=True)
    (blobs / "11").write_bytes(picture())
    (blobs / "22").write_text(json.dumps(vstar(image="images/a.png")))
    (snapshot / "images" / "a.png").symlink_to("../../../blobs/11")
    (snapshot / "test_questions.jsonl").symlink_to("../../blobs/22")
    for path in (tmp_path, snapshot, snapshot / "test_questions.jsonl"):
        ((item,), failures) = read(HighResSource(path))
        assert failures == []
        assert (item.sample.split, item.sample.origin) == ("test", "test_questions.jsonl line 1")


def test_hidden_files_are_passed_over(tmp_path: Path) -> None:
    root = highres(tmp_path, [vstar()])
    (root / "test_questions.jsonl").rename(root / "mine.jsonl")
    (root / "._mine.jsonl").write_bytes(b"\0\5\26\7")
    assert len(read(HighResSource(root))[0]) == 1


def test_a_json_file_finds_its_picture_whatever_the_case_of_its_ending(tmp_path: Path) -> None:
    (tmp_path / "a.JPG").write_bytes(picture(kind="JPEG"))
    (tmp_path / "a.json").write_text(json.dumps({"question": "?", "options": ["x", "y"]}))
    assert len(read(HighResSource(tmp_path))[0]) == 1


def test_two_pictures_of_one_json_file_are_named(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(picture(kind="JPEG"))
    (tmp_path / "a.png").write_bytes(picture())
    (tmp_path / "a.json").write_text(json.dumps({"question": "?", "options": ["x", "y"]}))
    _, (failure,) = read(HighResSource(tmp_path))
    assert (failure.error_class, failure.origin) == ("bad_row", "a.json")
    assert "a.jpg, a.png" in failure.message


@pytest.mark.parametrize("indent", [None, 1])
def test_an_array_in_place_of_lines_is_read(tmp_path: Path, indent: int | None) -> None:
    root = highres(tmp_path, [])
    (root / "mine.json").write_bytes(b"\xef\xbb\xbf" + json.dumps([vstar(), 5], indent=indent).encode())
    ((item,), (failure,)) = read(HighResSource(root / "mine.json"))
    assert (item.sample.origin, failure.origin) == ("mine.json row 1", "mine.json row 2")


def test_a_damaged_array_is_one_clear_line(tmp_path: Path) -> None:
    root = highres(tmp_path, [])
    (root / "mine.json").write_text(json.dumps([vstar(), vstar()], indent=1)[:-20])
    with pytest.raises(SourceError, match=r"mine.json is not JSON: .* at line"):
        read(HighResSource(root / "mine.json"))


def test_a_compressed_file_of_rows_is_named(tmp_path: Path) -> None:
    (tmp_path / "x.jsonl.gz").write_bytes(gzip.compress(json.dumps(vstar()).encode()))
    with pytest.raises(SourceError, match=r"x.jsonl.gz is compressed; unpack it first"):
        read(HighResSource(tmp_path / "x.jsonl.gz"))


def test_a_byte_order_mark_and_windows_line_ends_are_no_trouble(tmp_path: Path) -> None:
    root = highres(tmp_path, [])
    (root / "test_questions.jsonl").write_bytes(b"\xef\xbb\xbf" + json.dumps(vstar()).encode() + b"\r\n\r\n")
    assert len(read(HighResSource(root))[0]) == 1


@pytest.mark.parametrize("image", [{"path": "a.png", "bytes": None}, ["a.png"], {"path": "a.png"}])
def test_a_picture_may_be_named_in_several_ways(tmp_path: Path, image: object) -> None:
    assert len(read(HighResSource(highres(tmp_path, [vstar(image=image)])))[0]) == 1


@pytest.mark.parametrize(
    "image", [["a.png", "b.png"], [], 3, {"bytes": "x"}, "data:image/png;base64,xx", " ", {"path": None}]
)
def test_a_row_without_a_picture_is_a_failure(tmp_path: Path, image: object) -> None:
    items, (failure,) = read(HighResSource(highres(tmp_path, [vstar(image=image)])))
    assert items == []
    assert '"image"' in failure.message


def test_a_field_that_comes_twice_is_a_failure(tmp_path: Path) -> None:
    line = json.dumps(vstar(answer="GO"))[:-1] + ', "answer": "STOP"}'
    items, (failure,) = read(HighResSource(highres(tmp_path, [line])))
    assert (items, failure.error_class) == ([], "bad_json")
    assert '"answer" twice' in failure.message


# Indices, which all rows of a file write alike


def indexed(tmp_path: Path, *answers: object) -> Path:
    return highres(tmp_path, [vstar(question=f"{n}?", answer=answer) for n, answer in enumerate(answers)])


def test_texts_of_digits_are_indices_where_a_row_shows_that_they_count_from_zero(tmp_path: Path) -> None:
    items, failures = read(HighResSource(indexed(tmp_path, "1", "0", "2")))
    assert failures == []
    assert [item.sample.answers for item in items] == [("STOP",), ("GO",), ("WAIT",)]


def test_indices_that_may_count_from_one_are_failures_that_name_the_setting(tmp_path: Path) -> None:
    root = indexed(tmp_path, 1, 2, 3)
    items, failures = read(HighResSource(root))
    assert items == []
    assert all("source.first_index" in failure.message for failure in failures)
    items, failures = read(HighResSource(root, first_index=1))
    assert [item.sample.answers for item in items] == [("GO",), ("STOP",), ("WAIT",)]


def test_options_printed_in_a_row_go_before_those_beside_its_picture(tmp_path: Path) -> None:
    root = highres(tmp_path, [{"image": "a.png", "text": TEXT, "label": "B"}])
    beside = {"bbox": [[1, 2, 30, 40]], "question": "other?", "options": ["It says GO.", "It says STOP."]}
    (root / "a.json").write_text(json.dumps(beside))
    ((item,), _) = read(HighResSource(root))
    assert (item.sample.answers, item.sample.choices) == (("GO",), ("STOP", "GO", "WAIT"))
    assert item.sample.targets == (Box(1, 2, 31, 42),)
