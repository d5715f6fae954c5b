"""The report of an evaluation: tables, CSV, plot."""

import csv
import io
from pathlib import Path

from PIL import Image

from lensmill.statistics import Interval, Paired
from monitoring.accuracy_plot import plot
from monitoring.evaluation import Compared, Evaluated, difference_figures, figures, markdown, write_rows
from storage.builds.accuracy import COSTS, ENDS, Difference, Score


def score(rung: int, right: int = 6, subset: str | None = None, pictures: int = 4, **ends: int) -> Score:
    counts = {**dict.fromkeys(ENDS, 0), "correct": right, **ends}
    share = right / sum(counts.values())
    interval = Interval(share / 2, (1 + share) / 2) if pictures > 1 else None
    costs = {**dict.fromkeys(COSTS), "image_tokens": float(rung), "seconds": 1.5}
    answers = sum(counts.values())
    return Score(rung, subset, answers, pictures, counts, 0, share, interval, 1.0, interval, costs, 2, 1)


RUNS = [
    Evaluated(
        "direct", "b" * 16, "j" * 16, [score(224, incorrect=4), score(448, unplanned=2, failed=1)], {"timeout": 1}
    ),
    Evaluated("zoom|all", "c" * 16, "j" * 16, [score(224), score(224, 2, "human", 1)], unreadable=3),
]
PAIR = Compared("zoom", "direct", [Difference(224, None, Paired(10, 0.4, Interval(0.1, 0.7), 4, 0, 0.125))])


def lines(runs: list[Evaluated], compared: list[Compared]) -> str:
    return "\n".join(markdown(runs, compared))


def test_a_table_has_a_row_a_run_and_a_column_a_rung() -> None:
    first, *_ = lines(RUNS, []).split("\n\n# By rung")
    rows = [[cell.strip() for cell in line.replace("\\|", "!").split("|")[1:-1]] for line in first.splitlines()[2:]]
    assert rows[0] == ["run", "224", "448"]
    assert rows[2] == ["direct", "60.0 [30.0, 80.0]", "66.7 [33.3, 83.3]"]
    assert rows[3] == ["zoom!all", "100.0 [50.0, 100.0]", "-"]


def test_whatever_did_not_end_right_is_said() -> None:
    told = lines(RUNS, [])
    for note in (
        "- direct: 2 questions could not be planned on rung 448 and count as failed",
        "- direct: 1 failed of timeout",
        "- zoom|all: 3 rows of the source could not be read and are in no figure",
        "rung 224: 2 questions were asked with their options in several orders; 50.0 % are right in every order",
    ):
        assert note in told


def test_a_single_picture_has_a_dash_for_its_interval() -> None:
    (row,) = [line for line in lines(RUNS, []).splitlines() if "human" in line and "options" not in line]
    assert [cell.strip() for cell in row.replace("\\|", "").split("|")[4:9]] == ["2", "1", "100.0", "-", "100.0"]


def test_differences_are_in_points_with_interval_and_test() -> None:
    (row,) = [line for line in lines(RUNS, [PAIR]).splitlines() if line.startswith("| zoom ")]
    cells = [cell.strip() for cell in row.split("|")[1:-1]]
    assert cells == ["zoom", "direct", "224", "(all)", "10", "+40.0", "[10.0, 70.0]", "4", "0", "0.12"]


def test_runs_with_nothing_in_common_are_said() -> None:
    assert "- zoom and other have no question on the same rung in common" in lines(
        RUNS, [Compared("zoom", "other", [])]
    )


def test_the_csv_has_every_score_with_empty_cells_for_what_does_not_exist() -> None:
    stream = io.StringIO()
    write_rows([*figures(RUNS)], stream)
    rows = [*csv.DictReader(stream.getvalue().splitlines())]
    assert [(row["run"], row["rung"], row["subset"]) for row in rows][-1] == ("zoom|all", "224", "human")
    assert rows[-1]["accuracy_low"] == ""
    assert all(sum(int(row[end]) for end in ENDS) == int(row["answers"]) for row in rows)
    assert next(iter(difference_figures([PAIR])))["difference_high"] == 0.7


def test_the_plot_is_drawn_and_the_same_figures_give_the_same_files(tmp_path: Path) -> None:
    paths = [tmp_path / name for name in ("a.png", "b.png", "a.svg", "b.svg")]
    plot(RUNS, [str(path) for path in paths[::2]])
    plot(RUNS, [str(path) for path in paths[1::2]])
    assert paths[0].read_bytes() == paths[1].read_bytes()
    assert paths[2].read_bytes() == paths[3].read_bytes()
    assert "accuracy in percent" in paths[2].read_text()
    with Image.open(paths[0]) as drawn:
        assert len(drawn.convert("RGB").getcolors(1 << 20) or ()) > 20
