"""Dataset versions: the result of publishing, in `datasets/<version>/`, for people to load and train on.

A version's folder holds its card, its ledger and its lists; its rows lie in the shards of its blocks, which versions
share. `manifest.json` names every file and every block. It is created last and conditionally, and readers trust a
version only with it. The bytes of every file follow from the rows alone: no time, host, duration or random name is in
them.
"""

import hashlib
import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import pyarrow as pa

from lensmill.loading import FORMAT, MANIFEST
from storage.builds.counts import CardCounts
from storage.builds.scope import Scope
from storage.datasets.blocks import BlockRecord, ShardRecord
from storage.datasets.card import CardFacts, card
from storage.datasets.shards import TABLES
from storage.files.store import Files, StoreError
from storage.files.table import FileRecord, TableWriter

CHUNKS = "chunks.txt"
"""The chunks that a version is curated from, by id, one a line, in the plan's order."""

LEDGER = "ledger.parquet"
"""The ledger's rows in the version's scope, each with its table, reason and place."""

LAYERS = "layers.txt"
"""For each chunk with layers: its id, and the layers of episodes and of verdicts that the version has read. A version
without layers has no such file."""


@dataclass(frozen=True, slots=True)
class DatasetInputs:
    """The inputs of a version: the same inputs give the same bytes, other inputs give another version.

    Attributes:
        recipe: fingerprint of the episodes.
        judge: fingerprint of the verdicts.
        chunk_ids: the chunks it is curated from, in plan order.
        curation: JSON values that say how episodes were chosen.
        source_failures: keys (`storage.builds.segment.failure_key`) of the source rows that could not be planned.
        layers: of episodes and of verdicts, by chunk; chunks without layers are left out.
        replay: how pictures are drawn (`lensmill.replay.ReplaySettings.record`), so that a version replays on its own.
        scope: which rows of these chunks it holds.
    """

    recipe: str
    judge: str
    chunk_ids: tuple[str, ...]
    curation: Mapping[str, Any] = field(default_factory=dict)
    source_failures: tuple[str, ...] = ()
    layers: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    replay: Mapping[str, Any] = field(default_factory=dict)
    scope: Scope = field(default_factory=Scope)

    def record(self) -> dict[str, Any]:
        """The record in the manifest; chunks and layers are given by number and by the hash of their files."""
        record: dict[str, Any] = {
            "format": FORMAT,
            "recipe": self.recipe,
            "judge": self.judge,
            "curation": json.loads(json.dumps(dict(self.curation))),  # as it will be read back
            "source_failures": len(self.source_failures),
            "source_failures_sha256": _sha256_of(_lines(sorted(self.source_failures))),
            "chunks": len(self.chunk_ids),
            "replay": json.loads(json.dumps(dict(self.replay))),
            **self.scope.record(),
        }
        for name, data in self.files().items():
            record[f"{name.removesuffix('.txt')}_sha256"] = _sha256_of(data)
        return record

    def files(self) -> dict[str, bytes]:
        """The files of a version that name its chunks and its scope, by name."""
        files = {CHUNKS: _lines(self.chunk_ids)}
        if self.layers:
            found = ((chunk_id, self.layers[chunk_id]) for chunk_id in self.chunk_ids if chunk_id in self.layers)
            files[LAYERS] = _lines(f"{chunk_id} {episodes} {verdicts}" for chunk_id, (episodes, verdicts) in found)
        return files | self.scope.files()

    @property
    def digest(self) -> str:
        """sha256 of the record, for a version that is named by its content."""
        return hashlib.sha256(json.dumps(self.record(), sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class CardSettings:
    """What the card says besides the counts of the rows."""

    name: str = "Visual chains of thought"
    languages: tuple[str, ...] = ("en",)


@dataclass(frozen=True, slots=True)
class PublishedDataset:
    """A version with a manifest.

    Attributes:
        path: its folder, to be given to `datasets.load_dataset`.
        rows: accepted trajectories, of the tables train and validation; `rejected` and `failures` are the other
            tables' rows.
        size: bytes of all files and shards.
        files: every file of its folder but the manifest, its path relative to the folder.
        blocks: keys of the blocks that hold its rows, in the rows' order.
        shards: their files; the path of each is one of the store.
    """

    version: str
    path: str
    rows: int
    rejected: int
    failures: int
    size: int
    files: tuple[FileRecord, ...]
    inputs: Mapping[str, Any]
    blocks: tuple[str, ...] = ()
    shards: tuple[ShardRecord, ...] = ()

    def shards_of(self, *tables: str) -> tuple[ShardRecord, ...]:
        """The shards of these tables."""
        return tuple(shard for shard in self.shards if shard.table in tables)


def _lines(lines: Iterable[str]) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode()


def _sha256_of(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def read_chunks(files: Files, version: str) -> tuple[tuple[str, ...], dict[str, tuple[int, int]]]:
    """The chunks that a version is curated from, in plan order, and `DatasetInputs.layers`.

    Raises:
        FileNotFoundError, ValueError: its files do not say so.
    """
    folder = folder_of(version)
    chunk_ids = tuple(files.read(f"{folder}/{CHUNKS}").decode().splitlines())
    layers = {}
    if files.exists(f"{folder}/{LAYERS}"):
        for line in files.read(f"{folder}/{LAYERS}").decode().splitlines():
            chunk_id, episodes, verdicts = line.split()
            layers[chunk_id] = (int(episodes), int(verdicts))
    return chunk_ids, layers


def published(files: Files, version: str) -> PublishedDataset | None:
    """A published version; None if the version has no manifest.

    Raises:
        ValueError: the version's name cannot be a folder's.
        StoreError: its manifest is damaged.
    """
    path = f"{folder_of(version)}/{MANIFEST}"
    try:
        manifest = json.loads(files.read(path))
        records = tuple(FileRecord(**record) for record in manifest["files"])
        blocks = manifest.get("blocks", ())  # versions of an earlier format have all rows in their own folder
        shards = tuple(ShardRecord(**file) for block in blocks for file in block["files"])
        rows = manifest["rows"]
        return PublishedDataset(
            version,
            files.locate(folder_of(version)),
            rows["train"] + rows.get("validation", 0),
            rows["rejected"],
            rows["failures"],
            sum(record.size for record in records) + sum(shard.size for shard in shards),
            records,
            manifest["inputs"],
            tuple(block["key"] for block in blocks),
            shards,
        )
    except FileNotFoundError:
        return None
    except (ValueError, LookupError, TypeError) as error:
        raise StoreError(
            f"{files.locate(path)} is no manifest of a version ({type(error).__name__}: {error}): restore it"
        ) from error


def require_free(files: Files, version: str, inputs: DatasetInputs, about: CardSettings) -> None:
    """Check that `begin` would accept this version, before the work begins.

    Raises:
        StoreError: the version exists, or was begun, with other inputs.
    """
    wanted = manifest_inputs(inputs, about)
    if _same(files, version, wanted) is None and files.exists(claim_path(version)):
        _claim(files, version, wanted)


@dataclass(frozen=True, slots=True)
class Contents:
    """What a version holds.

    Attributes:
        blocks: that hold its rows, in the rows' order.
        counts: of its episodes.
        funnel: see `storage.builds.selection.Selection`.
        source_errors: classes of the source rows that failed.
        ledger: its ledger, in tables of one row group each; called again for each attempt to write it.
    """

    blocks: Sequence[BlockRecord]
    counts: CardCounts
    funnel: Sequence[tuple[str, int]] = ()
    source_errors: Counter[str] = field(default_factory=Counter)
    ledger: Callable[[], Iterator[pa.Table]] = lambda: iter(())

    def rows(self) -> dict[str, int]:
        """Rows by table."""
        rows = dict.fromkeys(TABLES, 0)
        for block in self.blocks:
            for file in block.files:
                rows[file.table] += file.rows
        return rows


def begin(
    files: Files, version: str, inputs: DatasetInputs, about: CardSettings | None = None
) -> PublishedDataset | None:
    """Claim a version's name. Return the version if it is published already from the same inputs.

    Raises:
        ValueError: the version's name cannot be a folder's.
        StoreError: the version exists or was begun with other inputs, or the store cannot be written or read.
    """
    folder_of(version)
    wanted = manifest_inputs(inputs, about or CardSettings())
    if (there := _same(files, version, wanted)) is None:
        _claim(files, version, wanted)
    return there


def finish(
    files: Files, version: str, contents: Contents, inputs: DatasetInputs, about: CardSettings | None = None
) -> PublishedDataset:
    """Write the folder of a version that `begin` has claimed, its manifest last. All its blocks are made.

    Raises:
        StoreError: the store cannot be written or read.
    """
    about = about or CardSettings()
    folder, wanted = folder_of(version), manifest_inputs(inputs, about)
    facts = CardFacts(
        version, about.name, about.languages, inputs.recipe, inputs.judge, contents.rows(), contents.blocks,
        inputs.scope, contents.counts, contents.funnel, contents.source_errors,
    )  # fmt: skip
    texts = {"README.md": card(facts).encode(), **inputs.files()}

    def write(name: str) -> FileRecord:
        if name == LEDGER:
            return _write_ledger(files, f"{folder}/{LEDGER}", contents.ledger())
        with files.open(f"{folder}/{name}", "whole") as sink:
            sink.write(texts[name])
        return FileRecord(name, len(texts[name]), _sha256_of(texts[name]))

    records = [write(name) for name in sorted((*texts, LEDGER))]
    manifest = {
        "version": version,
        "inputs": wanted,
        "rows": contents.rows(),
        "files": [asdict(record) for record in records],
        "blocks": [_named(block) for block in contents.blocks],
    }
    files.create(f"{folder}/{MANIFEST}", json.dumps(manifest, indent=1, ensure_ascii=False).encode())
    for record in records:  # earlier files may have been collected before the manifest existed
        if not _is_there(files, f"{folder}/{record.path}", record.size):
            write(record.path)
    done = _same(files, version, wanted)
    assert done is not None
    return done


def _named(block: BlockRecord) -> dict[str, Any]:
    """A block as a manifest names it."""
    files = [{name: value for name, value in asdict(file).items() if name != "row_groups"} for file in block.files]
    return {"key": block.key, "files": files}


def _write_ledger(files: Files, path: str, tables: Iterator[pa.Table]) -> FileRecord:
    first = next(tables, pa.table({"episode_id": pa.array([], pa.string())}))
    writer = TableWriter(files, path, first.schema, {"write_page_index": True}, "whole")
    try:
        writer.write_table(first)
        for table in tables:
            writer.write_table(table)
    except BaseException:
        writer.abandon()
        raise
    record = writer.close()
    return FileRecord(LEDGER, record.size, record.sha256, record.rows)


def folder_of(version: str) -> str:
    """The folder of a version in its store.

    Raises:
        ValueError: the name cannot be a folder's.
    """
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}", version):
        raise ValueError(f"a version is named with letters, digits, '.', '-' and '_', got {version!r}")
    return f"datasets/{version}"


def manifest_inputs(inputs: DatasetInputs, about: CardSettings) -> dict[str, Any]:
    """The inputs in a version's manifest."""
    return {**inputs.record(), "card": json.loads(json.dumps(asdict(about)))}


def _same(files: Files, version: str, wanted: Mapping[str, Any]) -> PublishedDataset | None:
    """The version if it is published from these inputs."""
    there = published(files, version)
    if there is None:
        return None
    names = [*wanted, *(name for name in there.inputs if name not in wanted)]
    different = [name for name in names if there.inputs.get(name) != wanted.get(name)]
    if different:
        raise StoreError(
            f"{there.path} is published already, from other inputs (different: {', '.join(different)}): choose another "
            "version="
        )
    return there


def claim_path(version: str) -> str:
    """The path of a version's claim, in which its first publisher writes the inputs."""
    return f"claims/{version}.json"


def claim(files: Files, version: str, inputs: Mapping[str, Any]) -> bool:
    """Let only publishers with the same inputs write into a version.

    Args:
        inputs: as the manifest will have them.
    """
    return files.create(claim_path(version), json.dumps(inputs, sort_keys=True).encode())


def _claim(files: Files, version: str, wanted: Mapping[str, Any]) -> None:
    if not claim(files, version, wanted):
        raise StoreError(
            f"{files.locate(folder_of(version))} was begun from other inputs and is not finished: choose another "
            f"version=, or, if nothing writes it any more, delete {files.locate(claim_path(version))} and run again"
        )


def _is_there(files: Files, path: str, size: int) -> bool:
    try:
        return files.size(path) == size
    except FileNotFoundError:
        return False
