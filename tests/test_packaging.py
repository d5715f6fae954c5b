"""The wheel: a small base for training, and an extra for the jobs."""

import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]

JOBS_ONLY = ("ray", "duckdb", "s3fs", "pyarrow", "datasets", "fsspec", "aiohttp", "cv2", "pydantic", "hydra")

TRAINING = """
import importlib.abc, sys

class Absent(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {absent}:
            raise ModuleNotFoundError(f"no module named {{name}}", name=name)

sys.meta_path.insert(0, Absent())
import lensmill
from PIL import Image

lensmill.training.zoom(Image.new("RGB", (400, 300)), [0, 0, 90, 90])
assert lensmill.rewards.compute_score("x", "<think>a</think><answer>42</answer>", "42")["score"] == 1
assert lensmill.tools.TOOLS.own and lensmill.load
try:
    lensmill.load("nowhere")
except FileNotFoundError:
    print("works")
"""


def names_of(requirements: list[str]) -> set[str]:
    return {requirement.partition(">")[0].partition("=")[0].partition("[")[0] for requirement in requirements}


def test_the_base_is_two_packages_and_the_jobs_are_an_extra() -> None:
    assert names_of(PROJECT["dependencies"]) == {"numpy", "pillow"}
    extras = PROJECT["optional-dependencies"]
    assert names_of(extras["data"]) == {"datasets"}
    assert {"ray", "pyarrow", "pillow", "datasets", "s3fs", "hydra-core", "duckdb"} <= names_of(extras["mill"])
    assert names_of(extras["vllm"]) == {"vllm"}


def test_training_needs_the_base_only() -> None:
    """As in an environment without the other packages, in a process of its own."""
    program = TRAINING.format(absent=set(JOBS_ONLY))
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("works\n", "")


def test_every_pinned_requirement_of_the_jobs_is_in_the_lock() -> None:
    pinned = names_of(
        [line.split()[0] for line in (ROOT / "requirements.txt").read_text().splitlines() if "==" in line]
    )
    assert names_of(PROJECT["optional-dependencies"]["mill"]) <= pinned
