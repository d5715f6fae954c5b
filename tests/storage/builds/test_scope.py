"""Which episodes a version holds: one by one, and of a table at once."""

import json
from pathlib import Path

import pyarrow as pa
import pytest

from storage.builds.exclusion import Exclusion
from storage.builds.plan import PlannedEpisode
from storage.builds.scope import Scope, read_scope
from storage.files.store import Files
from tests.storage.made import a_sample, planned

EPISODES = [
    PlannedEpisode(f"{number:030x}{seed:02x}", entry.sample.sample_id, rung, "zoom", seed)
    for number, entry in enumerate(planned(range(6)))
    for rung in (224, 448)
    for seed in (0, 1)
]
IMAGES = {a_sample(number).sample_id: a_sample(number).image_id for number in range(6)}
SAMPLES = [*IMAGES]
TAKEN_DOWN = Exclusion(frozenset({SAMPLES[0], IMAGES[SAMPLES[1]], EPISODES[-1].episode_id}))
SCOPES = (
    Scope(),
    Scope(rungs=(448,)),
    Scope(rungs=(224, 448), seeds=(1,)),
    Scope(left_out=frozenset({SAMPLES[2]}), exclusion=TAKEN_DOWN),
    Scope(frozenset({SAMPLES[2]}), TAKEN_DOWN, None, rungs=(224, 448), beyond=frozenset({(SAMPLES[3], 448)})),
)


@pytest.mark.parametrize("scope", [*SCOPES[:3], Scope(rungs=(224, 448), beyond=frozenset({(SAMPLES[3], 448)}))])
@pytest.mark.parametrize("dictionary", [False, True])
def test_rungs_and_seeds_of_a_table_are_looked_at_as_those_of_each_episode(scope: Scope, dictionary: bool) -> None:
    columns = {
        "sample_id": [episode.sample_id for episode in EPISODES],
        "rung": [episode.rung for episode in EPISODES],
        "seed": [episode.seed for episode in EPISODES],
    }
    table = pa.table(columns)
    if dictionary:
        table = table.set_column(0, "sample_id", table.column("sample_id").dictionary_encode())
    table = pa.concat_tables([table.slice(0, 5), table.slice(5)])
    held = [scope.holds(episode, IMAGES[episode.sample_id]) for episode in EPISODES]
    assert scope.within(table).tolist() == held


@pytest.mark.parametrize("scope", SCOPES)
def test_a_scope_reads_back_from_a_version(scope: Scope, tmp_path: Path) -> None:
    files = Files(str(tmp_path))
    for name, data in {**scope.files(), "manifest.json": json.dumps({"inputs": scope.record()}).encode()}.items():
        files.create(f"datasets/v/{name}", data)
    assert read_scope(files, "datasets/v") == scope
