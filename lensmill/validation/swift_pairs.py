"""ms-swift 4.6, preference pairs: a row of `lensmill.validation.swift` with a rejected side."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from lensmill.formats.checking import Finding, Training
from lensmill.validation.conversation import Reading
from lensmill.validation.swift import VALIDATOR as SWIFT
from lensmill.validation.swift import check as check_swift


def check(row: Mapping[str, Any], training: Training) -> Reading:
    """Findings about a pair."""
    if row.get("rejected_messages") is None and row.get("rejected_response") is None:
        yield Finding(
            "side_shape",
            "rejected_messages",
            "the row has no rejected side: write rejected_messages and rejected_images",
        )
    return (yield from check_swift(row, training))


def fits(row: Mapping[str, Any]) -> int:
    """Whether a row has a rejected side."""
    return 7 if "rejected_messages" in row or "rejected_response" in row else 0


VALIDATOR = replace(SWIFT, name="swift_pairs", check=check, fits=fits)
