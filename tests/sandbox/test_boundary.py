"""The layers: reported, required, and in force in the processes."""

import os
import select
import signal
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from lensmill.sandbox import jail
from lensmill.sandbox.cpython import CPythonSandbox
from lensmill.sandbox.monty import MontySandbox
from lensmill.sandbox.programs import NoBoundary
from tests.sandbox.conftest import BOXES, SECRET, chart


def processes_of(sandbox: MontySandbox) -> list[Path]:
    """The broker and the interpreter's worker, in /proc."""
    (broker,) = sandbox._pool._all
    children = [p for p in Path("/proc").iterdir() if p.name.isdigit() and _parent(p) == broker.pid]
    return [Path(f"/proc/{broker.pid}"), *children]


def _parent(process: Path) -> int:
    try:
        return int((process / "stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return 0


def test_layers_are_reported(monty: MontySandbox) -> None:
    said = " ".join(monty.layers())
    assert ("Landlock" in said, "seccomp" in said) == (jail.landlock_abi() > 0, jail.seccomp_known())


def test_a_machine_without_a_boundary_is_refused_unless_unsafe_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jail, "landlock_abi", lambda: 0)
    monkeypatch.setattr(jail, "seccomp_known", lambda: False)
    with pytest.raises(NoBoundary, match="unsafe=True"):
        MontySandbox()
    sandbox = MontySandbox(programs=1, unsafe=True)
    try:
        assert sandbox.session([chart()], BOXES).run("print(2)").printed == "2\n"
        assert "Landlock" not in " ".join(sandbox.layers())
    finally:
        sandbox.close()


def test_cpython_needs_both_layers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jail, "seccomp_known", lambda: False)
    monkeypatch.setattr(jail, "landlock_abi", lambda: 3)
    with pytest.raises(NoBoundary, match="needs both"):
        CPythonSandbox()


def test_filters_are_in_force_in_the_broker_and_the_worker(monty: MontySandbox) -> None:
    monty.session([chart()], BOXES).run("1")
    processes = processes_of(monty)
    assert len(processes) == 2
    for process in processes:
        status = dict(line.split(":\t", 1) for line in (process / "status").read_text().splitlines() if ":\t" in line)
        assert status["NoNewPrivs"] == "1"
        assert int(status["Seccomp"]) == (2 if jail.seccomp_known() else 0)


def test_neither_environment_nor_descriptors_reach_the_programs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CANARY_ENV", SECRET)
    held = os.open(__file__, os.O_RDONLY)
    os.set_inheritable(held, True)
    sandbox = MontySandbox(programs=1)
    try:
        for process in processes_of(sandbox):
            assert SECRET.encode() not in (process / "environ").read_bytes()
            assert __file__ not in [os.readlink(fd) for fd in (process / "fd").iterdir()]
    finally:
        sandbox.close()
        os.close(held)


def test_closing_ends_every_process() -> None:
    sandbox = MontySandbox(programs=1)
    ends = [os.pidfd_open(int(process.name)) for process in processes_of(sandbox)]
    sandbox.close()
    for end in ends:
        assert select.select([end], [], [], 20)[0]
        os.close(end)
    with pytest.raises(RuntimeError, match="closed"):
        sandbox.session([chart()], BOXES).run("1")


def test_a_program_that_dies_costs_one_block() -> None:
    sandbox = MontySandbox(programs=1)
    try:
        session = sandbox.session([chart()], BOXES)
        assert session.run("x = 1").error is None
        for process in processes_of(sandbox):
            os.kill(int(process.name), signal.SIGKILL)
        assert session.run("print(x)").stopped is not None
        assert session.run("print(3)").printed == "3\n"
    finally:
        sandbox.close()


def test_sessions_share_programs_over_threads() -> None:
    sandbox = MontySandbox(programs=2)
    try:
        sessions = [sandbox.session([chart()], BOXES) for _ in range(12)]
        with ThreadPoolExecutor(6) as threads:
            list(threads.map(lambda pair: pair[1].run(f"mine = {pair[0]}"), enumerate(sessions)))
            said = list(threads.map(lambda session: session.run("print(mine)").printed, sessions))
        assert said == [f"{number}\n" for number in range(12)]
        assert len(sandbox._pool._all) <= 2
    finally:
        sandbox.close()
