"""Intervals of accuracies and of paired differences, where several questions may share one picture.

Questions about one picture are not independent, so the picture is the unit: every function takes sums by picture.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

LEVEL = 0.95
"""Level of every interval."""

RESAMPLES = 2000
"""Resamples of the bootstrap; the interval's ends then vary by about 1/20 of its width between seeds."""

_SEED = 20230501

_Z = NormalDist().inv_cdf(0.5 + LEVEL / 2)


@dataclass(frozen=True, slots=True)
class Cluster:
    """The answers about one picture: their number, and how many of them are right."""

    answers: float
    right: float


@dataclass(frozen=True, slots=True)
class Interval:
    """A confidence interval at `LEVEL`."""

    low: float
    high: float


def accuracy(clusters: Sequence[Cluster]) -> float | None:
    """The share of right answers; None without an answer."""
    answers = sum(cluster.answers for cluster in clusters)
    return sum(cluster.right for cluster in clusters) / answers if answers else None


def effective_answers(clusters: Sequence[Cluster]) -> float:
    """The number of independent answers that tell as much as these: p(1-p) over the variance of the ratio by picture.

    At most the number of answers. Where every answer is right, or none, nothing shows how alike the answers about one
    picture are, and each picture counts once.
    """
    answers, share = sum(cluster.answers for cluster in clusters), accuracy(clusters)
    pictures = len(clusters)
    if share is None or pictures < 2:
        return 0.0
    if all(cluster.answers == 1 for cluster in clusters):
        return answers
    spread = sum((cluster.right - share * cluster.answers) ** 2 for cluster in clusters)
    variance = pictures / (pictures - 1) * spread / answers**2
    if variance <= 0 or share in (0.0, 1.0):
        return float(pictures)
    return min(answers, share * (1 - share) / variance)


def wilson(share: float, answers: float) -> Interval:
    """Wilson's score interval (Wilson 1927) of a share of this many independent answers."""
    square = _Z**2 / answers
    middle = (share + square / 2) / (1 + square)
    half = _Z / (1 + square) * math.sqrt(share * (1 - share) / answers + square / answers / 4)
    return Interval(max(0.0, min(share, middle - half)), min(1.0, max(share, middle + half)))


def accuracy_interval(clusters: Sequence[Cluster]) -> Interval | None:
    """Wilson's interval with the effective number of answers (as for surveys: Franco et al. 2019, section 2).

    None with fewer than two pictures: one picture says nothing about others.
    """
    share, answers = accuracy(clusters), effective_answers(clusters)
    return None if share is None or answers <= 0 else wilson(share, answers)


@dataclass(frozen=True, slots=True)
class Pairs:
    """What two runs made of the same questions about one picture.

    Attributes:
        count: questions that both were asked.
        difference: sum of right answers of the first run, less that of the second.
        first_only, second_only: questions that one run has right and the other has not.
    """

    count: int
    difference: float
    first_only: int = 0
    second_only: int = 0


@dataclass(frozen=True, slots=True)
class Paired:
    """The difference of two runs on the same questions.

    Attributes:
        count: questions.
        difference: accuracy of the first run less that of the second.
        interval: bootstrap over pictures; None with fewer than two pictures.
        p: of McNemar's exact test.
    """

    count: int
    difference: float
    interval: Interval | None
    first_only: int
    second_only: int
    p: float


def paired(pictures: Sequence[Pairs]) -> Paired | None:
    """The difference over all pictures; None without a common question."""
    count = sum(pairs.count for pairs in pictures)
    if not count:
        return None
    first, second = (sum(getattr(pairs, name) for pairs in pictures) for name in ("first_only", "second_only"))
    difference = sum(pairs.difference for pairs in pictures) / count
    return Paired(count, difference, paired_interval(pictures), first, second, mcnemar(first, second))


def paired_interval(pictures: Sequence[Pairs], resamples: int = RESAMPLES) -> Interval | None:
    """The percentile bootstrap of the mean difference, drawing pictures with all their questions (Efron 1979).

    The draws have a fixed seed: the same pairs give the same interval. None with fewer than two pictures.
    """
    if len(pictures) < 2:
        return None
    counts = np.array([pairs.count for pairs in pictures], dtype=float)
    sums = np.array([pairs.difference for pairs in pictures], dtype=float)
    random = np.random.default_rng(_SEED)
    means = np.empty(resamples)
    for number in range(resamples):
        drawn = random.integers(0, len(pictures), len(pictures))
        means[number] = sums[drawn].sum() / counts[drawn].sum()
    low, high = np.quantile(means, [0.5 - LEVEL / 2, 0.5 + LEVEL / 2])
    return Interval(float(low), float(high))


def mcnemar(first_only: int, second_only: int) -> float:
    """The two-sided p of McNemar's exact test: the binomial test of the questions on which two runs differ."""
    count, least = first_only + second_only, min(first_only, second_only)
    if not count:
        return 1.0
    tail = sum(math.comb(count, number) for number in range(least + 1))
    return min(1.0, tail / (1 << (count - 1)))
