"""Verifying a dataset version: its files against the manifest, its rows against themselves and against the plan."""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from lensmill.geometry import Box, Frame
from lensmill.sample import Region, sample_id_of
from lensmill.trajectory import Action, ImageRef, Observation, Step, Trajectory
from storage.builds.plan import episode_id_of
from storage.datasets.other_rows import FAILURES, ORIGINALS
from storage.datasets.rows import EPISODES
from storage.datasets.version import MANIFEST
from storage.files.store import Files, StoreError

TABLES: Mapping[str, tuple[str, pa.Schema]] = {
    "originals": ("originals", ORIGINALS),
    "train": ("data", EPISODES),
    "rejected": ("rejected", EPISODES),
    "failures": ("failures", FAILURES),
}
"""A version's tables with their folder and schema; originals first, since replays of the others need them."""

MALFORMED = (
    *(StoreError, pa.ArrowException, OSError),
    *(ArithmeticError, AssertionError, AttributeError, LookupError, RecursionError, TypeError, ValueError),
)
"""What reading a file raises that holds something else than it must."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong: where, down to the row and the field if it has one, and what."""

    file: str
    what: str
    row: int | None = None
    field: str = ""

    def __str__(self) -> str:
        row = "" if self.row is None else f" row {self.row}"
        what = " ".join(self.what.split())[:500]
        return f"{self.file}{row}{f' {self.field}' if self.field else ''}: {what}"


class Ids:
    """Many ids of 32 hexadecimal letters, in 16 bytes each."""

    def __init__(self) -> None:
        self._bytes = bytearray()

    def __len__(self) -> int:
        return len(self._bytes) // 16

    def add(self, written: str) -> None:
        """Raises ValueError if this is no such id."""
        number = bytes.fromhex(written)
        if len(number) != 16:
            raise ValueError(f"{written[:60]!r} is no id")
        self._bytes += number

    def repeated(self) -> list[str]:
        """Those that are there more than once."""
        found, counts = np.unique(self._array(), return_counts=True)
        return _texts(found[counts > 1])

    def minus(self, other: "Ids") -> list[str]:
        """Those that the other has not."""
        return _texts(np.setdiff1d(self._array(), other._array()))

    def _array(self) -> Any:
        return np.frombuffer(bytes(self._bytes), dtype=[("high", ">u8"), ("low", ">u8")])


def _texts(found: Any) -> list[str]:
    return [bytes(number).hex() for number in found]


@dataclass(slots=True)
class Version:
    """What was learnt of a version while it was read.

    Attributes:
        whole: every table could be read.
        episodes: of all its tables, as often as they are there.
        places: id of an original -> its file, row group and row there.
        rows: by table.
    """

    folder: str
    manifest: Mapping[str, Any]
    whole: bool = True
    episodes: Ids = field(default_factory=Ids)
    places: dict[str, tuple[str, int, int]] = field(default_factory=dict)
    rows: dict[str, int] = field(default_factory=dict)

    @property
    def inputs(self) -> Mapping[str, Any]:
        inputs: Mapping[str, Any] = self.manifest["inputs"]
        return inputs


