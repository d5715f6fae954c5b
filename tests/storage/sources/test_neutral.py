"""What a source's texts must be like: neutral, with a record, or refused by name; the same for every source."""

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lensmill.sample import Sample, sample_id_of
from lensmill.template_tokens import holds_template_token
from storage.builds.schema import sample_json, sample_of
from storage.sources.chartqa import ChartQASettings
from storage.sources.highres import HighResSettings
from storage.sources.hub import ChartQAHubSettings
from storage.sources.neutral import neutral_sample
from storage.sources.rows import RowProblem
from storage.sources.spec import build_source
from tests.storage.sources.written import chartqa, highres, picture, read, row

HOSTILE = (
    *("<image>", "<|image_pad|>", "<|im_end|>", "<|im_start|>user", "<video>", "<img>", "</s>", "[INST]", "<<SYS>>"),
    *("<start_of_turn>", "<bbox>", "<think>", "</think>", "<tool_call>{}</tool_call>", "<answer>7</answer>"),
    *("<function=zoom>", "<｜User｜>", "<|endoftext|>", "<|eot_id|>"),
)


def of_chartqa(tmp_path: Path, **fields: object) -> tuple[list[Sample], list[str]]:
    """Samples and error classes of one row."""
    root = chartqa(tmp_path, [row(**fields)])
    items, failures = read(build_source(ChartQASettings(path=str(root))))
    return [item.sample for item in items], [failure.error_class for failure in failures]


def of_highres(tmp_path: Path, **fields: object) -> tuple[list[Sample], list[str]]:
    good = {"image": "a.png", "question": "What is on the sign?", "options": ["GO", "STOP", "WAIT"]}
    root = highres(tmp_path, [{**good, **fields}])
    items, failures = read(build_source(HighResSettings(path=str(root))))
    return [item.sample for item in items], [failure.error_class for failure in failures]


def texts(sample: Sample) -> list[str]:
    labels = [region.label for region in sample.regions]
    return [sample.question, *sample.answers, *sample.choices, *labels, sample.subset, sample.split, sample.licence]


@pytest.mark.parametrize("token", HOSTILE)
def test_a_token_in_a_question_is_neutralised_and_recorded(tmp_path: Path, token: str) -> None:
    (sample,), failures = of_chartqa(tmp_path, query=f"How many {token} bars?")
    assert failures == []
    assert not any(map(holds_template_token, texts(sample)))
    assert sample.neutralised
    assert all(change.startswith("question: ") for change in sample.neutralised)
    assert not any(map(holds_template_token, sample.neutralised))
    assert sample.sample_id == sample_id_of(sample.image_id, sample.question, sample.answers)


@pytest.mark.parametrize("token", HOSTILE)
@pytest.mark.parametrize("answer", ["{}", "42{}", "{} 42"])
def test_an_answer_with_a_token_is_refused(tmp_path: Path, token: str, answer: str) -> None:
    assert of_chartqa(tmp_path, label=answer.format(token)) == ([], ["template_token"])
    assert of_chartqa(tmp_path, label=["42", answer.format(token)]) == ([], ["template_token"])


def test_an_option_is_neutralised_unless_it_is_the_answer(tmp_path: Path) -> None:
    (sample,), _ = of_highres(tmp_path, options=["GO", "<video>", "</s>"], answer="GO")
    assert sorted(sample.choices) == ["GO", "‹/s›", "‹video›"]
    assert len(sample.neutralised) == 2
    assert of_highres(tmp_path, options=["<video>", "STOP"], answer="<video>") == ([], ["template_token"])


def test_options_that_are_the_same_without_tokens_are_refused(tmp_path: Path) -> None:
    assert of_highres(tmp_path, options=["GO", "<s>", "‹s›"], answer="GO") == ([], ["template_token"])


