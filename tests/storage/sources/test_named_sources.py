"""Public datasets in their own layouts, by name."""

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from storage.sources.protocol import SourceError, SourceFailure, SourceItem
from storage.sources.spec import SOURCES, build_source
from tests.storage.sources.table_cases import ENCODED, IMAGES, PICTURES, QUESTIONS
from tests.storage.sources.written import highres, picture, read


def opened(name: str, path: Path, **settings: Any) -> tuple[list[SourceItem], list[SourceFailure]]:
    """The items and failures of a named source."""
    return read(build_source(SOURCES.get(name).settings(path=str(path), **settings)))  # type: ignore[call-arg]


def put(file: Path, content: object) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(content, bytes):
        file.write_bytes(content)
    elif isinstance(content, pa.Table):
        pq.write_table(content, file)
    else:
        file.write_text(content if isinstance(content, str) else json.dumps(content))


def table_vqa(folder: Path, subset: str, answers: list[str]) -> None:
    count = len(answers)
    columns = {"qa_id": [str(at) for at in range(count)], "image": IMAGES[:count], "question": QUESTIONS[:count]}
    put(
        folder / "data" / f"{subset}-00000-of-00001.parquet",
        pa.table({**columns, "text_html_table": [""] * count, "gt": answers}),
    )


def test_tablevqa_reads_four_subsets_with_several_references(tmp_path: Path) -> None:
    table_vqa(tmp_path, "vwtq", ["a||b", "c"])
    table_vqa(tmp_path, "vwtq_syn", ["1"])
    table_vqa(tmp_path, "vtabfact", ["true"])
    table_vqa(tmp_path, "fintabnetqa", ["$5||5"])
    items, failures = opened("tablevqa", tmp_path)
    assert not failures
    assert [(item.sample.subset, item.sample.answers) for item in items] == [
        ("vwtq", ("a", "b")),
        ("vwtq", ("c",)),
        ("vwtq_syn", ("1",)),
        ("vtabfact", ("true",)),
        ("fintabnetqa", ("$5", "5")),
    ]
    assert {item.sample.split for item in items} == {"test"}
    assert len(opened("tablevqa", tmp_path / "data" / "vwtq_syn-00000-of-00001.parquet")[0]) == 1


def charxiv(folder: Path, descriptive: dict[str, Any] | None = None) -> Path:
    reasoning = {"7": {"figure_id": 7, "query": "Which method wins?", "answer": "ours", "inst_category": 1}}
    put(folder / "data" / "reasoning_val.json", reasoning)
    row = {
        "figure_id": 7,
        "num_subplots": 2,
        "subplot_loc": [1, 2],
        "qids": [1, 8, 13, 19],
        "answers": ["A", "5", "x, y", 2],
    }
    put(folder / "data" / "descriptive_val.json", {"7": {**row, **(descriptive or {})}})
    put(folder / "images" / "7.jpg", PICTURES[0])
    return folder


def test_charxiv_asks_of_the_subplot_that_the_row_names(tmp_path: Path) -> None:
    items, failures = opened("charxiv", charxiv(tmp_path))
    assert not failures
    assert [item.sample.subset for item in items] == ["reasoning", *["descriptive"] * 4]
    assert items[0].sample.question == "Which method wins?"
    assert items[1].sample.question.startswith("In the subplot at row 1 and column 2, what is the title")
    assert items[4].sample.question == "In the figure, how many subplots are there? Answer 1 if there are none."
    assert items[4].sample.answers == ("2",)


@pytest.mark.parametrize(
    ("place", "head"), [([0, 0], "In the plot, "), ("the upper left inset", "In the upper left inset, ")]
)
def test_charxiv_places_of_subplots(place: object, head: str, tmp_path: Path) -> None:
    items, _ = opened("charxiv", charxiv(tmp_path, {"subplot_loc": place}), kinds=("descriptive",))
    assert items[0].sample.question.startswith(head)


