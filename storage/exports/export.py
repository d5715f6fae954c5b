"""A whole export: its claim, its parts, and the files that make it usable."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from itertools import chain
from typing import Any

from lensmill.formats.checking import Needs
from lensmill.formats.spec import Exported
from lensmill.specs import recipe_values
from storage.checks.row_files import LEFT_OUT
from storage.datasets.version import PublishedDataset
from storage.exports.episodes import TABLES, Chosen, Unit
from storage.exports.parts import PARTS, Export, PartRecord, PartWork
from storage.exports.pictures import IMAGES
from storage.exports.readme import readme
from storage.files.store import Files, StoreError

MANIFEST = "export.json"
"""Written last: an export without a manifest is not finished."""

CLAIM = f"{PARTS}/claim.json"

README = "README.md"

BESIDE = (README, "dataset_info.json", "manifest.json")
"""Files that are never replaced where no export is: those beside rows, and the manifest of a version."""


@dataclass(frozen=True, slots=True)
class Inputs:
    """What decides an export."""

    version: PublishedDataset
    chosen: Chosen
    export: Export

    def record(self) -> dict[str, Any]:
        """The inputs as JSON values, for the manifest. Shards are named by content, so the place of the version is
        left out."""
        shards = sorted(shard.sha256 for shard in self.version.shards)
        spec, export = self.export.spec, self.export
        record = {
            "format": spec.name,
            "format_version": spec.version,
            "settings": recipe_values(export.settings),
            "columns": list(export.columns),
            "root": export.root if spec.absolute and export.settings.pictures == "files" else "",
            "template": export.training.template.name if export.training.template is not None else None,
            "version": self.version.version,
            "rows_sha256": hashlib.sha256("".join(shards).encode()).hexdigest(),
            **asdict(self.chosen),
        }
        found: dict[str, Any] = json.loads(json.dumps(record))
        return found


@dataclass(frozen=True, slots=True)
class Totals:
    """What an export holds.

    Attributes:
        rows: split -> rows.
        left_out: reason -> rows.
    """

    rows: Mapping[str, int]
    left_out: Mapping[str, int]
    needs: Needs
    size: int
    examples: Sequence[Mapping[str, str]] = field(default_factory=tuple)

    @classmethod
    def of(cls, parts: Iterable[PartRecord]) -> "Totals":
        """The sums over parts."""
        rows: Counter[str] = Counter()
        left_out: Counter[str] = Counter()
        needs, size = Needs(), 0
        examples: list[Mapping[str, str]] = []
        for part in parts:
            rows[part.split] += part.rows
            left_out.update(part.left_out)
            needs, size = needs.and_of(part.needs), size + part.size
            examples += part.examples[: max(0, 20 - len(examples))]
        return cls(dict(rows), dict(sorted(left_out.items())), needs, size, tuple(examples))


def claim(target: Files, inputs: Inputs) -> bool:
    """Let only exports of the same inputs write into a folder. Return True if the export is finished already.

    Raises:
        StoreError: the folder holds an export of other inputs, or files of something else.
    """
    wanted = inputs.record()
    if (found := _claimed(target, wanted)) is not None:
        return found
    _require_empty(target)
    if not target.create(CLAIM, json.dumps(wanted, sort_keys=True).encode()):
        _claimed(target, wanted)  # another export began in the same moment
    return False


def _claimed(target: Files, wanted: Mapping[str, Any]) -> bool | None:
    """Whether the export of these inputs in a folder is finished; None if the folder has no export.

    Raises:
        StoreError: the folder holds an export of other inputs.
    """
    for path in (MANIFEST, CLAIM):
        try:
            there = json.loads(target.read(path))
        except FileNotFoundError:
            continue
        except ValueError as error:
            raise StoreError(
                f"{target.locate(path)} is damaged ({error}): give another to=, or remove the folder"
            ) from error
        there = there.get("inputs") if path == MANIFEST and isinstance(there, dict) else there
        there = there if isinstance(there, dict) else {}
        different = sorted(name for name in {*wanted, *there} if wanted.get(name) != there.get(name))
        if different:
            raise StoreError(
                f"{target.locate(path).removesuffix(f'/{path}')} holds an export of other inputs (different: "
                f"{', '.join(different)}): give another to=, or remove the folder"
            )
        if path == MANIFEST:
            _require_whole(target)
            return True
        return False
    return None


def _require_empty(target: Files) -> None:
    """Check that a folder has none of the files that an export writes: they would be replaced, or trained on.

    Raises:
        StoreError: there is such a file.
    """
    named = (path for path in BESIDE if target.exists(path))
    first = next(chain(named, *(target.each(folder) for folder in (*TABLES, IMAGES, LEFT_OUT))), None)
    if first is not None:
        raise StoreError(
            f"{target.locate(first)} is there already and belongs to no export: give a to= that is an empty folder"
        )


def _require_whole(target: Files) -> None:
    """Check that the files of a finished export are there.

    Raises:
        StoreError: a file is missing or has another size.
    """
    for file in json.loads(target.read(MANIFEST))["files"]:
        try:
            there = target.size(file["path"])
        except FileNotFoundError:
            there = None
        if there != file["size"]:
            what = "is missing" if there is None else f"has {there} bytes and not {file['size']}"
            raise StoreError(f"{target.locate(file['path'])} {what}: remove the export's folder and export again")


def works(source: Files, target: Files, inputs: Inputs, units: Sequence[Unit]) -> list[PartWork]:
    """The parts of an export, in order. A part's key is a hash of what decides its bytes."""
    record = json.dumps(inputs.record(), sort_keys=True)
    shards = {shard.path: shard.sha256 for shard in inputs.version.shards}
    numbers: Counter[str] = Counter()
    made = []
    for unit in units:
        digest = hashlib.sha256(f"{record} {shards[unit.file]} {numbers[unit.split]}".encode())
        for column in unit.picks.column_names:
            digest.update(",".join(map(str, unit.picks[column].to_pylist())).encode())
        made.append(PartWork(source, target, inputs.export, unit, numbers[unit.split], digest.hexdigest()[:32]))
        numbers[unit.split] += 1
    return made


def finish(target: Files, inputs: Inputs, parts: Sequence[PartRecord]) -> Totals:
    """Write the files beside the rows, and the manifest last.

    Raises:
        StoreError: the folder cannot be written.
    """
    totals, spec = Totals.of(parts), inputs.export.spec
    splits: dict[str, tuple[str, ...]] = {}
    for part in parts:
        if part.file:
            splits[part.split] = (*splits.get(part.split, ()), part.file)
    name = target.locate("x").rstrip("/").split("/")[-2]
    exported = Exported(name, splits, totals.needs, inputs.export.settings)
    texts = {**spec.files(exported), README: readme(inputs.version, exported, spec, totals)}
    for path, text in texts.items():
        with target.open(path, "whole") as sink:
            sink.write(text.encode())
    manifest = {
        "format": spec.name,
        "inputs": inputs.record(),
        "files": [
            {"path": part.file, "rows": part.rows, "split": part.split, "size": part.size, "sha256": part.sha256}
            for part in parts
            if part.file
        ],
        "rows": totals.rows,
        "left_out": totals.left_out,
        "needs": asdict(totals.needs),
    }
    target.create(MANIFEST, json.dumps(manifest, indent=1, ensure_ascii=False).encode())
    return totals
