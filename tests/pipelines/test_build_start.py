"""What a build looks at before it writes anything."""

from pathlib import Path

import pytest

from pipelines.build import main


def test_mistyped_source_path_leaves_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["source=chartqa", f"source.path={tmp_path}/nowhere", f"out={tmp_path}/out"]) == 2
    assert "there is no file or folder" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
