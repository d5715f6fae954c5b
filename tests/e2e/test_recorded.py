"""Trajectories from elsewhere go the whole way: planned, judged, published, verified, and given back as they came."""

import json
from pathlib import Path

from lensmill.formats.refocus_rows import original_row
from tests.e2e.conftest import run
from tests.formats.test_refocus_rows import LOOK
from tests.read_version import ACCEPTED, read_rows
from tests.storage.sources.test_recorded import a_folder, numbered


def test_recorded_rows_are_judged_published_verified_and_given_back(tmp_path: Path) -> None:
    wrong = numbered(2, thoughts=[LOOK, "ANSWER: It is 9 tons. FINAL ANSWER: 9."])
    rows = [numbered(1), wrong, numbered(3), numbered(4, thoughts=[])]
    data, out = a_folder(tmp_path / "data", rows), tmp_path / "out"
    (data / "edited/3.png").unlink()
    ended = run(
        *("build", "source=refocus_data", f"source.path={data}", "agent=recorded", f"out={out}", "version=test"),
        "cluster.workers=1",
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    version = out / "datasets" / "test"
    published = read_rows(version, *ACCEPTED, "rejected")
    assert {json.dumps(original_row(row)): row["reason"] for row in published} == {
        json.dumps(rows[0]): None,
        json.dumps(wrong): "incorrect",
    }
    failed = {row["origin"]: row["error_class"] for row in read_rows(version, "failures")}
    assert failed == {"train.jsonl line 3": "image_missing", "train.jsonl line 4": "no_recording"}
    told = run("verify", str(out), "replay=all")
    assert told.returncode == 0, told.stdout + told.stderr
    assert "nothing is wrong" in told.stdout + told.stderr
