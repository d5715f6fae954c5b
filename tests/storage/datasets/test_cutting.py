"""Where versions are cut: growth rewrites the last block, a withdrawal its own."""

import hashlib
from collections.abc import Sequence

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from storage.datasets.cutting import EARLY_SHARE, LARGEST, SHARE, SMALLEST, Cut, cuts, target, weights

Picture = tuple[int, int, int]
"""Its number, how many rows it has, and pixels of each row."""

PICTURES = st.lists(st.tuples(st.integers(0, 10**6), st.integers(1, 5), st.integers(0, 2**21)), max_size=200)


def selection(pictures: Sequence[Picture]) -> pa.Table:
    ids = [hashlib.sha256(b"%d" % number).hexdigest() for number, rows, _ in pictures for _ in range(rows)]
    pixels = [each for _, rows, each in pictures for _ in range(rows)]
    return pa.table({"image_id": ids, "table": ["train"] * len(ids), "pixels": pa.array(pixels, pa.int64())})


def contents(pictures: Sequence[Picture]) -> list[tuple[str, ...]]:
    """The pictures of each block."""
    rows = selection(pictures)
    ids = rows["image_id"].to_pylist()
    return [tuple(ids[cut.start : cut.stop]) for cut in cuts(rows)]


def many(count: int) -> list[Picture]:
    return [(number, 1 + number % 3, 2**17 * (1 + number % 5)) for number in range(count)]


@given(PICTURES)
def test_blocks_hold_every_row_once_in_order(pictures: list[Picture]) -> None:
    found = list(cuts(selection(pictures)))
    rows = sum(rows for _, rows, _ in pictures)
    assert [cut.start for cut in found] == [0, *(cut.stop for cut in found[:-1])][: len(found)]
    assert (found[-1].stop if found else 0) == rows


@given(PICTURES)
def test_rows_of_a_picture_that_stand_side_by_side_stay_together(pictures: list[Picture]) -> None:
    ids = selection(pictures)["image_id"].to_pylist()
    assert all(ids[cut.start - 1] != ids[cut.start] for cut in cuts(selection(pictures)) if cut.start)


@given(PICTURES, PICTURES)
def test_growth_changes_the_last_block_only(pictures: list[Picture], more: list[Picture]) -> None:
    before, after = contents(pictures), contents([*pictures, *more])
    assert after[: max(0, len(before) - 1)] == before[:-1]


@settings(max_examples=20)
@given(st.integers(0, 1999))
def test_a_withdrawal_leaves_the_blocks_before_it_as_they_are(gone: int) -> None:
    pictures = many(2000)
    before, after = contents(pictures), contents([*pictures[:gone], *pictures[gone + 1 :]])
    image_id = hashlib.sha256(b"%d" % gone).hexdigest()
    at = next(number for number, block in enumerate(before) if image_id in block)
    assert after[:at] == before[:at]


def test_a_withdrawal_changes_one_block_mostly_and_few_at_most() -> None:
    pictures = many(2000)
    before = set(contents(pictures))
    new = [len(set(contents([*pictures[:gone], *pictures[gone + 1 :]])) - before) for gone in range(0, 2000, 20)]
    assert len(before) > 50
    assert sum(new) / len(new) < 1.5
    assert max(new) <= 6


def test_data_of_a_few_blocks_make_eight_and_the_last_block_is_a_small_part() -> None:
    for count in (200, 1000, 5000, 20_000):
        rows = selection(many(count))
        found, heavy = list(cuts(rows)), weights(rows)
        assert len(found) >= 8
        assert heavy[found[-1].start :].sum() <= 4 * target(int(heavy.sum()))


def test_a_target_grows_with_the_weight_before_it() -> None:
    targets = [target(2**number) for number in range(60)]
    assert targets == sorted(targets)
    assert (targets[0], targets[-1]) == (SMALLEST, LARGEST)
    assert target(EARLY_SHARE * 2**24) == 2**24
    assert target(SHARE * 2**30) == 2**30


def test_no_rows_make_no_block() -> None:
    assert list(cuts(selection([]))) == []
    assert Cut(3, 5).rows == 2
