from pathlib import Path

import pytest
import yaml

from lensmill.sample import Sample
from storage.builds.images import ImageStore
from storage.datasets.version import CardSettings
from storage.files.store import Files
from tests.storage.published_rows import INPUTS, accepted, planned, publish, rows_of, seen


def test_the_card_has_a_header_that_tools_read(files: Files) -> None:
    version = publish(files, "v1", rows_of(files), INPUTS, CardSettings('Charts: "seen"', ("en", "no")))
    _, header, body = (Path(version.path) / "README.md").read_text().split("---\n", 2)
    facts = yaml.safe_load(header)
    assert facts["pretty_name"] == 'Charts: "seen"'
    assert facts["license"] == ["cc0-1.0"]
    assert facts["language"] == ["en", "no"]
    assert facts["size_categories"] == ["n<1K"]
    assert facts["task_categories"] == ["visual-question-answering"]
    assert [config["config_name"] for config in facts["configs"]] == [
        *("default", "rung-224", "rejected", "failures", "originals")
    ]
    assert "| 224 | 4 | 2 | 1 | 4 | 0 | 2.00 |" in body
    assert "| made | bars | train | CC0-1.0 | 4 |" in body
    assert "| incorrect | 2 |" in body
    assert "| source row | missing_field | 1 |" in body


@pytest.mark.parametrize("licence", ["My own terms", "", "x | y"])
def test_a_licence_that_the_hub_does_not_know_is_other(files: Files, licence: str) -> None:
    made, trajectory = seen(ImageStore(files), 1)
    sample = Sample(made.sample_id, made.image_id, 300, 200, "Which?", ("a",), licence=licence)
    version = publish(files, "v1", [accepted(planned(made), sample, trajectory)], INPUTS)
    header = (Path(version.path) / "README.md").read_text().split("---\n", 2)[1]
    assert yaml.safe_load(header)["license"] == ["other"]


@pytest.mark.parametrize(("split", "warned"), [("test", True), ("val", True), ("train", False)])
def test_a_split_that_benchmarks_keep_for_evaluation_is_warned_of(files: Files, split: str, warned: bool) -> None:
    made, trajectory = seen(ImageStore(files), 1)
    sample = Sample(made.sample_id, made.image_id, 300, 200, "Which?", ("a",), source="chartqa", split=split)
    version = publish(files, "v1", [accepted(planned(made), sample, trajectory)], INPUTS)
    card = (Path(version.path) / "README.md").read_text()
    assert (f"keep for evaluation: chartqa `{split}` (1 trajectories)" in card) == warned
