"""The hub's columns for ChartQA: Parquet read in small batches, schemas that are checked, rows that fail alone."""

import base64
import threading
import tracemalloc
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lensmill.sample import sample_id_of
from storage.sources.chartqa import ChartQASource
from storage.sources.hub import SPEC, ChartQAHubSettings, HubSource
from storage.sources.protocol import SourceError
from tests.storage.sources.written import chartqa, only_failure, picture, read, row

IMAGE = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
SCHEMA = pa.schema(
    [("image", IMAGE), ("query", pa.string()), ("label", pa.list_(pa.string())), ("human_or_machine", pa.int64())]
)


def hub_row(**fields: object) -> dict[str, object]:
    image = {"bytes": picture(), "path": None}
    return {"image": image, "query": "How many bars?", "label": ["3"], "human_or_machine": 0, **fields}


def parquet(path: Path, rows: list[dict[str, object]], schema: pa.Schema = SCHEMA) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pylist(rows, schema), path)
    return path


def test_a_row_becomes_a_sample(tmp_path: Path) -> None:
    file = parquet(tmp_path / "any.parquet", [hub_row(human_or_machine=1)])
    ((item,), failures) = read(HubSource(file))
    sample = item.sample
    assert failures == []
    assert item.image == picture()
    assert (sample.question, sample.answers, sample.width, sample.height) == ("How many bars?", ("3",), 120, 80)
    assert (sample.source, sample.subset, sample.split) == ("chartqa", "augmented", "test")
    assert sample.origin == f"{file.name} row 1"


def test_the_same_question_has_the_same_id_as_in_the_folder_layout(tmp_path: Path) -> None:
    ((one,), _) = read(HubSource(parquet(tmp_path / "a.parquet", [hub_row()])))
    ((other,), _) = read(ChartQASource(chartqa(tmp_path / "folder", [row()])))
    assert one.sample.sample_id == other.sample.sample_id
    assert one.sample.sample_id == sample_id_of(one.sample.image_id, "How many bars?", ("3",))


def test_a_folder_gives_the_files_of_one_split_in_order(tmp_path: Path) -> None:
    parquet(tmp_path / "data" / "test-00001-of-00002.parquet", [hub_row(query="2")])
    parquet(tmp_path / "data" / "test-00000-of-00002.parquet", [hub_row(query="1")])
    parquet(tmp_path / "data" / "train-00000-of-00001.parquet", [hub_row(query="3")])
    assert [item.sample.question for item in read(HubSource(tmp_path))[0]] == ["1", "2"]
    ((item,), _) = read(HubSource(tmp_path, "train"))
    assert (item.sample.question, item.sample.split) == ("3", "train")


def test_val_is_also_called_validation(tmp_path: Path) -> None:
    parquet(tmp_path / "validation" / "0000.parquet", [hub_row()])
    assert len(read(HubSource(tmp_path, "val"))[0]) == 1


def test_labels_and_pictures_may_be_plain_columns(tmp_path: Path) -> None:
    schema = pa.schema([("image", pa.binary()), ("query", pa.string()), ("label", pa.string())])
    rows: list[dict[str, object]] = [{"image": picture(), "query": "?", "label": "x"}]
    ((item,), _) = read(HubSource(parquet(tmp_path / "a.parquet", rows, schema)))
    assert (item.sample.answers, item.sample.subset) == (("x",), "")


