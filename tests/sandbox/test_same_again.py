"""The output of code does not depend on the time, the place or the speed of its run: it ends in messages and published
data."""

import re

import pytest

from lensmill.sandbox.cpython import CPythonSandbox
from lensmill.sandbox.monty import MontySandbox
from lensmill.sandbox.protocol import Limits, Sandbox
from tests.sandbox.conftest import BOXES, chart

NAMES = """
import os, sys, posix, tempfile, matplotlib
import numpy as np
class Thing:
    pass
print(Thing(), image_1, hex(id(Thing())), Thing.__init__, file=sys.stderr)
print(os.getpid(), posix.getppid(), dict(os.environ), matplotlib.get_configdir(), matplotlib.get_cachedir())
print({'b', 'a', 'c', 'key'}, hash('text'))
raise ValueError(Thing())
"""


@pytest.fixture(params=["monty", "cpython"])
def sandbox(request: pytest.FixtureRequest) -> Sandbox:
    sandbox: Sandbox = request.getfixturevalue(request.param)
    return sandbox


def test_a_time_limit_is_reported_in_fixed_words(sandbox: Sandbox) -> None:
    code = "display(image_1)\nn = 0\nwhile True:\n    n += 1\n    if n % 1000 == 0:\n        print(n)"
    execution = sandbox.session([chart()], BOXES).run(code)
    assert execution.stopped == "seconds"
    assert execution.error == "the code took too long and was stopped; all variables are gone"
    assert (execution.printed, execution.pictures) == ("", ())


def test_out_of_memory_names_the_line_and_no_bytes(monty: MontySandbox) -> None:
    execution = monty.session([chart()], BOXES).run("kept = []\nwhile True:\n    kept.append('x' * 1_000_000)")
    assert execution.stopped == "memory"
    assert execution.error is not None
    assert re.findall(r"\d+", execution.error) == ["3"]


def test_pictures_too_large_together_are_reported(monty: MontySandbox) -> None:
    del monty  # the fixture skips machines without a boundary
    small = MontySandbox(Limits(seconds=10, pixels=10_000), programs=1)
    try:
        execution = small.session([chart()], BOXES).run("a = [image_1.resize((100, 100)) for _ in range(9)]")
    finally:
        small.close()
    assert execution.stopped == "memory"
    assert "crop or resize first" in (execution.error or "")


def test_two_programs_print_equal_addresses_processes_folders_and_sets(cpython: CPythonSandbox) -> None:
    other = CPythonSandbox(Limits(seconds=5), programs=1)
    try:
        said = [sandbox.session([chart()], BOXES).run(NAMES) for sandbox in (cpython, other)]
    finally:
        other.close()
    assert said[0].stopped is None
    assert said[0] == said[1]
    assert "Thing object at 0x0>" in said[0].printed
    assert "Thing object at 0x0>" in (said[0].error or "")
    assert "lensmill-sandbox-" not in said[0].printed


def test_short_hexadecimal_numbers_are_left_alone(cpython: CPythonSandbox) -> None:
    assert cpython.session([chart()], BOXES).run("import numpy\nprint(hex(0xff8800))").printed == "0xff8800\n"