class VersionCheck:
    """Reads a version whole and reports what is wrong with it.

    Args:
        files, folder: where it lies.
        report: told each finding.
        advance: told how many more bytes were read.
        visit: given each accepted row with its file and number, e.g. to replay it.
    """

    def __init__(
        self,
        files: Files,
        folder: str,
        report: Callable[[Finding], None],
        advance: Callable[[int], None],
        visit: Callable[["Version", str, int, Mapping[str, Any]], None],
    ) -> None:
        self._files, self._folder = files, folder
        self._report, self._advance, self._visit = report, advance, visit

    def run(self) -> Version | None:
        """The version as read; None without a manifest that can be read."""
        path = f"{self._folder}/{MANIFEST}"
        try:
            manifest = json.loads(self._files.read(path))
            version = Version(self._folder, manifest)
            records = {str(record["path"]): record for record in manifest["files"]}
            wanted = {name: int(manifest["rows"][name]) for name in TABLES}
            _ = version.inputs["recipe"], version.inputs["judge"]
        except MALFORMED as error:
            self._report(
                Finding(path, f"it cannot be read ({type(error).__name__}: {error}): publish the version again")
            )
            return None
        if manifest.get("version") != self._folder.rpartition("/")[2]:
            self._report(Finding(path, f"it is of version {manifest.get('version')!r}", field="version"))
        sound = {name for name, record in records.items() if self._file(name, record)}
        self._strangers(records)
        for table, (folder, schema) in TABLES.items():
            names = sorted(name for name in records if name.startswith(f"{folder}/"))
            version.rows[table] = 0
            for name in names:
                if name in sound and self._table(version, table, schema, name, records[name]):
                    continue
                version.whole = False
            if version.whole and version.rows[table] != wanted[table]:
                what = f"the table {table} has {version.rows[table]} rows, the manifest says {wanted[table]}"
                self._report(Finding(path, what, field=f"rows.{table}"))
        for repeated in version.episodes.repeated():
            self._report(Finding(path, f"episode {repeated} is in the tables more than once", field="episode_id"))
        return version

    def _file(self, name: str, record: Mapping[str, Any]) -> bool:
        path, digest, size = f"{self._folder}/{name}", hashlib.sha256(), 0
        try:
            with self._files.open(path) as source:
                while block := source.read(2**20):
                    digest.update(block)
                    size += len(block)
                    self._advance(len(block))
        except FileNotFoundError:
            self._report(Finding(path, "it is missing: publish the version again"))
            return False
        except (StoreError, ValueError) as error:
            self._report(Finding(path, str(error)))
            return False
        if size != record.get("size"):
            self._report(Finding(path, f"it has {size} bytes, the manifest says {record.get('size')}", field="size"))
            return False
        if digest.hexdigest() != record.get("sha256"):
            self._report(
                Finding(
                    path,
                    "its bytes have changed since it was published: restore it, or remove the folder and publish again",
                    field="sha256",
                )
            )
            return False
        return True

    def _strangers(self, records: Mapping[str, Any]) -> None:
        for path in self._files.list(self._folder):
            name = path[len(self._folder) + 1 :]
            if name not in records and name != MANIFEST:
                self._report(Finding(path, "the manifest does not name it, and readers take it for data: remove it"))

    def _table(self, version: Version, table: str, schema: pa.Schema, name: str, record: Mapping[str, Any]) -> bool:
        path, count = f"{self._folder}/{name}", 0
        try:
            with self._files.open(path) as source:
                part = pq.ParquetFile(source, page_checksum_verification=True)
                if not part.schema_arrow.equals(schema):
                    what = f"its columns are not those of the table {table}: {_difference(part.schema_arrow, schema)}"
                    self._report(Finding(path, what, field="schema"))
                    return False
                for group in range(part.num_row_groups):
                    for number, row in enumerate(part.read_row_group(group).to_pylist()):
                        if table == "originals":
                            self._original(version, path, count, (path, group, number), row)
                        else:
                            self._row(version, table, path, count, row)
                        count += 1
        except MALFORMED as error:
            self._report(Finding(path, f"it cannot be read: {type(error).__name__}: {error}"))
            return False
        version.rows[table] += count
        if count != record.get("rows"):
            self._report(Finding(path, f"it has {count} rows, the manifest says {record.get('rows')}", field="rows"))
        return True

    def _original(
        self, version: Version, path: str, number: int, place: tuple[str, int, int], row: Mapping[str, Any]
    ) -> None:
        image_id = str(row["image_id"])
        if image_id in version.places:
            self._report(Finding(path, f"original {image_id} is there twice", number, "image_id"))
        version.places[image_id] = place
        if _sha256(row["image"]) != image_id:
            self._report(Finding(path, "its bytes are not those that its id names", number, "image"))

    def _row(self, version: Version, table: str, path: str, number: int, row: Mapping[str, Any]) -> None:
        if table != "failures" or row["kind"] == "episode":
            try:
                version.episodes.add(str(row["episode_id"]))
            except ValueError as error:
                self._report(Finding(path, str(error), number, "episode_id"))
        problems = list(_ids(row, version.inputs))
        if table != "failures":
            problems += _provenance(row, version.inputs)
        if table == "train":
            problems += _pictures(row)
            if row["image_id"] not in version.places and version.whole:
                problems.append(("image_id", "its original is not in the table originals"))
        for name, what in problems:
            self._report(Finding(path, what, number, name))
        if table == "train":
            self._visit(version, path, number, row)


def _difference(found: pa.Schema, wanted: pa.Schema) -> str:
    missing = [name for name in wanted.names if name not in found.names]
    other = [name for name in found.names if name not in wanted.names]
    changed = [name for name in wanted.names if name in found.names and found.field(name) != wanted.field(name)]
    said = (("missing", missing), ("not known", other), ("of another type", changed))
    return "; ".join(f"{what} {', '.join(names)}" for what, names in said if names) or "another order"


def _sha256(image: Mapping[str, Any] | None) -> str:
    data = (image or {}).get("bytes")
    return hashlib.sha256(data).hexdigest() if isinstance(data, bytes) else ""