@pytest.mark.parametrize(
    ("wrong", "field"),
    [({"subplot_loc": [1]}, "subplot_loc"), ({"qids": [20, 1, 1, 1]}, "qids"), ({"answers": None}, "answers")],
)
def test_a_descriptive_row_of_charxiv_that_cannot_be_asked_fails_by_name(
    wrong: dict[str, Any], field: str, tmp_path: Path
) -> None:
    items, failures = opened("charxiv", charxiv(tmp_path, wrong), kinds=("descriptive",))
    assert not items
    assert [field in failure.message for failure in failures] == [True]


def test_textvqa_in_its_raw_files(tmp_path: Path) -> None:
    rows = [{"image_id": "ab", "question_id": 1, "question": "What brand?", "answers": ["x"] * 9 + ["y"]}]
    put(tmp_path / "TextVQA_0.5.1_val.json", {"dataset_type": "val", "data": rows})
    put(tmp_path / "train_images" / "ab.jpg", PICTURES[0])
    items, failures = opened("textvqa", tmp_path)
    assert not failures
    assert [(item.sample.answers, item.sample.split) for item in items] == [(("x", "y"), "val")]


def test_textvqa_in_the_hubs_parquet(tmp_path: Path) -> None:
    columns = {"image_id": ["ab"], "question": ["What brand?"], "answers": [["x", "y"]], "image": IMAGES[:1]}
    put(tmp_path / "data" / "validation-00000-of-00001.parquet", pa.table(columns))
    items, failures = opened("textvqa", tmp_path)
    assert not failures
    assert items[0].sample.answers == ("x", "y")


def test_visual_cot_boxes_of_the_padded_square_become_pixels_of_the_picture(tmp_path: Path) -> None:
    # 120x80 is padded to 120x120 with 20 rows above: y from 40 to 80 of the square is 20 to 60 of the picture
    turns = ["<image>\nWhich colour? Please provide the bounding box coordinate of the part that shows it."]
    turns += ["[0.250, 0.333333333, 0.500, 0.666666667]", "<image>", "red"]
    row = {
        "image": ["cot/a.png", "cot/a.png###[30, 20, 60, 60]"],
        "conversations": [{"from": "x", "value": one} for one in turns],
    }
    put(tmp_path / "viscot_363k.json", [row])
    put(tmp_path / "pictures" / "cot" / "a.png", PICTURES[0])
    items, failures = opened("viscot", tmp_path / "viscot_363k.json", pictures=str(tmp_path / "pictures"))
    assert not failures
    assert items[0].sample.question == "Which colour?"
    assert items[0].sample.targets[0].xyxy == pytest.approx((30, 20, 60, 60), abs=1e-4)


def test_visual_cot_metadata_have_boxes_in_pixels(tmp_path: Path) -> None:
    row = {
        "question": "Which?",
        "answer": "red",
        "image": "a.png",
        "width": 120,
        "height": 80,
        "bboxs": [[30, 20, 60, 60]],
    }
    put(tmp_path / "gqa_cot_train.jsonl", json.dumps({**row, "dataset": "gqa", "split": "train"}) + "\n")
    put(tmp_path / "a.png", PICTURES[0])
    items, failures = opened("viscot", tmp_path / "gqa_cot_train.jsonl")
    assert not failures
    sample = items[0].sample
    assert (sample.targets[0].xyxy, sample.subset, sample.split) == ((30, 20, 60, 60), "gqa", "train")


CYCLES = [("red", "blue"), ("blue", "red")]


@pytest.mark.parametrize("kind", ["tsv", "parquet"])
def test_hr_bench_keeps_the_orders_of_the_options_as_adjacent_rows(kind: str, tmp_path: Path) -> None:
    rows = [
        {
            "index": at,
            "question": QUESTIONS[0],
            "answer": "AB"[at],
            "category": "single",
            "A": one,
            "B": other,
            "C": "c",
            "D": "d",
            "cycle_category": at,
            "image": ENCODED[0],
        }
        for at, (one, other) in enumerate(CYCLES)
    ]
    if kind == "tsv":
        lines = ["\t".join(rows[0]), *("\t".join(map(str, row.values())) for row in rows)]
        put(tmp_path / "hr_bench_4k.tsv", "\n".join(lines) + "\n")
    else:
        put(tmp_path / "hr_bench_4k.parquet", pa.Table.from_pylist(rows))
    items, failures = opened("hrbench", tmp_path)
    assert not failures
    assert [item.sample.choices for item in items] == [("red", "blue", "c", "d"), ("blue", "red", "c", "d")]
    assert {item.sample.answers for item in items} == {("red",)}
    assert len({item.sample.sample_id for item in items}) == 2


