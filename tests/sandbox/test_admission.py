"""Checks before code runs."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lensmill.sandbox.admission import NotAdmitted, admit
from lensmill.sandbox.protocol import Limits


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("x = 1" + " " * 30_000, "30005 characters"),
        ("\n" * 1000, "1001 lines"),
        ("x = 1\ny = (", "line 2: SyntaxError"),
        ("x\0", "null bytes"),
        ("x = " + "-" * 19_000 + "1", "nested too deeply"),
        ("x = " + "1 + " * 4_900 + "1", "nested too deeply"),
    ],
)
def test_refused_code_names_the_reason_and_line(code: str, reason: str) -> None:
    with pytest.raises(NotAdmitted, match=reason.replace("(", r"\(")):
        admit(code, Limits())


def test_modules_beyond_monty_are_named() -> None:
    code = "import math, numpy as np\nfrom PIL import Image\ndef f():\n    from matplotlib import pyplot\n"
    assert set(admit(code, Limits()).beyond) == {"numpy", "matplotlib"}


def test_imports_of_bound_names_become_pass_and_lines_keep_their_numbers() -> None:
    code = "from tools import *; ä = 'é'\nif ä:\n    from IPython.display import (\n        display)\nx = 3"
    source = admit(code, Limits()).source
    assert source == "pass; ä = 'é'\nif ä:\n    pass\\\n\nx = 3"
    compile(source, "code", "exec")


@given(st.text(max_size=300))
def test_any_text_is_admitted_or_refused(code: str) -> None:
    with contextlib.suppress(NotAdmitted):
        admit(code, Limits())
