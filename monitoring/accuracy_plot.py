"""The plot of an evaluation: accuracy against resolution, and against image tokens."""

from collections.abc import Sequence
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
    from matplotlib.ticker import FuncFormatter, SymmetricalLogLocator

    with mpl.rc_context({"svg.hashsalt": "lensmill", "svg.fonttype": "none"}):  # the same figures, the same file
        figure = Figure(figsize=(10, 4.2), layout="constrained")
        FigureCanvasAgg(figure)
        rungs, tokens = figure.subplots(1, 2, sharey=True)
        for number, run in enumerate(runs):
            scores = run.overall()
            _line(rungs, run.label, scores, [score.rung for score in scores], number, len(runs))
            seen = [(score, cost) for score in scores if (cost := score.costs["image_tokens"]) is not None]
            across = _line(
                tokens, run.label, [score for score, _ in seen], [cost for _, cost in seen], number, len(runs)
            )
            for place, (score, _) in zip(across, seen, strict=True):
                at = (place, 100 * score.accuracy)
                tokens.annotate(f" {score.rung}", at, fontsize="x-small", textcoords="offset points", xytext=(2, 4))
        known = sorted({score.rung for run in runs for score in run.overall()})
        rungs.set_xscale("log", base=2)
        rungs.set_xticks(known, [str(rung) for rung in known], rotation=45)
        rungs.minorticks_off()
        rungs.set_xlabel("resolution of the view (rung, side in pixels)")
        rungs.set_ylabel(f"accuracy in percent, {LEVEL:.0%} interval")
        tokens.set_xscale("symlog", base=10, linthresh=100)  # a run without a picture has no token
        tokens.xaxis.set_major_locator(SymmetricalLogLocator(base=10, linthresh=100, subs=(1, 2, 5)))
        tokens.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        tokens.set_xlabel("image tokens an answer, mean; each point with its rung")
        for axes in (rungs, tokens):
            axes.set_ylim(-2, 102)
            axes.grid(alpha=0.3)
        rungs.legend(fontsize="small")
        for path in paths:
            metadata = {"Date": None} if path.endswith(".svg") else {"Software": None}
            figure.savefig(path, dpi=120, metadata=metadata)


def _line(
    axes: Any, label: str, scores: Sequence[Score], places: Sequence[float], number: int, runs: int
) -> list[float]:
    """One run, moved aside a little so that intervals of several runs stay apart. Return the places on the axis."""
    aside = 1 + 0.012 * (number - (runs - 1) / 2)
    across = [place * aside for place in places]
    shares = [100 * score.accuracy for score in scores]
    below = [0.0 if score.interval is None else 100 * (score.accuracy - score.interval.low) for score in scores]
    above = [0.0 if score.interval is None else 100 * (score.interval.high - score.accuracy) for score in scores]
    axes.errorbar(across, shares, yerr=[below, above], label=label, marker="o", markersize=4, capsize=3, linewidth=1.2)
    return across
