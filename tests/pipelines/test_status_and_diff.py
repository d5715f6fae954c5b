"""What a store holds and how its versions differ, over real builds and versions."""

import io
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from pipelines.diff import main as diff_main
from pipelines.diff import print_difference
from pipelines.exit_status import ExitStatus
from pipelines.status import StoreStatus, VersionStatus, print_status, status_of
from pipelines.status import main as status_main
from storage.datasets.difference import Difference, difference
from storage.datasets.releases import Releases
from storage.datasets.version import published
from storage.files.store import Files, StoreError
from storage.sources.protocol import SourceFailure
from tests.changing_source import a_picture_is_deleted, nine_rows
from tests.judged_build import build_of
from tests.storage.made import FINGERPRINT
from tests.storage.published_rows import INPUTS, WRONG, Row, publish, rows_of


@pytest.fixture
def files(tmp_path: object) -> Files:
    return Files(str(tmp_path))


def versions(files: Files) -> None:
    """v1 has the samples 0 to 5. In v2 sample 0 is gone, 6 is new, and 3 is rejected."""

    def newer() -> Iterator[Row | SourceFailure]:
        for row in rows_of(files, [1, 2, 3, 4, 5, 6]):
            if isinstance(row, Row) and row.judged.sample.question.endswith("3?"):
                yield Row(replace(row.judged, verdict=WRONG), "rejected", "undecided")
            else:
                yield row

    publish(files, "v1", rows_of(files), INPUTS)
    publish(files, "v2", newer(), replace(INPUTS, chunk_ids=("c1", "c3")))
    releases = Releases(files)
    assert releases.move("v1", None)
    assert releases.move("v2", releases.latest())


def test_a_difference_counts_new_gone_and_changed_episodes(files: Files) -> None:
    versions(files)
    old, new = published(files, "v1"), published(files, "v2")
    assert old is not None
    assert new is not None
    found = difference(files, old, new)
    assert found.rows == {"accepted": (4, 3), "rejected": (2, 3), "failed": (1, 1)}
    assert (found.came, found.went) == ({"accepted": 1}, {"accepted": 1})
    assert found.changed == {("accepted", "rejected (undecided)"): 1}
    assert (found.samples_came, found.samples_went, found.by_rung) == (1, 1, {224: (4, 3)})
    assert list(found.inputs) == ["chunks_sha256"]
    assert len(found.examples) == 3


def test_versions_of_the_same_rows_do_not_differ(files: Files) -> None:
    publish(files, "v1", rows_of(files), INPUTS)
    version = published(files, "v1")
    assert version is not None
    found = difference(files, version, version)
    assert not any((found.came, found.went, found.changed, found.inputs, found.examples))
    told = io.StringIO()
    print_difference(found, told)
    assert "every episode is the same" in told.getvalue()


def test_diff_takes_the_last_two_releases(files: Files, capsys: pytest.CaptureFixture[str]) -> None:
    versions(files)
    assert diff_main([f"out={files.root}"]) == ExitStatus.DONE
    told = capsys.readouterr().out
    assert told.startswith("v1 -> v2\n")
    assert "1 episode changed: accepted -> rejected (undecided)" in told


def test_diff_after_a_roll_back_ends_with_the_version_that_is_the_latest_again(
    files: Files, capsys: pytest.CaptureFixture[str]
) -> None:
    versions(files)
    releases = Releases(files)
    assert releases.move("v1", releases.latest())
    assert diff_main([f"out={files.root}"]) == ExitStatus.DONE
    assert capsys.readouterr().out.startswith("v2 -> v1\n")


@pytest.mark.parametrize("damage", [Path.unlink, lambda path: path.write_bytes(b"PAR1 no more PAR1")])
def test_diff_names_a_file_that_is_missing_or_damaged(
    damage: Callable[[Path], object], files: Files, capsys: pytest.CaptureFixture[str]
) -> None:
    versions(files)
    path = Path(files.root, "datasets", "v1", "ledger.parquet")
    damage(path)
    assert diff_main([f"out={files.root}"]) == ExitStatus.MEND
    told = capsys.readouterr().err
    assert told.startswith(f"error: {path} is missing or damaged: ")
    assert told.count("\n") == 1


def test_diff_gives_json(files: Files, capsys: pytest.CaptureFixture[str]) -> None:
    versions(files)
    assert diff_main([f"out={files.root}", "versions=[v2,v1]", "format=json", "show=0"]) == ExitStatus.DONE
    record = json.loads(capsys.readouterr().out)
    assert (record["old"], record["new"], record["examples"]) == ("v2", "v1", [])
    assert {"before": "rejected (undecided)", "after": "accepted", "episodes": 1} in record["changed"]


