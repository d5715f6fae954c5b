"""ANLS: average normalised Levenshtein similarity (Biten et al., "Scene Text Visual Question Answering", ICCV 2019)."""

from collections.abc import Sequence

ANLS_THRESHOLD = 0.5
"""Below this similarity the published score is zero."""


def edit_distance(a: str, b: str) -> int:
    """The number of single characters to insert, delete or substitute to turn `a` into `b`. Takes O(len(a) *
    len(b))."""
    if len(a) < len(b):
        a, b = b, a
    previous = list(range(len(b) + 1))
    for i, left in enumerate(a, 1):
        current = [i]
        for j, right in enumerate(b, 1):
            current.append(min(previous[j] + 1, current[-1] + 1, previous[j - 1] + (left != right)))
        previous = current
    return previous[-1]


def similarity(a: str, b: str) -> float:
    """1 minus the edit distance divided by the longer length: 1.0 for equal texts, 0.0 for nothing in common."""
    longest = max(len(a), len(b))
    return 1.0 if longest == 0 else 1.0 - edit_distance(a, b) / longest


def anls(prediction: str, references: Sequence[str], threshold: float = ANLS_THRESHOLD) -> float:
    """The published score of one question: the best similarity to any reference, or 0 below the threshold.

    Texts are compared in lower case without surrounding blanks, as in the challenge's evaluation.
    """
    best = max((similarity(prediction.strip().lower(), r.strip().lower()) for r in references), default=0.0)
    return best if best >= threshold else 0.0
