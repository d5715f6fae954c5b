"""Both interpreters stop hostile programs, and the host continues. Passing is evidence, not proof."""

import os
import resource
from pathlib import Path

import pytest

from lensmill.sandbox.cpython import CPythonSandbox
from lensmill.sandbox.monty import MontySandbox
from lensmill.sandbox.protocol import Execution, Sandbox
from tests.sandbox.attacks import ATTACKS
from tests.sandbox.conftest import BOXES, Canaries

SECRET_TOKEN = "a global of the host"
MEMORY_MB = 700
"""What the host's own memory may grow by at its worst: the pictures that an episode may hold, not more."""

SHARED = Path(os.environ.get("LENSMILL_SHARED", "/nowhere")) / "attacks"


def run(sandbox: Sandbox, canaries: Canaries, source: str) -> Execution:
    """Run an attack. Then check that nothing was touched and that the sandbox still works."""
    worst = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    limits = {kind: resource.getrlimit(kind) for kind in (resource.RLIMIT_NOFILE, resource.RLIMIT_AS)}
    session = sandbox.session([canaries.picture], BOXES)
    execution = session.run(canaries.aimed(source))
    session.close()
    canaries.check()
    assert {kind: resource.getrlimit(kind) for kind in limits} == limits
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - worst < MEMORY_MB * 1024
    assert len(execution.printed) <= 64_000
    assert len(execution.error or "") < 1_200
    after = sandbox.session([canaries.picture], BOXES)
    shown = after.run("display(focus_on_x_values_with_draw(image_1, ['2005'], x_values_bbox))\nprint('well')")
    after.close()
    assert (shown.printed, shown.error, len(shown.pictures)) == ("well\n", None, 1)
    return execution


@pytest.mark.parametrize("name", ATTACKS)
def test_monty_stops_every_attack(name: str, monty: MontySandbox, canaries: Canaries) -> None:
    assert "HARMED" not in run(monty, canaries, ATTACKS[name]).printed


@pytest.mark.parametrize("name", ATTACKS)
def test_cpython_stops_every_attack(name: str, cpython: CPythonSandbox, canaries: Canaries) -> None:
    assert "HARMED" not in run(cpython, canaries, ATTACKS[name]).printed


@pytest.mark.parametrize("name", ["boxes upon boxes", "sorting windows"])
def test_work_in_the_host_is_bounded(name: str, canaries: Canaries) -> None:
    sandbox = MontySandbox(programs=1)
    try:
        execution = run(sandbox, canaries, ATTACKS[name])
        assert "cover the image" in (execution.error or "") or "too large" in (execution.error or "")
    finally:
        sandbox.close()


@pytest.mark.skipif(not SHARED.is_dir(), reason="LENSMILL_SHARED names no folder with attacks")
@pytest.mark.parametrize("path", sorted(SHARED.glob("*.py")), ids=lambda path: path.stem)
def test_known_attacks_are_stopped_in_both_interpreters(
    path: Path, monty: MontySandbox, cpython: CPythonSandbox, canaries: Canaries
) -> None:
    for sandbox in (monty, cpython):
        assert "PWNED" not in run(sandbox, canaries, path.read_text()).printed


def test_the_next_episode_finds_nothing_of_the_last(monty: MontySandbox, canaries: Canaries) -> None:
    run(
        monty,
        canaries,
        "x_values_bbox.clear()\nleft = 1\nimage_1.paste((0, 0, 0))\n"
        "def focus_on_x_values_with_draw(*a):\n    return image_1",
    )
    after = monty.session([canaries.picture], BOXES).run("print(len(x_values_bbox))\nprint(left)")
    assert after.printed == "4\n"
    assert "left" in (after.error or "")
