"""The rooms and the one-way imports between them."""

import ast
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

MAY_IMPORT = {
    "lensmill": {"lensmill"},
    "storage": {"storage", "lensmill"},
    "monitoring": {"monitoring", "storage", "lensmill"},
    "actors": {"actors", "storage", "monitoring", "lensmill"},
    "pipelines": {"pipelines", "actors", "storage", "monitoring", "lensmill"},
    "benchmarks": {"benchmarks", "pipelines", "actors", "storage", "monitoring", "lensmill"},
}

TRAINERS = {"torch", "trl", "verl"}

FORBIDDEN_IN_THE_LIBRARY = {"ray", "hydra", "omegaconf", "fsspec", "s3fs", "datasets", "pyarrow", *TRAINERS}

ALLOWED_IN = {"lensmill/loading": {"datasets", "fsspec"}, "lensmill/training/verl_tool.py": {"verl"}}
"""`loading` imports its two when a call needs them; only that file needs a trainer."""


def imports_of(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute here"
            names.add(node.module or "")
    return names


def modules(room: str) -> list[Path]:
    return sorted((ROOT / room).rglob("*.py"))


@pytest.mark.parametrize("room", MAY_IMPORT)
def test_imports_point_one_way(room: str) -> None:
    for path in modules(room):
        for name in imports_of(path):
            top = name.split(".")[0]
            assert top not in MAY_IMPORT or top in MAY_IMPORT[room], f"{path.relative_to(ROOT)} imports {name}"


def test_the_library_knows_no_cluster_and_no_storage() -> None:
    for path in modules("lensmill"):
        tops = {name.split(".")[0] for name in imports_of(path)}
        place = path.relative_to(ROOT).as_posix()
        allowed = {name for start, names in ALLOWED_IN.items() if place.startswith(start) for name in names}
        assert not tops & (FORBIDDEN_IN_THE_LIBRARY - allowed), path


def test_only_pipelines_imports_hydra() -> None:
    for room in MAY_IMPORT:
        for path in modules(room):
            tops = {name.split(".")[0] for name in imports_of(path)}
            if tops & {"hydra", "omegaconf"}:
                assert path.relative_to(ROOT).parts[0] == "pipelines", path


def test_only_lensmill_goes_into_the_wheel() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"] == ["lensmill"]


def test_every_requirement_is_pinned_with_a_hash_and_names_no_index() -> None:
    names = ["requirements.txt", "requirements-cluster.txt", "requirements-dev.txt"]
    names += [f"tests/trainers/requirements-{name}.txt" for name in ("trl", "llamafactory", "swift-verl")]
    for name in (*names, "tests/engine/requirements-engine.txt"):
        text = (ROOT / name).read_text()
        assert "://" not in text
        assert "--index-url" not in text
        pinned = [line for line in text.splitlines() if "==" in line and not line.startswith((" ", "#"))]
        assert pinned
        assert all(line.rstrip().endswith("\\") for line in pinned), "each pin goes on with its hashes"


def test_every_file_of_code_is_one_idea() -> None:
    """Long files are a sign of two ideas in one; see CONTRIBUTING.md."""
    for room in (*MAY_IMPORT, "tests"):
        for path in modules(room):
            lines = len(path.read_text().splitlines())
            assert lines <= 400, f"{path.relative_to(ROOT)} has {lines} lines"


def without_docstring(path: Path) -> Iterator[str]:
    """The public names of a file that have no docstring: the module, its classes and functions, and methods."""
    tree = ast.parse(path.read_text())
    if tree.body and ast.get_docstring(tree) is None:
        yield "the module"
    for node in tree.body:
        yield from _undocumented(node, "")


def _undocumented(node: ast.stmt, prefix: str) -> Iterator[str]:
    if not isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) or node.name.startswith("_"):
        return
    if ast.get_docstring(node) is None:
        yield prefix + node.name
    if isinstance(node, ast.ClassDef):
        for inner in node.body:
            yield from _undocumented(inner, f"{prefix}{node.name}.")


def test_every_public_name_has_a_docstring() -> None:
    lacking = [
        f"{path.relative_to(ROOT)}: {name}"
        for room in MAY_IMPORT
        for path in modules(room)
        for name in without_docstring(path)
    ]
    assert not lacking, "\n".join(lacking)


def test_python_is_as_new_as_declared() -> None:
    assert sys.version_info >= (3, 11)
