"""Runs a validator over a row."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from lensmill.formats.checking import Finding, Training
from lensmill.formats.spec import FORMATS
from lensmill.formats.target import target_of
from lensmill.validation.spec import examine
from lensmill.validation.templates import ChatTemplate, load_template

VALIDATORS = {name: spec.validator for name, spec in FORMATS.own.items()}


@cache
def template(name: str) -> ChatTemplate:
    """A family's template, compiled once."""
    return load_template(name)


def training(target: str = "qwen2_5_vl", with_template: bool = True, max_pixels: int = 0, **others: Any) -> Training:
    """What the rows are for."""
    return Training(target_of(target, max_pixels), template=template(target) if with_template else None, **others)


def found(name: str, row: Mapping[str, Any], what: Training | None = None) -> list[Finding]:
    """The findings about a row of a format."""
    return examine(VALIDATORS[name], row, what or training())[0]


def traps(name: str, row: Mapping[str, Any], what: Training | None = None) -> set[str]:
    """The traps that were found."""
    return {finding.trap for finding in found(name, row, what)}
