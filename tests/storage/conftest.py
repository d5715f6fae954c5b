"""A store in the test's own folder, and `datasets` offline."""

from pathlib import Path
from typing import Any

import pytest

from storage.files import Files


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(str(tmp_path / "store"))


@pytest.fixture
def load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """`datasets.load_dataset`, offline, with its cache in the test's own folder."""
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    import datasets

    return lambda path, *config: datasets.load_dataset(path, *config, split="train", cache_dir=str(tmp_path / "cache"))
