"""Settings of the sandbox."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SandboxSettings:
    """Arguments of `lensmill.sandbox.interpreters.open_sandbox`.

    Attributes:
        cpython: also run code that imports numpy, cv2 or matplotlib, in a jailed CPython.
        unsafe: run even where the machine grants no boundary.
    """

    cpython: bool = False
    unsafe: bool = False
