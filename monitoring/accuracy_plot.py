"""The plot of an evaluation: accuracy against resolution, and against image tokens."""

from collections.abc import Callable, Sequence
from typing import Any

from lensmill.statistics import LEVEL
from monitoring.evaluation import Evaluated
from storage.builds.accuracy import Score


def plot(runs: Sequence[Evaluated], paths: Sequence[str]) -> None:
    """Draw all subsets together, a line a run with its intervals, into files whose names end in .png or .svg.

    Raises:
        OSError: a file cannot be written.
    """
    import matplotlib as mpl  # takes half a second, and draws on no display
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    with mpl.rc_context({"svg.hashsalt": "lensmill", "svg.fonttype": "none"}):  # the same figures, the same file
        figure = Figure(figsize=(10, 4.2), layout="constrained")
        FigureCanvasAgg(figure)
        rungs, tokens = figure.subplots(1, 2, sharey=True)
        for number, run in enumerate(runs):
            scores = run.overall()
            _line(rungs, run.label, scores, lambda score: score.rung, number, len(runs))
            seen = [score for score in scores if score.costs["image_tokens"] is not None]
            _line(tokens, run.label, seen, lambda score: score.costs["image_tokens"], number, len(runs))
        known = sorted({score.rung for run in runs for score in run.overall()})
        rungs.set_xscale("log", base=2)
        rungs.set_xticks(known, [str(rung) for rung in known], rotation=45)
        rungs.minorticks_off()
        rungs.set_xlabel("resolution of the view (rung, side in pixels)")
        rungs.set_ylabel(f"accuracy in percent, {LEVEL:.0%} interval")
        tokens.set_xscale("symlog", linthresh=100)
        tokens.set_xlabel("image tokens an answer, mean")
        for axes in (rungs, tokens):
            axes.set_ylim(-2, 102)
            axes.grid(alpha=0.3)
        rungs.legend(fontsize="small")
        for path in paths:
            metadata = {"Date": None} if path.endswith(".svg") else {"Software": None}
            figure.savefig(path, dpi=120, metadata=metadata)


def _line(
    axes: Any, label: str, scores: Sequence[Score], place: Callable[[Score], Any], number: int, runs: int
) -> None:
    """One run, moved aside a little so that intervals of several runs stay apart."""
    aside = 1 + 0.012 * (number - (runs - 1) / 2)
    across = [place(score) * aside for score in scores]
    shares = [100 * score.accuracy for score in scores]
    below = [0.0 if score.interval is None else 100 * (score.accuracy - score.interval.low) for score in scores]
    above = [0.0 if score.interval is None else 100 * (score.interval.high - score.accuracy) for score in scores]
    axes.errorbar(across, shares, yerr=[below, above], label=label, marker="o", markersize=4, capsize=3, linewidth=1.2)