def _ids(row: Mapping[str, Any], inputs: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Whether an episode's id follows from what it is."""
    if row["episode_id"] is None:
        return
    made = episode_id_of(inputs["recipe"], row["sample_id"], row["rung"], row["agent"], row["seed"])
    if made != row["episode_id"]:
        yield "episode_id", "it does not follow from recipe, sample_id, rung, agent and seed"


def _provenance(row: Mapping[str, Any], inputs: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name in ("recipe", "judge"):
        if row[name] != inputs[name]:
            yield name, f"it is {row[name]!r}, the manifest says {inputs[name]!r}"
    texts = (row["question"], *row["references"], *row["choices"])
    if not any("\ufffd" in text for text in texts):  # it may stand for what no column can hold
        made = sample_id_of(row["image_id"], row["question"], tuple(row["references"]), tuple(row["choices"]))
        if made != row["sample_id"]:
            yield "sample_id", "it does not follow from image_id, question, references and choices"
    for number, step in enumerate(row["steps"]):
        for box in step["boxes"]:
            try:
                Box(*box["box"])
            except (TypeError, ValueError) as error:
                yield f"steps[{number}].boxes", str(error)


def _pictures(row: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Whether an accepted row's pictures are those that it names, and whether it names those that it has."""
    count = len(row["images"])
    for name in ("image_ids", "pixel_hashes", "frames"):
        if len(row[name]) != count:
            yield name, f"there are {len(row[name])} for {count} images"
            return
    if not count or row["view"] != row["frames"][0]:
        yield "view", "it is not the first of the frames"
    for number, (image, image_id) in enumerate(zip(row["images"], row["image_ids"], strict=True)):
        if _sha256(image) != image_id:
            yield f"images[{number}]", "its bytes are not those that image_ids names"
    if [index for step in row["steps"] for index in step["images"]] != list(range(1, count)):
        yield "steps", "the pictures that its steps name are not those that follow the view, in order"
    parts = [part for message in row["messages"] for part in message["content"]]
    if parts and (placeholders := sum(part["type"] == "image" for part in parts)) != count:
        yield "messages", f"there are {placeholders} places for {count} images"
    if any(part["text"] is None for part in parts if part["type"] != "image"):
        yield "messages", "a part of type text has no text"
    if row["verdict"]["outcome"] != "correct":
        yield "verdict", f"it is {row['verdict']['outcome']!r}, and only correct ones are accepted"


def trajectory_of_row(row: Mapping[str, Any]) -> Trajectory:
    """An accepted row's trajectory as far as a replay needs it: all but the messages.

    Raises:
        ValueError, KeyError, TypeError, IndexError: it is none.
    """
    refs = [
        ImageRef(image_id, pixels, Frame(Box(*frame["region"]), frame["width"], frame["height"]))
        for image_id, pixels, frame in zip(row["image_ids"], row["pixel_hashes"], row["frames"], strict=True)
    ]
    steps = []
    for step in row["steps"]:
        action = None
        if step["tool"] is not None:
            boxes = tuple((box["label"], Box(*box["box"])) for box in step["boxes"])
            action = Action(step["tool"], json.loads(step["arguments"]), boxes)
        observation = None
        if step["observation"] is not None:
            shown = tuple(refs[index] for index in step["images"])
            observation = Observation(step["observation"], shown, bool(step["error"]))
        steps.append(Step(step["thought"], action, observation))
    answer = row["answer"]
    return Trajectory(tuple(refs), tuple(steps), (), answer, "abstained" if answer is None else "answered")


def regions_of_row(row: Mapping[str, Any]) -> tuple[Region, ...]:
    return tuple(Region(region["kind"], region["label"], Box(*region["box"])) for region in row["regions"])


def read_original(files: Files, version: Version, image_id: str) -> bytes:
    """A picture of the table originals.

    Raises:
        StoreError: the version has no such original.
    """
    if image_id not in version.places:
        raise StoreError(f"{version.folder}: original {image_id} is not in the table originals")
    path, group, number = version.places[image_id]
    with files.open(path) as source:
        images = pq.ParquetFile(source).read_row_group(group, columns=["image"]).column("image")
    data: bytes = images[number].as_py()["bytes"]
    return data


def compare_episodes(version: Version, planned: Iterable[str], report: Callable[[Finding], None]) -> None:
    """Report every planned episode that is in no table, and every one in a table that was not planned."""
    wanted = Ids()
    for episode_id in planned:
        wanted.add(episode_id)
    path = f"{version.folder}/{MANIFEST}"
    for episode_id in wanted.minus(version.episodes):
        report(Finding(path, f"planned episode {episode_id} is in no table", field="episode_id"))
    for episode_id in version.episodes.minus(wanted):
        report(Finding(path, f"episode {episode_id} is in a table and was not planned", field="episode_id"))
