"""Registries of plug-ins: derived from a package, and open to a module from outside."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from lensmill.specs import Registry, SpecError


@dataclass(frozen=True)
class Tint:
    name: str
    version: int = 1


HEADER = "from tests.test_specs import Tint\n"


@pytest.fixture
def tints(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Registry[Tint]:
    """A registry over a package with two specs, a module without one, and a private module that cannot be imported."""
    package = "tints_of_" + "".join(sign for sign in request.node.name if sign.isalnum())
    folder = tmp_path / package
    (folder / "green").mkdir(parents=True)
    (folder / "__init__.py").touch()
    (folder / "red.py").write_text(f'{HEADER}SPEC = Tint("red")\n')
    (folder / "green" / "__init__.py").write_text(f'{HEADER}SPEC = Tint("green")\n')
    (folder / "mixing.py").touch()
    (folder / "_broken.py").write_text("1 / 0\n")
    (tmp_path / f"{package}_mine.py").write_text(f'{HEADER}BLUE = Tint("blue")\nRED = Tint("red")\nNONE = 3\n')
    (tmp_path / f"{package}_bad.py").write_text("import no_such_package\n")
    monkeypatch.syspath_prepend(tmp_path)
    return Registry("tint", package, Tint)


def outside(tints: Registry[Tint], name: str) -> str:
    return f"{tints._package}_{name}"


def test_every_module_and_folder_with_a_spec_is_a_plugin(tints: Registry[Tint]) -> None:
    assert list(tints.own) == ["green", "red"]
    assert tints.get("red") == Tint("red")


def test_a_plugin_from_outside_is_named_by_module_and_name(tints: Registry[Tint]) -> None:
    assert tints.get(outside(tints, "mine:BLUE")) == Tint("blue")


@pytest.mark.parametrize(
    ("reference", "says"),
    [
        ("mine:RED", "is the name of a tint of lensmill"),
        ("mine:NONE", "is no tint: its type is int"),
        ("mine:GREY", "has no GREY"),
        ("absent:SPEC", "on every node"),
        ("bad:SPEC", "cannot be imported: ModuleNotFoundError"),
    ],
)
def test_an_unusable_plugin_is_one_clear_line(tints: Registry[Tint], reference: str, says: str) -> None:
    with pytest.raises(SpecError, match=says) as told:
        tints.get(outside(tints, reference))
    assert "\n" not in str(told.value)


@pytest.mark.parametrize(
    "reference", ["os:", ":SPEC", "../evil:SPEC", "a b:SPEC", "os:system('x')", "a:b:c", "é:SPEC", "a." * 200 + "a:B"]
)
def test_a_text_that_is_no_reference_is_never_imported(tints: Registry[Tint], reference: str) -> None:
    with pytest.raises(SpecError, match="write module:NAME"):
        tints.get(reference)


def test_an_unknown_name_is_told_with_the_names_there_are(tints: Registry[Tint]) -> None:
    with pytest.raises(SpecError, match="there are: green, red"):
        tints.get("pink")
