"""What can be set about the sandbox."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SandboxSettings:
    """See `lensmill.sandbox.lanes.open_sandbox`, which takes the same."""

    second_lane: bool = False
    unsafe: bool = False