def test_a_picture_may_be_a_path_inside_the_folder(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(picture())
    file = parquet(tmp_path / "a.parquet", [hub_row(image={"bytes": None, "path": "a.png"})])
    assert len(read(HubSource(file))[0]) == 1


@pytest.mark.parametrize(
    ("bad", "error_class", "named"),
    [
        ({"query": None}, "missing_field", '"query"'),
        ({"label": None}, "missing_field", '"label"'),
        ({"image": None}, "missing_field", '"image"'),
        ({"query": " "}, "empty_field", '"query"'),
        ({"label": []}, "empty_field", '"label"'),
        ({"label": [None]}, "bad_field", '"label"'),
        ({"human_or_machine": 7}, "bad_field", '"human_or_machine"'),
        ({"image": {"bytes": None, "path": None}}, "image_missing", '"image"'),
        ({"image": {"bytes": None, "path": "../../x.png"}}, "path_outside", '"image.path"'),
        ({"image": {"bytes": b"", "path": None}}, "image_empty", '"image"'),
        ({"image": {"bytes": picture()[:50], "path": "a.png"}}, "image_truncated", '"image"'),
    ],
)
def test_a_bad_row_is_a_failure_and_the_others_go_on(
    tmp_path: Path, bad: dict[str, object], error_class: str, named: str
) -> None:
    file = parquet(tmp_path / "a.parquet", [hub_row(**bad), hub_row()])
    (items, (failure,)) = read(HubSource(file))
    assert len(items) == 1
    assert (failure.error_class, failure.origin) == (error_class, f"{file.name} row 1")
    assert named in failure.message


@pytest.mark.parametrize("missing", ["image", "query", "label"])
def test_a_missing_column_is_named_with_those_that_are_there(tmp_path: Path, missing: str) -> None:
    schema = pa.schema([field for field in SCHEMA if field.name != missing])
    file = parquet(tmp_path / "a.parquet", [hub_row()], schema)
    with pytest.raises(SourceError, match=rf'a.parquet has no column "{missing}" \(columns: .*human_or_machine\)'):
        HubSource(file)


@pytest.mark.parametrize(
    ("column", "kind", "value"),
    [("image", pa.int64(), 1), ("query", pa.int64(), 1), ("label", pa.list_(pa.binary()), [b"x"])],
)
def test_a_column_of_the_wrong_type_is_named(tmp_path: Path, column: str, kind: pa.DataType, value: object) -> None:
    schema = pa.schema([pa.field(field.name, kind if field.name == column else field.type) for field in SCHEMA])
    file = parquet(tmp_path / "a.parquet", [hub_row(**{column: value})], schema)
    with pytest.raises(SourceError, match=rf'column "{column}" is .*; expected'):
        HubSource(file)


def test_a_file_that_is_no_parquet_is_named(tmp_path: Path) -> None:
    (tmp_path / "test.parquet").write_bytes(b"nothing of the kind")
    with pytest.raises(SourceError, match=r"test.parquet is not a Parquet file"):
        HubSource(tmp_path)


def test_a_file_damaged_further_in_names_the_row(tmp_path: Path) -> None:
    rows = [hub_row(query=str(number), image={"bytes": picture((number, 0, 0)), "path": None}) for number in range(40)]
    file = parquet(tmp_path / "a.parquet", rows)
    data = bytearray(file.read_bytes())
    data[4:2000] = bytes(1996)
    file.write_bytes(data)
    with pytest.raises(SourceError, match=r"a.parquet is damaged after row 0"):
        read(HubSource(file))


def test_an_empty_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"holds no .parquet file"):
        HubSource(tmp_path)


def test_a_split_that_is_not_there_is_named(tmp_path: Path) -> None:
    parquet(tmp_path / "train.parquet", [hub_row()])
    with pytest.raises(SourceError, match=r'no Parquet file of split "test" \(found: train.parquet\)'):
        HubSource(tmp_path)


@pytest.mark.parametrize("path", ["/no/such/folder", "three/part/name", "../x", "word"])
def test_a_value_that_is_neither_path_nor_hub_name_is_named(path: str) -> None:
    with pytest.raises(SourceError, match="there is no file or folder"):
        HubSource(path)


def test_a_hub_name_is_streamed() -> None:
    asked: list[tuple[str, str]] = []

    def opened(name: str, split: str) -> tuple[tuple[str, ...], Iterable[Mapping[str, object]]]:
        asked.append((name, split))
        return tuple(SCHEMA.names), iter([hub_row(), hub_row(query="")])

    ((item,), (failure,)) = read(HubSource("owner/chartqa", "train", opened))
    assert asked == [("owner/chartqa", "train")]
    assert (item.sample.origin, failure.origin) == ("owner/chartqa train row 1", "owner/chartqa train row 2")


def test_a_hub_dataset_of_other_columns_is_named() -> None:
    with pytest.raises(SourceError, match=r'owner/other has no column "query" \(columns: image, question\)'):
        read(HubSource("owner/other", open_hub=lambda *_: (("image", "question"), [])))


def test_a_hub_that_cannot_be_reached_is_one_clear_line() -> None:
    def unreachable(name: str, split: str) -> tuple[tuple[str, ...], Iterable[Mapping[str, object]]]:
        raise ConnectionError(f"no route\nto {name} {split}")

    with pytest.raises(
        SourceError, match=r"split .* cannot be read \(ConnectionError: no route to .*download its Parquet"
    ):
        read(HubSource("owner/name", open_hub=unreachable))