def test_the_name_of_a_subset_is_neutralised(tmp_path: Path) -> None:
    (sample,), _ = of_highres(tmp_path, category="<|im_end|>")
    assert (sample.subset, sample.neutralised) == ("‹|im_end|›", ("subset: ‹|im_end|›",))


def test_the_label_of_a_region_is_neutralised(tmp_path: Path) -> None:
    info = {"x_axis": {"values": ["<s>", "B"], "bboxes": [[10, 60, 20, 10], [60, 60, 20, 10]]}}
    root = chartqa(tmp_path, [row()], annotations={"a.json": {"general_figure_info": info}})
    ((item,), failures) = read(build_source(ChartQASettings(path=str(root))))
    assert failures == []
    assert [region.label for region in item.sample.regions] == ["‹s›", "B"]
    assert item.sample.neutralised == ("regions[0]: ‹s›",)


def test_a_row_of_a_parquet_file_is_held_to_the_same(tmp_path: Path) -> None:
    rows = [
        {"image": picture(), "query": "How many <image>?", "label": ["3"]},
        {"image": picture(), "query": "How many?", "label": ["3<|im_end|>"]},
        {"image": picture(), "query": "How\x1b many?", "label": ["3"]},
    ]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "test.parquet")
    items, failures = read(build_source(ChartQAHubSettings(path=str(tmp_path / "test.parquet"))))
    assert [item.sample.question for item in items] == ["How many ‹image›?"]
    assert [failure.error_class for failure in failures] == ["template_token", "bad_text"]


@pytest.mark.parametrize(
    ("field", "value", "named"),
    [
        *(("query", "How\0many?", "NUL"), ("query", "\x1b[31mHow many?", "U+001B"), ("label", "3\x92", "U+0092")),
        *(
            ("query", "How\u202e many?", "U+202E"),
            ("label", "3\U000e0041", "U+E0041"),
            ("query", "\ud83d how?", "half"),
        ),
    ],
)
def test_a_character_that_no_text_may_hold_is_refused_by_its_name(
    tmp_path: Path, field: str, value: str, named: str
) -> None:
    root = chartqa(tmp_path, [row(**{field: value})])
    items, failures = read(build_source(ChartQASettings(path=str(root))))
    assert items == []
    assert [failure.error_class for failure in failures] == ["bad_text"]
    assert named in failures[0].message


def test_a_hidden_token_is_refused(tmp_path: Path) -> None:
    assert of_chartqa(tmp_path, query="What is <im\u200bage>?") == ([], ["template_token"])


def test_a_text_of_nothing_visible_is_refused(tmp_path: Path) -> None:
    assert of_chartqa(tmp_path, label="\ufeff") == ([], ["bad_text"])


@pytest.mark.parametrize(
    "question", ["Is a < b?", "Which is <5%?", "<b>How</b> many?", "5 | 6?", "Why [1]?", "Größe €?"]
)
def test_normal_text_keeps_its_sample_as_it_was(tmp_path: Path, question: str) -> None:
    (sample,), _ = of_chartqa(tmp_path, query=question)
    assert (sample.question, sample.neutralised) == (question, ())
    assert neutral_sample(sample) is sample


def test_neutral_text_stays(tmp_path: Path) -> None:
    (sample,), _ = of_chartqa(tmp_path, query="What is <image>?")
    assert neutral_sample(sample) is sample


def test_the_record_goes_with_the_sample(tmp_path: Path) -> None:
    (sample,), _ = of_chartqa(tmp_path, query="What is <image>?")
    assert sample_of(sample_json(sample)) == sample
    (plain,), _ = of_chartqa(tmp_path, query="What is it?")
    assert "neutralised" not in json.loads(sample_json(plain))
    assert sample_of(sample_json(plain)) == plain


def test_a_refusal_tells_field_and_remedy() -> None:
    sample = Sample("0" * 32, "1" * 64, 9, 9, "Which?", ("red<|im_end|>",))
    with pytest.raises(RowProblem, match="holds a template token; remove the token"):
        neutral_sample(sample)
