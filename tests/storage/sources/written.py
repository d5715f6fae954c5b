"""Small data sets, written to a folder as their authors would lay them out."""

import io
import json
from collections.abc import Callable, Iterable
from pathlib import Path

from PIL import Image

from storage.sources.protocol import Source, SourceFailure, SourceItem


def picture(colour: str | tuple[int, ...] = "white", size: tuple[int, int] = (120, 80), kind: str = "PNG") -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", size, colour).save(buffer, kind)
    return buffer.getvalue()


def chartqa(
    root: Path,
    human: object = None,
    augmented: object = None,
    pictures: dict[str, bytes] | None = None,
    annotations: dict[str, object] | None = None,
    split: str = "test",
) -> Path:
    """One split of ChartQA; returns the folder of the splits."""
    folder = root / split
    (folder / "png").mkdir(parents=True, exist_ok=True)
    for name, data in ({"a.png": picture()} if pictures is None else pictures).items():
        (folder / "png" / name).write_bytes(data)
    for subset, rows in (("human", human), ("augmented", augmented)):
        if rows is not None:
            text = rows if isinstance(rows, str) else json.dumps(rows)
            (folder / f"{split}_{subset}.json").write_text(text, "utf-8")
    for name, annotation in (annotations or {}).items():
        (folder / "annotations").mkdir(exist_ok=True)
        text = annotation if isinstance(annotation, str) else json.dumps(annotation)
        (folder / "annotations" / name).write_text(text)
    return root


def row(**fields: object) -> dict[str, object]:
    """A good ChartQA row, with the given fields in place of its own."""
    return {"imgname": "a.png", "query": "How many bars?", "label": "3", **fields}


def highres(root: Path, rows: Iterable[object], pictures: dict[str, bytes] | None = None) -> Path:
    """JSON lines with pictures beside them; returns their folder."""
    root.mkdir(parents=True, exist_ok=True)
    for name, data in ({"a.png": picture()} if pictures is None else pictures).items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(data)
    lines = [line if isinstance(line, str) else json.dumps(line) for line in rows]
    (root / "test_questions.jsonl").write_text("".join(f"{line}\n" for line in lines))
    return root


def read(source: Source) -> tuple[list[SourceItem], list[SourceFailure]]:
    """All items and all failures of a source."""
    items, failures = [], []
    for entry in source.read():
        if isinstance(entry, SourceItem):
            items.append(entry)
        else:
            failures.append(entry)
    return items, failures


def only_failure(build: Callable[[], Source]) -> SourceFailure:
    """The one failure of a source that gives nothing else."""
    items, failures = read(build())
    assert items == []
    assert len(failures) == 1
    return failures[0]
