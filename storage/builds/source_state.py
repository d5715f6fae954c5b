"""What a build's source held at its last reading, so that a version can tell what was withdrawn.

A state is a file named by its content, and a numbered record, created conditionally, that names it. Planning writes
nothing if the source has not changed. The highest number counts, as in `storage.datasets.releases`.
"""

import hashlib
import json
from collections.abc import Iterable, Set
from dataclasses import dataclass
from typing import Any

import numpy as np

from storage.builds.sample_ids import SampleIds, hex_of
from storage.builds.schema import clean
from storage.builds.wanted import ALL, Wanted
from storage.files.store import Files, StoreError

_ENTRY = np.dtype([("sample", "S16"), ("origin", "S8")])
_SAMPLE, _FAILURE = _ENTRY.itemsize, 16
_BEYOND = np.dtype([("sample", "S16"), ("rung", "<i4")])


@dataclass(frozen=True, slots=True)
class SourceState:
    """What a source held.

    Attributes:
        held: ids of the source's samples that are planned, now or before. At scale, `SampleIds`.
        entries: 24 bytes each, `entry` of a sample and of an origin that it has in the source, in any order.
        failure_keys: of its rows that failed (`storage.builds.segment.failure_key`).
        unreadable: number of rows without a planned episode; repeated rows do not count.
        whole: the source was read to its end; otherwise up to `limit=`.
        keep: withdrawn samples are published as well.
        number: of the state's record; 0 without a record.
        wanted: the episodes that the run asked for.
        beyond: (sample, rung) where a lower rung of the run shows every pixel of the picture. Such episodes are planned
            where an earlier run had other rungs.
    """

    held: Set[str]
    entries: bytes
    failure_keys: frozenset[str]
    unreadable: int
    whole: bool
    keep: bool
    number: int = 0
    wanted: Wanted = ALL
    beyond: Set[tuple[str, int]] = frozenset()

    def samples_at(self, origins: Iterable[str]) -> dict[str, set[str]]:
        """The samples with one of these origins, by origin. An origin without a sample is left out."""
        by_hash = {_origin_hash(origin): origin for origin in origins}
        table = np.frombuffer(self.entries, dtype=_ENTRY)
        found = dict[str, set[str]]()
        for sample, origin in table[np.isin(table["origin"], np.array([*by_hash], dtype="S8"))].tolist():
            name = by_hash[origin.ljust(8, b"\0")]  # numpy drops zeros at the end
            found.setdefault(name, set()).add(hex_of(sample))
        return found

    def data(self) -> bytes:
        """The bytes of the state's file: sorted entries, then sorted keys, then `beyond`. Equal states have equal
        bytes."""
        table = np.sort(np.frombuffer(self.entries, dtype=f"S{_SAMPLE}"))
        beyond = [(bytes.fromhex(sample_id), rung) for sample_id, rung in sorted(self.beyond)]
        keys = b"".join(bytes.fromhex(key) for key in sorted(self.failure_keys))
        return table.tobytes() + keys + np.array(beyond, dtype=_BEYOND).tobytes()


def held_in(entries: bytes | bytearray) -> SampleIds:
    """The samples of `SourceState.entries`."""
    return SampleIds(np.frombuffer(bytes(entries), dtype=_ENTRY)["sample"])


def entry(sample_id: str, origin: str) -> bytes:
    """A sample and one of its origins in a source."""
    return bytes.fromhex(sample_id) + _origin_hash(origin)


def _origin_hash(origin: str) -> bytes:
    return hashlib.sha256(clean(origin).encode()).digest()[:8]


class SourceStates:
    """The states of one build's source. Any number of processes may record at once."""

    def __init__(self, files: Files, fingerprint: str) -> None:
        self._files = files
        self._folder = f"builds/{fingerprint}/source"

    def record(self, state: SourceState) -> int:
        """Record a state as the last one, unless it is the last one already. Return the number of the last state.

        A state that was read up to a `limit=` does not replace a whole one: a job that publishes without reading the
        source would lose the rest.
        """
        data = state.data()
        path = f"{self._folder}/{hashlib.sha256(data).hexdigest()}.bin"
        about: dict[str, Any] = {
            "path": path,
            "entries": len(state.entries) // _SAMPLE,
            "failures": len(state.failure_keys),
            "unreadable": state.unreadable,
            "beyond": len(state.beyond),
            "wanted": state.wanted.record(),
            "whole": state.whole,
            "withdrawn": "keep" if state.keep else "drop",
        }
        while True:
            number, last = self._last()
            if last == about or (last is not None and last["whole"] and not state.whole):
                return number
            self._store(path, data)
            if self._files.create(self._record_path(number + 1), json.dumps(about, sort_keys=True).encode()):
                self._store(path, data)  # an old file of this name may have been collected before it was named again
                return number + 1

    def last(self) -> SourceState | None:
        """The last recorded state; None if no state was recorded.

        Raises:
            StoreError: it is missing or damaged.
        """
        number, about = self._last()
        if about is None:
            return None
        path = str(about["path"])
        try:
            data = self._files.read(path)
        except FileNotFoundError:
            data = b""
        end = int(about["entries"]) * _SAMPLE
        last = end + int(about["failures"]) * _FAILURE
        whole = len(data) == last + int(about["beyond"]) * _BEYOND.itemsize
        if f"{hashlib.sha256(data).hexdigest()}.bin" != path.rpartition("/")[2] or not whole:
            raise StoreError(
                f"{self._files.locate(path)} is missing or damaged: run pipelines.build again, which reads the source"
            )
        entries, keys = data[:end], data[end:last]
        beyond = np.frombuffer(data[last:], dtype=_BEYOND).tolist()
        return SourceState(
            held_in(entries),
            entries,
            frozenset(keys[start : start + _FAILURE].hex() for start in range(0, len(keys), _FAILURE)),
            int(about["unreadable"]),
            bool(about["whole"]),
            about["withdrawn"] == "keep",
            number,
            Wanted.from_record(about["wanted"]),
            frozenset((hex_of(sample), rung) for sample, rung in beyond),
        )

    def superseded(self) -> list[str]:
        """Every file that the last record neither is nor names."""
        number, about = self._last()
        kept = {self._record_path(number), about["path"] if about else ""}
        return [path for path in self._files.list(self._folder) if path not in kept]

    def _record_path(self, number: int) -> str:
        return f"{self._folder}/{number:06d}.json"

    def _store(self, path: str, data: bytes) -> None:
        if not self._files.exists(path):
            self._files.create(path, data)

    def _last(self) -> tuple[int, dict[str, Any] | None]:
        """The last record and its number."""
        while paths := [path for path in self._files.list(self._folder) if path.endswith(".json")]:
            try:
                about: dict[str, Any] = json.loads(self._files.read(paths[-1]))
                return int(paths[-1].rpartition("/")[2].removesuffix(".json")), about
            except FileNotFoundError:  # collected meanwhile, since there is a later one
                continue
            except ValueError as error:
                raise StoreError(
                    f"{self._files.locate(paths[-1])} is no record of a source's state: delete it and run "
                    "pipelines.build again"
                ) from error
        return 0, None