@pytest.mark.parametrize(
    ("overrides", "what"),
    [
        ([], "only pipelines.nightly releases versions"),
        (["versions=[v1,v9]"], "v9 is not published"),
        (["versions=[v1]"], "must be two"),
    ],
)
def test_diff_says_which_versions_there_are(
    files: Files, capsys: pytest.CaptureFixture[str], overrides: list[str], what: str
) -> None:
    publish(files, "v1", rows_of(files), INPUTS)
    assert diff_main([f"out={files.root}", *overrides]) == ExitStatus.MEND
    assert what in capsys.readouterr().err


def test_status_tells_builds_and_versions(files: Files) -> None:
    plan = build_of(files, ["0", "1", "2", "3", "4", "wrong"])
    recipe = {"source": {"name": "made"}, "agent": {"name": "reader"}}
    files.create(f"builds/{FINGERPRINT}/recipe.json", json.dumps(recipe).encode())
    versions(files)
    Releases(files).pin("v1")
    files.put("datasets/v3/data/train-00000.parquet", b"begun")
    status = status_of(files)
    (build,) = status.builds
    assert (build.build, build.title) == (FINGERPRINT, "made, reader")
    assert (build.chunks, build.committed, sum(build.episodes.values())) == (len(plan.chunk_ids()), 3, 6)
    about = {version.version: version for version in status.versions}
    assert (about["v1"].pinned, about["v1"].latest, about["v2"].latest) == (True, False, True)
    assert not about["v3"].finished
    told = io.StringIO()
    print_status(status, told)
    assert "v3  not finished" in told.getvalue()
    assert "(latest)" in told.getvalue()


def test_status_tells_failed_episodes_and_failed_source_rows_apart_in_columns() -> None:
    versions = (
        VersionStatus("v1", True, 1_200, 3, 3, 2, 5_000_000, "f" * 16),
        VersionStatus("v1.002", True, 7, 1_100, 1, 0, 5_000_000, "f" * 16),
    )
    told = io.StringIO()
    print_status(StoreStatus("out", (), versions), told)
    first, second = told.getvalue().splitlines()[-2:]
    assert first.startswith("  v1      1,200 accepted,     3 rejected, 1 failed episode, 2 failed source rows, ")
    assert second.startswith("  v1.002      7 accepted, 1,100 rejected, 1 failed episode, 0 failed source rows, ")


def test_status_shows_the_samples_of_a_shrunken_source(tmp_path: Path) -> None:
    store = nine_rows(tmp_path)
    store.night()
    told = io.StringIO()
    print_status(status_of(store.files), told)
    assert "  source     " not in told.getvalue()
    a_picture_is_deleted(store)
    assert store.night().failures == 3
    print_status(status_of(store.files), told)
    assert "  planned    9 samples; " in told.getvalue()
    assert "  source     6 samples when it was last read\n" in told.getvalue()
    assert "0 failed episodes, 3 failed source rows" in told.getvalue()


def test_status_pins_and_unpins(files: Files, capsys: pytest.CaptureFixture[str]) -> None:
    publish(files, "v1", rows_of(files), INPUTS)
    assert status_main([f"out={files.root}", "pin=v1", "format=json"]) == ExitStatus.DONE
    assert json.loads(capsys.readouterr().out)["versions"][0]["pinned"]
    assert status_main([f"out={files.root}", "unpin=[v1]", "format=json"]) == ExitStatus.DONE
    assert not json.loads(capsys.readouterr().out)["versions"][0]["pinned"]


def test_a_version_that_is_not_there_is_not_pinned(files: Files) -> None:
    with pytest.raises(StoreError, match="no published version"):
        Releases(files).pin("v1")


def test_a_store_that_is_not_there_is_named_and_not_made(files: Files, capsys: pytest.CaptureFixture[str]) -> None:
    assert status_main([f"out={files.root}/nothing"]) == ExitStatus.MEND
    assert f"there is no store at {files.root}/nothing: build first" in capsys.readouterr().err
    assert not Path(files.root, "nothing").exists()


def test_status_and_diff_take_a_bare_folder(files: Files, capsys: pytest.CaptureFixture[str]) -> None:
    versions(files)
    assert (status_main([files.root]), diff_main([files.root])) == (ExitStatus.DONE, ExitStatus.DONE)
    told = capsys.readouterr().out
    assert "no builds" in told
    assert "v1 -> v2" in told


def test_diff_shows_inputs_without_hashes() -> None:
    before = {"chunks_sha256": "a", "left_out": 0, "left_out_sha256": "b", "source": {"samples": 9, "withdrawn": 0}}
    after = {"chunks_sha256": "c", "left_out": 3, "left_out_sha256": "d", "source": {"samples": 6, "withdrawn": 0}}
    told = io.StringIO()
    print_difference(Difference("v1", "v2", inputs={name: (before[name], after[name]) for name in before}), told)
    assert [line.strip() for line in told.getvalue().splitlines() if "made from" in line] == [
        "made from: the chunks differ",
        "made from: left_out: 0 -> 3 samples",
        "made from: source.samples: 9 -> 6",
    ]
