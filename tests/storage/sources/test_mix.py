"""Several sources in one build."""

from pathlib import Path
from typing import Any

import pytest

from storage.datasets.licences import terms
from storage.sources import charxiv
from storage.sources.mix import MixSettings, mix
from storage.sources.protocol import SourceError, SourceItem
from storage.sources.spec import build_source
from tests.storage.sources.table_cases import PLAIN, jsonl
from tests.storage.sources.written import picture, read


def table(folder: Path, name: str, count: int, **more: Any) -> dict[str, Any]:
    """A part of a mix: a table of this many rows, with a picture of its own."""
    (folder / f"{name}.png").parent.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.png").write_bytes(picture(size=(50 + len(name), 60)))
    rows = [{"image": f"{name}.png", "question": f"{name} {at}?", "answer": "x"} for at in range(count)]
    path = jsonl(f"{name}.jsonl", rows)(folder)
    return {"name": "table", "path": str(path), "columns": PLAIN, "dataset": name, **more}


def sources_of(items: list[SourceItem]) -> list[str]:
    return [item.sample.source for item in items]


def test_every_sample_keeps_its_source_and_licence(tmp_path: Path) -> None:
    parts = (table(tmp_path, "one", 2, licence="GPL-3.0"), table(tmp_path, "other", 3, licence="cc-by-4.0"))
    items, failures = read(build_source(MixSettings(parts=parts)))
    assert not failures
    assert {(item.sample.source, item.sample.licence) for item in items} == {("one", "GPL-3.0"), ("other", "cc-by-4.0")}


def test_a_limit_is_of_the_rows_of_its_part(tmp_path: Path) -> None:
    parts = (table(tmp_path, "one", 200, limit=70), table(tmp_path, "other", 3))
    items, _ = read(mix(MixSettings(parts=parts)))
    assert sources_of(items).count("one") == 70
    assert sources_of(items).count("other") == 3


def test_slices_take_turns_by_weight(tmp_path: Path) -> None:
    parts = (table(tmp_path, "one", 640, weight=3), table(tmp_path, "other", 640))
    first = sources_of(read(mix(MixSettings(parts=parts)))[0])[: 64 * 8]
    assert first.count("one") == 3 * first.count("other")


def test_a_slice_alone_gives_the_same_rows_as_the_whole(tmp_path: Path) -> None:
    source = mix(MixSettings(parts=(table(tmp_path, "one", 150, limit=100), table(tmp_path, "other", 100, weight=2))))
    whole = [item.sample.sample_id for item in read(source)[0]]
    parts = [item for part in source.slices() for item in source.read(part)]
    assert [item.sample.sample_id for item in parts if isinstance(item, SourceItem)] == whole
    assert sum(part.rows or 0 for part in source.slices()) == len(whole) == 200


@pytest.mark.parametrize(
    ("part", "message"),
    [
        ({"name": "chartq", "path": "x"}, r"parts\[0\]: there is no source"),
        ({"name": "chartqa", "pth": "x"}, r"parts\[0\]: chartqa has no setting pth"),
        ({"name": "chartqa", "path": "x", "splits": 3}, r"parts\[0\]: splits: "),
        ({"name": "chartqa", "path": "/not/there"}, r"parts\[0\]: sources/chartqa: there is no folder"),
    ],
)
def test_a_part_that_cannot_be_used_is_named_by_its_number(part: dict[str, Any], message: str) -> None:
    with pytest.raises(SourceError, match=message):
        mix(MixSettings(parts=(part,)))


@pytest.mark.parametrize("part", [{"weight": 0}, {"weight": "2"}, {"limit": 0}, {"limit": 1.5}, {"name": "mix"}])
def test_weights_and_limits_are_checked(part: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"parts\[0\]"):
        MixSettings(parts=(part,))


def test_the_card_names_copyleft_non_commercial_and_unnamed_parts() -> None:
    origins = {
        ("chartqa", "human", "test", "GPL-3.0"): 5,
        ("photos", "", "", "cc-by-nc-4.0"): 2,
        ("mine", "", "", ""): 1,
        ("free", "", "", "cc-by-4.0"): 1,
        ("lib", "", "", "lgpl-3.0"): 1,
    }
    lines = list(terms(origins))
    assert len(lines) == 4
    assert "Copyleft" in lines[0]
    assert "chartqa (GPL-3.0): 5 trajectories" in lines[0]
    assert "lib" not in lines[0]
    assert "Non-commercial" in lines[1]
    assert "photos (cc-by-nc-4.0)" in lines[1]
    assert "mine: 1 trajectories" in lines[2]
    assert "cannot all be met by one licence" in lines[3]


def test_the_card_tells_that_the_charts_of_charxiv_belong_to_their_authors() -> None:
    lines = list(terms({("charxiv", "reasoning", "val", charxiv.LICENCE): 3}))
    assert [line.partition("**:")[0] for line in lines] == ["**Share alike", "**Rights reserved"]


def test_free_parts_need_no_word() -> None:
    assert not list(terms({("a", "", "", "cc-by-4.0"): 1, ("b", "", "", "Apache-2.0"): 1}))