def test_a_picture_on_the_hub_is_never_a_local_path(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(picture())
    image = {"bytes": None, "path": str(tmp_path / "a.png")}
    source = HubSource("owner/name", open_hub=lambda *_: (tuple(SCHEMA.names), [hub_row(image=image)]))
    assert only_failure(lambda: source).error_class == "image_missing"


def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    def rows(count: int) -> list[dict[str, object]]:
        return [hub_row(query=str(number), image={"bytes": b"x" * 100_000, "path": None}) for number in range(count)]

    def peak(count: int) -> int:
        source = HubSource(parquet(tmp_path / f"{count}.parquet", rows(count)))
        tracemalloc.start()
        for _ in source.read():
            pass
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    peak(10)
    assert peak(200) < peak(40) + 1_000_000


# Types of columns

TEXTS = [pa.string(), pa.large_string(), pa.string_view(), pa.dictionary(pa.int32(), pa.string())]


@pytest.mark.parametrize("text", TEXTS, ids=str)
def test_texts_may_be_of_any_text_type(tmp_path: Path, text: pa.DataType) -> None:
    schema = pa.schema([("image", IMAGE), ("query", text), ("label", text)])
    rows = [hub_row(label="3"), hub_row(query="2", label="4"), hub_row(query=None, label="5"), hub_row(label=None)]
    items, failures = read(HubSource(parquet(tmp_path / "a.parquet", rows, schema)))
    assert [(item.sample.question, item.sample.answers) for item in items] == [
        ("How many bars?", ("3",)),
        ("2", ("4",)),
    ]
    assert [failure.error_class for failure in failures] == ["missing_field"] * 2


@pytest.mark.parametrize(
    "kind",
    [
        pa.list_(pa.string_view()),
        pa.large_list(pa.large_string()),
        pa.list_(pa.string(), 1),
        pa.list_(pa.dictionary(pa.int32(), pa.string())),
    ],
    ids=str,
)
def test_labels_may_be_of_any_list_type(tmp_path: Path, kind: pa.DataType) -> None:
    schema = pa.schema([("image", IMAGE), ("query", pa.string()), ("label", kind)])
    ((item,), _) = read(HubSource(parquet(tmp_path / "a.parquet", [hub_row()], schema)))
    assert item.sample.answers == ("3",)


@pytest.mark.parametrize(
    ("kind", "label", "answer"),
    [(pa.int64(), 3, "3"), (pa.float64(), 3.0, "3"), (pa.decimal128(6, 2), Decimal("3.50"), "3.5")],
    ids=str,
)
def test_labels_may_be_numbers(tmp_path: Path, kind: pa.DataType, label: object, answer: str) -> None:
    schema = pa.schema([("image", IMAGE), ("query", pa.string()), ("label", kind)])
    ((item,), _) = read(HubSource(parquet(tmp_path / "a.parquet", [hub_row(label=label)], schema)))
    assert item.sample.answers == (answer,)


@pytest.mark.parametrize("kind", [pa.binary(), pa.large_binary(), pa.binary_view()], ids=str)
def test_pictures_may_be_of_any_bytes_type(tmp_path: Path, kind: pa.DataType) -> None:
    image = pa.struct([("bytes", kind), ("path", pa.string_view())])
    for number, (of, value) in enumerate(((kind, picture()), (image, {"bytes": picture(), "path": None}))):
        schema = pa.schema([("image", of), ("query", pa.string()), ("label", pa.string())])
        rows = [hub_row(image=value, label="3")]
        assert len(read(HubSource(parquet(tmp_path / f"{number}.parquet", rows, schema)))[0]) == 1


def test_a_column_of_an_extension_type_is_what_it_is_stored_as(tmp_path: Path) -> None:
    kind = pa.json_(pa.string())
    schema = pa.schema([("image", IMAGE), ("query", kind), ("label", pa.string())])
    assert len(read(HubSource(parquet(tmp_path / "a.parquet", [hub_row(label="3")], schema)))[0]) == 1


def test_a_file_in_which_a_column_is_all_null_costs_its_rows_only(tmp_path: Path) -> None:
    schema = pa.schema([("image", IMAGE), ("query", pa.string()), ("label", pa.null())])
    parquet(tmp_path / "test-0.parquet", [hub_row(label=None)], schema)
    parquet(tmp_path / "test-1.parquet", [hub_row()])
    items, (failure,) = read(HubSource(tmp_path))
    assert (len(items), failure.error_class) == (1, "missing_field")


def test_bytes_that_are_not_utf_8_cost_one_row(tmp_path: Path) -> None:
    offsets = pa.array([0, 1, 3, 4], pa.int32()).buffers()[1]
    queries = pa.Array.from_buffers(pa.string(), 3, [None, offsets, pa.py_buffer(b"a\xff\xfeb")])
    table = pa.table({"image": pa.array([hub_row()["image"]] * 3, IMAGE), "query": queries, "label": ["3"] * 3})
    pq.write_table(table, tmp_path / "a.parquet")
    items, (failure,) = read(HubSource(tmp_path / "a.parquet"))
    assert [item.sample.question for item in items] == ["a", "b"]
    assert (failure.error_class, failure.origin) == ("bad_text", "a.parquet row 2")
    assert '"query"' in failure.message


@pytest.mark.parametrize("head", ["", "data:image/png;base64,"])
def test_a_picture_may_be_base64(tmp_path: Path, head: str) -> None:
    schema = pa.schema([("image", pa.string()), ("query", pa.string()), ("label", pa.string())])
    text = head + base64.b64encode(picture()).decode()
    rows = [hub_row(image=text, label="3"), hub_row(image=text[:-9] + "!", query="2", label="3")]
    (item,), (failure,) = read(HubSource(parquet(tmp_path / "a.parquet", rows, schema)))
    assert item.image == picture()
    assert failure.error_class == "image_unreadable"


@pytest.mark.parametrize("path", ["a.png", {"path": "a.png"}])
def test_a_picture_may_be_named(tmp_path: Path, path: object) -> None:
    (tmp_path / "a.png").write_bytes(picture())
    kind = pa.string() if isinstance(path, str) else pa.struct([("path", pa.string())])
    schema = pa.schema([("image", kind), ("query", pa.string()), ("label", pa.string())])
    assert len(read(HubSource(parquet(tmp_path / "a.parquet", [hub_row(image=path, label="3")], schema)))[0]) == 1


def test_a_column_that_comes_twice_is_named(tmp_path: Path) -> None:
    columns = [pa.array([hub_row()["image"]], IMAGE), pa.array(["?"]), pa.array(["3"]), pa.array(["4"])]
    pq.write_table(pa.Table.from_arrays(columns, ["image", "query", "label", "label"]), tmp_path / "a.parquet")
    with pytest.raises(SourceError, match='column "label" twice'):
        HubSource(tmp_path / "a.parquet")


# Files as they lie about


def test_a_download_cache_of_links_into_blobs_is_read(tmp_path: Path) -> None:
    parquet(tmp_path / "blobs" / "11", [hub_row()])
    folder = tmp_path / "snapshots" / "0a1b" / "data"
    folder.mkdir(parents=True)
    (folder / "test-0.parquet").symlink_to("../../../blobs/11")
    (folder / "._test-0.parquet").write_bytes(b"\0\5\26\7")
    for path in (tmp_path, folder.parent, folder / "test-0.parquet"):
        assert len(read(HubSource(path))[0]) == 1


# A path that is not there, and a hub that does not answer


@pytest.mark.parametrize(
    "path", ["data/charts", "owner/test.parquet", "owner/name.JSON", "~/x", "a/b/c", "./x", "/x/y"]
)
def test_a_mistyped_path_is_told_at_once_and_no_hub_is_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").mkdir()
    with pytest.raises(SourceError, match="there is no file or folder"):
        HubSource(path)
    with pytest.raises(SourceError, match="there is no file or folder"):
        SPEC.look_for(ChartQAHubSettings(path=path))


def test_a_hub_is_told_before_it_is_waited_for() -> None:
    line = SPEC.look_for(ChartQAHubSettings(path="owner/name"))
    assert line is not None
    assert "owner/name" in line


@pytest.mark.parametrize("answers_first", [False, True])
def test_a_hub_that_never_answers_is_given_up(answers_first: bool) -> None:
    never = threading.Event()

    def rows() -> Iterator[Mapping[str, object]]:
        yield hub_row()
        never.wait()

    def opened(*_: str) -> tuple[tuple[str, ...], Iterable[Mapping[str, object]]]:
        if not answers_first:
            never.wait()
        return tuple(SCHEMA.names), rows()

    try:
        with pytest.raises(SourceError, match=r"no answer from the hub within 0.2 s"):
            read(HubSource("owner/name", open_hub=opened, wait=0.2))
    finally:
        never.set()
