"""Zooms: the share of the original that each shows, and repetitions."""

from collections.abc import Mapping
from itertools import combinations
from typing import Any

from lensmill.facts.looks import shown_by, zooms_of
from lensmill.facts.measure import Column, Episode, Making, Measure

SAME = 0.9
"""IoU at which a zoom repeats another, and share of the original at which a zoom shows the whole."""


def _of(episode: Episode, _: Making) -> Mapping[str, Any]:
    if episode.trajectory is None:
        return {}
    shown = [shown_by(zoom) for zoom in zooms_of(episode.trajectory)]
    whole = episode.sample.width * episode.sample.height
    areas = [box.area / whole for box in shown]
    return {
        "zoom_areas": areas,
        "zoom_area_min": min(areas, default=None),
        "zoom_area_mean": sum(areas) / len(areas) if areas else None,
        "zoom_iou_max": max((one.iou(other) for one, other in combinations(shown, 2)), default=None),
        "zoom_repeats": sum(any(box.iou(other) >= SAME for other in shown[:at]) for at, box in enumerate(shown)),
        "zoom_wholes": sum(area >= SAME for area in areas),
    }


SPEC = Measure(
    "crops",
    (
        Column("zoom_areas", "list<float32>", "share of the original's area that each zoom shows, in order, 0 to 1"),
        Column("zoom_area_min", "float32", "the smallest of these shares; null without a zoom"),
        Column("zoom_area_mean", "float32", "their mean; null without a zoom"),
        Column("zoom_iou_max", "float32", "largest overlap (IoU) of two zooms; null with fewer than two"),
        Column("zoom_repeats", "int32", f"zooms that show what an earlier one shows (IoU of at least {SAME})"),
        Column("zoom_wholes", "int32", f"zooms that show the whole picture (at least {SAME:.0%} of it)"),
    ),
    _of,
)
