"""Prints the agreement of two judges: counts, kappa, and the answers on which they differ."""

import unicodedata
from collections.abc import Sequence
from typing import TextIO

from lensmill.judging.agreement import OUTCOMES, Agreement
from lensmill.verdict import Verdict

WIDTHS = (12, 30, 18, 18, 20, 20)
HEADINGS = ("episode", "question", "references", "answer", "first", "second")


def print_agreement(agreement: Agreement, stream: TextIO) -> None:
    """Print the table of both judges' verdicts (first judge down, second across), the agreement and kappa."""
    width = max(map(len, OUTCOMES))
    print("first \\ second".rjust(width + 4), *(outcome.rjust(width) for outcome in OUTCOMES), sep="  ", file=stream)
    for first in OUTCOMES:
        cells = (str(agreement.counts[first, second]).rjust(width) for second in OUTCOMES)
        print(first.rjust(width + 4), *cells, sep="  ", file=stream)
    decided, kappa = agreement.decided, agreement.kappa
    share = f" ({100 * agreement.agreed / decided:.1f} %)" if decided else ""
    beyond = "not defined: too little varies" if kappa is None else f"{float(kappa):.4f}"
    apart = agreement.counts.total() - decided
    print(
        f"\nboth decide {decided} answers and agree on {agreement.agreed}{share}; Cohen's kappa: {beyond}", file=stream
    )
    print(f"{apart} answers are not part of this: a judge left them undecided or failed", file=stream)


def print_headings(stream: TextIO) -> None:
    """Print the headings of the list of disagreements."""
    print(*(heading.ljust(width) for heading, width in zip(HEADINGS, WIDTHS, strict=True)), sep="  ", file=stream)
    print(*("-" * width for width in WIDTHS), sep="  ", file=stream)


def print_disagreement(
    episode_id: str,
    question: str,
    references: Sequence[str],
    answer: str | None,
    first: Verdict,
    second: Verdict,
    stream: TextIO,
) -> None:
    """Print one line of the list. Texts are cut to their column, and control characters are removed."""
    verdicts = (f"{verdict.outcome}: {verdict.rule}" for verdict in (first, second))
    cells = (
        episode_id[: WIDTHS[0]],
        question,
        " | ".join(references),
        "(none)" if answer is None else answer,
        *verdicts,
    )
    print(*(_cell(text, width) for text, width in zip(cells, WIDTHS, strict=True)), sep="  ", file=stream)


def _cell(text: str, width: int) -> str:
    shown = " ".join("".join(" " if unicodedata.category(c)[0] == "C" else c for c in text[: 4 * width]).split())
    return (shown if len(shown) <= width else shown[: width - 1] + "…").ljust(width)
