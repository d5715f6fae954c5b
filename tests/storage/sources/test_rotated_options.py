"""HR-Bench's rows: one question four times, its options in another order each time."""

import json
from pathlib import Path

from PIL import Image

from storage.sources.highres import HighResSource
from storage.sources.protocol import SourceItem

OPTIONS = ["red", "green", "blue", "white"]


def test_the_rows_of_a_rotated_question_are_samples_of_their_own_that_tell_their_group(tmp_path: Path) -> None:
    """Picture, question, reference and number of options are the group: an evaluation needs no further field."""
    rows: list[dict[str, object]] = []
    for number, category in enumerate(("single", "cross")):
        Image.new("RGB", (64, 64), (number, 0, 0)).save(tmp_path / f"{number}.png")
        for cycle in range(4):
            turned = OPTIONS[cycle:] + OPTIONS[:cycle]
            row: dict[str, object] = {
                "index": len(rows),
                "image": f"{number}.png",
                "question": "Which colour?",
                "category": category,
            }
            row |= dict(zip("ABCD", turned, strict=True))
            rows.append(row | {"answer": "ABCD"[turned.index("blue")], "cycle_category": f"cycle_{cycle}"})
    (tmp_path / "test_questions.jsonl").write_text("\n".join(map(json.dumps, rows)))
    items = [*HighResSource(tmp_path).read()]
    samples = [item.sample for item in items if isinstance(item, SourceItem)]
    assert len(samples) == len({sample.sample_id for sample in samples}) == 8
    assert {sample.choices for sample in samples} == {(*OPTIONS[n:], *OPTIONS[:n]) for n in range(4)}
    groups = {(sample.image_id, sample.question, sample.answers[0], len(sample.choices)) for sample in samples}
    assert len(groups) == 2
    assert [sample.subset for sample in samples[::4]] == ["single", "cross"]
