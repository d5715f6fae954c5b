"""Relaxed accuracy as ChartQA's followers publish it, with all its quirks.

It exists to report comparable figures. `lensmill.judging.rules` decides what becomes training data.
"""

MAX_RELATIVE_CHANGE = 0.05


def relaxed_accuracy(prediction: str, target: str) -> bool:
    """Relaxed correctness of one prediction against one target (Methani et al. 2020; the code of pix2struct, which
    VLMEvalKit and RefChartQA repeat).

    The score of a question with several labels is the maximum over them. Two numbers match within 5 % of the target;
    all else must be the same text in any case. As published: "5%" is 0.05 and not 5; "1,000" and "$5" are text; a
    target of zero is text too; years have 5 % tolerance.
    """
    predicted, wanted = _to_float(prediction), _to_float(target)
    if predicted is not None and wanted:
        return abs(predicted - wanted) / abs(wanted) <= MAX_RELATIVE_CHANGE
    return prediction.lower() == target.lower()


def _to_float(text: str) -> float | None:
    try:
        return float(text.rstrip("%")) / 100.0 if text.endswith("%") else float(text)
    except ValueError:
        return None
