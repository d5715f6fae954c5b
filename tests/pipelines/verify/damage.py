"""Running the job over a store, and damaging a store."""

import hashlib
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from monitoring.progress import ProgressDisplay
from pipelines.config import load, with_folder
from pipelines.findings import Findings
from pipelines.settings import VerifySettings as Settings
from pipelines.verify import Verification
from storage.builds.schema import to_parquet
from storage.datasets.shards import TABLES

Rows = list[dict[str, Any]]


def verify(out: Path, *overrides: str) -> tuple[int, list[str]]:
    """The status, and the lines that were printed."""
    settings = load("verify", Settings, with_folder([str(out), *overrides]))
    stream = io.StringIO()
    with ProgressDisplay(io.StringIO()) as display:
        status = Verification(settings, Findings(display, stream, settings.findings)).run()
    return status, stream.getvalue().splitlines()


def wrong(out: Path, *overrides: str) -> list[str]:
    """What is found to be wrong, which must be something."""
    status, lines = verify(out, *overrides)
    found = [line.removeprefix("wrong: ") for line in lines if line.startswith("wrong: ")]
    assert (status, bool(found)) == (1, True), lines
    return found


def one(out: Path, pattern: str) -> Path:
    return sorted(out.glob(pattern))[0]


def flip(path: Path, at: float = 0.5) -> None:
    data = bytearray(path.read_bytes())
    data[int(at * (len(data) - 1))] ^= 0x11
    path.write_bytes(data)


def forge(out: Path, change: Callable[[Rows], None], table: str = "train") -> Path:
    """Change the rows of a shard, with manifest and record, as an attacker would. Return the shard."""
    key, shard = next((block["key"], file) for block, file in shards(out) if file["table"] == table)
    path = out / str(shard["path"])
    rows = pq.read_table(path).to_pylist()
    change(rows)
    data = to_parquet(rows, TABLES[table])
    path.write_bytes(data)
    new = {"size": len(data), "sha256": hashlib.sha256(data).hexdigest(), "rows": len(rows)}

    def describe(manifest: dict[str, Any]) -> None:
        files = [file for block in manifest["blocks"] for file in block["files"]]
        next(file for file in files if file["path"] == shard["path"]).update(new)
        manifest["rows"][table] += len(rows) - shard["rows"]

    def describe_block(record: dict[str, Any]) -> None:
        next(file for file in record["files"] if file["path"] == shard["path"]).update(new, row_groups=[len(rows)])

    rewrite(out / "datasets/test/manifest.json", describe)
    rewrite(out / f"blocks/{key}.json", describe_block)
    return path


def forge_ledger(out: Path, change: Callable[[Rows], None]) -> None:
    """Change the version's ledger, and the manifest with it."""
    path = out / "datasets/test/ledger.parquet"
    rows, schema = pq.read_table(path).to_pylist(), pq.read_schema(path)
    change(rows)
    data = to_parquet(rows, schema)
    path.write_bytes(data)

    def describe(manifest: dict[str, Any]) -> None:
        record = next(file for file in manifest["files"] if file["path"] == "ledger.parquet")
        record |= {"size": len(data), "sha256": hashlib.sha256(data).hexdigest(), "rows": len(rows)}

    rewrite(out / "datasets/test/manifest.json", describe)


def rewrite(path: Path, change: Callable[[dict[str, Any]], None]) -> None:
    """Change a JSON file."""
    value = json.loads(path.read_text())
    change(value)
    path.write_text(json.dumps(value))


def shards(out: Path) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """The shards of the version, each with its block, as the manifest names them."""
    manifest = json.loads((out / "datasets/test/manifest.json").read_text())
    return [(block, file) for block in manifest["blocks"] for file in block["files"]]


def with_steps(rows: Rows) -> int:
    """The number of a row that looked at something."""
    return next(number for number, row in enumerate(rows) if row["steps"][0]["images"])
