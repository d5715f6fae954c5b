"""The plan of a mapped dataset does not depend on who reads which slice, and in which order slices end."""

import re
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from actors.ingest.planning import Planner, PlanSettings
from lensmill.agents.reader.settings import ReaderSettings
from lensmill.resolution import Ladder
from storage.files.store import Files
from storage.sources.mix import MixSettings
from storage.sources.spec import SourceSettings
from storage.sources.table.settings import TableSettings
from tests.storage.sources.table_cases import NAMES, PLAIN, jsonl

TOKEN = re.compile(r"-[0-9a-f]{32}")


def by_threads(workers: int) -> Callable[..., Generator[Any]]:
    """Slices are read by this many at a time."""

    def over(reader: Callable[[Any], Any], parts: Iterable[Any]) -> Generator[Any]:
        with ThreadPoolExecutor(workers) as pool:
            yield from pool.map(reader, parts)

    return over


def planned(out: Path, source: SourceSettings, workers: int) -> dict[str, str]:
    """Every file of the plan, with its bytes; without the token that makes the name of a part unique."""
    ladder = Ladder((224, 448))
    settings = PlanSettings(Files(str(out)), "f" * 16, source, ReaderSettings(), None, ladder, None, None)
    Planner(settings, by_threads(workers) if workers > 1 else None).plan()
    files = [file for file in sorted((out / "builds").rglob("*")) if file.is_file()]
    return {
        TOKEN.sub("", str(file.relative_to(out))): TOKEN.sub("", file.read_bytes().decode("latin-1")) for file in files
    }


def test_one_worker_and_three_make_the_same_plan(tmp_path: Path) -> None:
    content = [{"image": NAMES[at % 4 % 3], "question": f"Question {at}?", "answer": str(at % 50)} for at in range(300)]
    content[7]["image"], content[200]["question"] = "nowhere.png", ""
    path = jsonl("r.jsonl", content, NAMES)(tmp_path)
    table = TableSettings(path=str(path), columns=PLAIN)
    part = {"name": "table", "path": str(path), "columns": PLAIN, "dataset": "other"}
    mixed = MixSettings(parts=({**part, "limit": 100, "weight": 2}, {**part, "split": "test"}))
    for number, source in enumerate((table, mixed)):
        one, three = (planned(tmp_path / f"out{number}_{workers}", source, workers) for workers in (1, 3))
        assert one == three
        assert one
