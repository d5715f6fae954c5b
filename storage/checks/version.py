"""Verifying a dataset version: its files, in pieces of work that any process can do, and its episodes together."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from random import Random
from typing import Any

from lensmill.replay import ReplaySettings
from storage.builds.episodes import EpisodeStore
from storage.builds.plan import Plan
from storage.builds.scope import read_scope
from storage.builds.verdicts import VerdictStore
from storage.checks.build import groups
from storage.checks.chunks import BuildWork, planned_ids
from storage.checks.finding import MALFORMED, Run, Take, json_object, told
from storage.checks.ids import IMAGE, Ids
from storage.checks.replays import ReplayChoice
from storage.checks.shards import TABLES, ShardItem, VersionWork, check_shard
from storage.datasets.version import MANIFEST, claim_path, read_chunks
from storage.files.store import Files, StoreUnavailable

GROUP_CHUNKS = 16


@dataclass(slots=True)
class Version:
    """A version as its manifest describes it.

    Attributes:
        records: of its files, by name.
        wanted: rows of each table.
        inputs: what it was made from.
        replay: how its pictures are drawn; None where the manifest does not say.
        whole: every table could be read.
        episodes: of all its tables, as often as they are there.
    """

    folder: str
    records: Mapping[str, Mapping[str, Any]]
    wanted: Mapping[str, int]
    inputs: Mapping[str, Any]
    replay: ReplaySettings | None
    whole: bool = True
    episodes: Ids = field(default_factory=Ids)

    @property
    def name(self) -> str:
        """The name of the version, which is that of its folder."""
        return self.folder.rpartition("/")[2]

    @property
    def path(self) -> str:
        """Of the manifest."""
        return f"{self.folder}/{MANIFEST}"


def open_version(files: Files, folder: str, take: Take) -> Version | None:
    """A version by its manifest; None, with a finding, where that cannot be read."""
    path = f"{folder}/{MANIFEST}"
    try:
        manifest: Mapping[str, Any] = json_object(files.read(path))
        inputs = manifest["inputs"]
        version = Version(
            folder,
            {str(record["path"]): dict(record) for record in manifest["files"]},
            {table: int(manifest["rows"][table]) for table in TABLES},
            inputs,
            _replay_of(inputs),
        )
        _ = inputs["recipe"], inputs["judge"]
    except StoreUnavailable:
        raise
    except MALFORMED as error:
        told(take, path, f"it cannot be read ({type(error).__name__}: {error}): publish the version again")
        return None
    if manifest.get("version") != version.name:
        told(take, path, f"it is of version {manifest.get('version')!r}", field="version")
    return version


def _replay_of(inputs: Mapping[str, Any]) -> ReplaySettings | None:
    try:
        return ReplaySettings.of_record(inputs["replay"])
    except (KeyError, ValueError):
        return None


class VersionCheck:
    """Reads a version whole and reports what is wrong with it. The findings and their order do not depend on `run`.

    Args:
        choice: which accepted rows are drawn again.
        take: told what each piece of work found.
        run: does the pieces of work.
    """

    def __init__(self, files: Files, version: Version, choice: ReplayChoice, take: Take, run: Run) -> None:
        self._files, self._version, self._choice = files, version, choice
        self._take, self._run = take, run

    def run(self) -> None:
        """Check every file, and the tables together."""
        version, found, originals = self._version, dict.fromkeys(TABLES, 0), Ids(IMAGE)
        if self._choice.which != "none" and version.replay is None:
            told(self._take, version.path, "it does not say how to draw pictures", field="replay")
        self._strangers()
        replay = version.replay if self._choice.which != "none" else None
        work = VersionWork(self._files, version.inputs, replay, self._choice.unsafe)
        for report in self._run(partial(check_shard, work), self._items()):
            self._take(report)
            if not report.table:
                continue
            version.whole = version.whole and report.whole
            found[report.table] += report.rows
            (originals if report.table == "originals" else version.episodes).add(report.ids)
        for table, wanted in version.wanted.items():
            if version.whole and found[table] != wanted:
                what = f"the table {table} has {found[table]} rows, the manifest says {wanted}"
                told(self._take, version.path, what, field=f"rows.{table}")
        for repeated in originals.repeated():
            told(self._take, version.path, f"original {repeated} is there more than once", field="image_id")
        for repeated in version.episodes.repeated():
            what = f"episode {repeated} is in the tables more than once"
            told(self._take, version.path, what, field="episode_id")

    def _items(self) -> Iterator[ShardItem]:
        """Its files: those that are no tables first, then table by table."""
        version, named = self._version, self._by_table()
        tables = {name for names in named.values() for name in names}
        for name in sorted(version.records.keys() - tables):
            yield ShardItem(f"{version.folder}/{name}", version.records[name])
        originals = tuple(f"{version.folder}/{name}" for name in named["originals"])
        chosen = self._chosen(named["train"])
        for table, names in named.items():
            for name in names:
                replays = chosen[name] if table == "train" else frozenset[int]()
                needed = originals if table == "train" else ()
                yield ShardItem(f"{version.folder}/{name}", version.records[name], table, needed, replays)

    def _by_table(self) -> Mapping[str, list[str]]:
        names = sorted(self._version.records)
        return {table: [n for n in names if n.startswith(f"{folder}/")] for table, (folder, _) in TABLES.items()}

    def _chosen(self, names: list[str]) -> Mapping[str, frozenset[int] | None]:
        """The rows of each file that are drawn again; the choice follows from the seed and the numbers of rows."""
        if self._choice.which == "all":
            return dict.fromkeys(names)
        rows = {name: max(0, _count(self._version.records[name].get("rows"))) for name in names}
        total = sum(rows.values())
        count = min(self._choice.count, total) if self._choice.which == "sample" else 0
        picked, before = sorted(Random(self._choice.seed).sample(range(total), count)), 0
        chosen = {}
        for name, size in rows.items():
            chosen[name] = frozenset(row - before for row in picked if before <= row < before + size)
            before += size
        return chosen

    def _strangers(self) -> None:
        version = self._version
        for path in self._files.list(version.folder):
            name = path[len(version.folder) + 1 :]
            if name not in version.records and name != MANIFEST:
                told(self._take, path, "the manifest does not name it, and readers take it for data: remove it")


def _count(rows: object) -> int:
    """A number of rows as a manifest says it; 0 where that is none."""
    return rows if isinstance(rows, int) and rows < 2**40 else 0


class PlanComparison:
    """Whether a version has every episode of its chunks, where the store has the build that it is of."""

    def __init__(self, files: Files, version: Version, take: Take, run: Run, token: str) -> None:
        self._files, self._version, self._take, self._run = files, version, take, run
        self._token = token

    def run(self) -> bool:
        """Compare; False where the store does not have the build."""
        version, inputs = self._version, self._version.inputs
        claim = claim_path(version.name)
        try:
            claimed = json_object(self._files.read(claim))
        except FileNotFoundError:
            claimed = {**inputs}
        except ValueError:
            claimed = {}
        if claimed != inputs:
            self._tell(f"its inputs are not those of {claim}: one of both has changed", "inputs")
        if not version.whole:
            return True
        try:
            plan = Plan(self._files, str(inputs["recipe"]))
            if not plan.chunk_ids():
                return False
            chunk_ids, layers = read_chunks(self._files, version.name)
            self._episodes(chunk_ids)
            self._layers(chunk_ids, layers)
        except StoreUnavailable:
            raise
        except MALFORMED as error:
            told(self._take, f"builds/{inputs['recipe']}/plan", f"it cannot be read: {error}")
        return True

    def _tell(self, what: str, field: str) -> None:
        told(self._take, self._version.path, what, field=field)

    def _episodes(self, chunk_ids: tuple[str, ...]) -> None:
        version = self._version
        scope = read_scope(self._files, version.folder)
        said = {name: version.inputs.get(name, 0) for name in scope.counts()}
        if said != scope.counts():
            self._tell(f"it says {said}, the version's files {scope.counts()}", "inputs")
        work = BuildWork(self._files, str(version.inputs["recipe"]), None, ReplayChoice(), self._token)

        def planned() -> Iterator[bytes]:
            for report in self._run(partial(planned_ids, work, scope), groups(chunk_ids, GROUP_CHUNKS)):
                self._take(report)
                yield bytes(report.ids)

        lacking, strange = version.episodes.compare(planned())
        for episode_id in lacking:
            self._tell(f"planned episode {episode_id} is in no table", "episode_id")
        for episode_id in strange:
            self._tell(f"episode {episode_id} is in a table and was not planned", "episode_id")

    def _layers(self, chunk_ids: tuple[str, ...], layers: Mapping[str, tuple[int, int]]) -> None:
        recipe, judge = str(self._version.inputs["recipe"]), str(self._version.inputs["judge"])
        made = EpisodeStore(self._files, recipe).committed()
        judged = VerdictStore(self._files, recipe, judge).committed()
        for chunk_id in chunk_ids:
            tried, asked = layers.get(chunk_id, (0, 0))
            if made.get(chunk_id, -1) < tried or judged.get(chunk_id, -1) < asked:
                what = f"it is of chunk {chunk_id} with {tried} and {asked} layers, which the store has not"
                self._tell(what, "chunks")
