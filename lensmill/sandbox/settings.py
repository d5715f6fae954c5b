"""What can be set about the sandbox."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SandboxSettings:
    """See `lensmill.sandbox.interpreters.open_sandbox`, which takes the same."""

    cpython: bool = False
    unsafe: bool = False
