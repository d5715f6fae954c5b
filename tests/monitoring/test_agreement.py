"""Agreement as printed for people."""

import io

from lensmill.judging.agreement import Agreement
from lensmill.verdict import Verdict
from monitoring.agreement import WIDTHS, print_agreement, print_disagreement


def test_counts_share_and_kappa_are_printed() -> None:
    stream, agreement = io.StringIO(), Agreement()
    for first, second, times in (("correct", "correct", 3), ("correct", "incorrect", 1), ("incorrect", "incorrect", 1)):
        for _ in range(times):
            agreement.add(first, second)  # type: ignore[arg-type]
    agreement.add("judge_error", "correct")
    print_agreement(agreement, stream)
    lines = stream.getvalue().splitlines()
    assert lines[1].split() == ["correct", "3", "1", "0", "0"]
    assert lines[4].split() == ["judge_error", "1", "0", "0", "0"]
    assert "decide 5 answers and agree on 4 (80.0 %); Cohen's kappa: 0.5455" in stream.getvalue()
    assert "1 answers are not part of this: a judge left them undecided or failed" in stream.getvalue()


def test_a_lack_of_common_answers_is_reported() -> None:
    stream = io.StringIO()
    print_agreement(Agreement(), stream)
    assert "not defined" in stream.getvalue()


def test_a_disagreement_is_one_line_for_any_text() -> None:
    stream = io.StringIO()
    right, wrong = Verdict("correct", "number"), Verdict("incorrect", "model")
    print_disagreement("e" * 32, "Which\x1b[2J\none?" * 50, ["a", "b"], None, right, wrong, stream)
    (line,) = stream.getvalue().splitlines()
    assert "\x1b" not in line
    assert len(line) == sum(WIDTHS) + 2 * (len(WIDTHS) - 1)
    assert "correct: number" in line
    assert "(none)" in line