@pytest.mark.parametrize("question", ["query", "question"])
def test_refchartqa_boxes_of_answers_are_targets(question: str, tmp_path: Path) -> None:
    boxes = [[{"x": 10.0, "y": 20.0, "w": 30.0, "h": 40.0}]]
    columns = {"id": ["1"], "image": IMAGES[:1], question: QUESTIONS[:1], "label": ["5"], "type": ["human"]}
    put(tmp_path / "data" / "test-00000-of-00001.parquet", pa.table({**columns, "grounding_bboxes": boxes}))
    items, failures = opened("refchartqa", tmp_path)
    assert not failures
    sample = items[0].sample
    assert [box.xyxy for box in sample.targets] == [(10, 20, 40, 60)]
    assert (sample.subset, sample.licence, sample.split) == ("human", "AGPL-3.0", "test")


def test_refchartqa_without_boxes_is_refused_by_the_columns_name(tmp_path: Path) -> None:
    put(tmp_path / "test.parquet", pa.table({"query": ["q"], "label": ["5"], "image": IMAGES[:1], "type": ["human"]}))
    with pytest.raises(SourceError, match="no column grounding_bboxes"):
        opened("refchartqa", tmp_path)


@pytest.mark.parametrize(
    ("file", "field", "name", "folder"),
    [
        ("val_v1.0_withQT.json", "image", "documents/a_1.png", "spdocvqa_images"),
        ("val_v1.0.json", "image", "documents/a_1.png", "documents"),
        ("infographicsVQA_val_v1.0_withQT.json", "image_local_name", "a_1.png", "infographicsvqa_images"),
    ],
)
def test_docvqa_finds_its_pictures(file: str, field: str, name: str, folder: str, tmp_path: Path) -> None:
    row = {"questionId": 1, "question": "Which date?", field: name, "answers": ["May 1", "1 May"]}
    put(tmp_path / file, {"dataset_name": "x", "dataset_split": "val", "data": [row]})
    put(tmp_path / folder / "a_1.png", PICTURES[0])
    items, failures = opened("docvqa", tmp_path)
    assert not failures
    assert (items[0].sample.answers, items[0].sample.split) == (("May 1", "1 May"), "val")


def test_v_star_in_the_hubs_cache_is_read_through_its_links(tmp_path: Path) -> None:
    cache = tmp_path / "datasets--craigwu--vstar_bench"
    real = highres(
        tmp_path / "real",
        [{"image": "direct_attributes/a.png", "text": "What?\n(A) x\n(B) y", "label": "A"}],
        {"direct_attributes/a.png": picture()},
    )
    snapshot = cache / "snapshots" / "abc"
    (snapshot / "direct_attributes").mkdir(parents=True)
    (cache / "blobs").mkdir()
    for blob, name in (("1", "test_questions.jsonl"), ("2", "direct_attributes/a.png")):
        (cache / "blobs" / blob).write_bytes((real / name).read_bytes())
        depth = "../" * (2 + name.count("/"))
        (snapshot / name).symlink_to(f"{depth}blobs/{blob}")
    items, failures = opened("highres", cache)
    assert not failures
    assert items[0].sample.answers == ("x",)


def test_a_link_that_leads_out_of_the_hubs_cache_is_refused(tmp_path: Path) -> None:
    snapshot = tmp_path / "datasets--a--b" / "snapshots" / "abc"
    snapshot.mkdir(parents=True)
    (tmp_path / "datasets--a--b" / "blobs").mkdir()
    (tmp_path / "secret.png").write_bytes(picture())
    (snapshot / "a.png").symlink_to(tmp_path / "secret.png")
    put(snapshot / "test_questions.jsonl", json.dumps({"image": "a.png", "question": "What?", "label": "x"}) + "\n")
    items, failures = opened("highres", tmp_path / "datasets--a--b")
    assert not items
    assert [failure.error_class for failure in failures] == ["path_outside"]
