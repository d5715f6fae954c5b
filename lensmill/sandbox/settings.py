"""What can be set about the sandbox, and the sandbox that the settings describe."""

from dataclasses import dataclass

from lensmill.sandbox.protocol import Sandbox


@dataclass(frozen=True, slots=True)
class SandboxSettings:
    """One option of `conf/sandbox/`."""


def open_sandbox(settings: SandboxSettings) -> Sandbox:
    raise NotImplementedError
