"""Colour words: which series a question means by "the dark blue bars", and what to call a colour."""

import re
from collections.abc import Sequence

RGB = tuple[int, int, int]

_BASE = (
    "blue|green|red|orange|yellow|purple|violet|pink|brown|gray|grey|black|navy|teal|turquoise|gold|golden"
    "|beige|cyan|maroon|white"
)
COLOUR_WORD = re.compile(
    rf"\b(?:(light|dark|pale|bright|deep|navy|sky|royal)(?:er|est)?[\s-]+)?({_BASE})\b"
    r"(?!\s+(?:people|person|men|women|or african))",
    re.I,
)

# Points that people call by each name; a series is as near to a name as to the nearest of its points.
_POINTS: dict[str, tuple[RGB, ...]] = {
    "blue": ((40, 118, 221), (0, 80, 220), (31, 119, 180), (70, 130, 180), (60, 90, 160)),
    "light blue": ((125, 180, 230), (173, 216, 230), (90, 160, 225)),
    "dark blue": ((15, 40, 70), (0, 30, 100), (25, 50, 110), (20, 60, 120)),
    "green": ((60, 150, 60), (80, 170, 60), (120, 160, 60), (150, 160, 75), (40, 160, 120)),
    "light green": ((150, 210, 130), (190, 210, 150), (130, 220, 160)),
    "dark green": ((20, 90, 40), (70, 90, 30), (90, 100, 40)),
    "red": ((200, 30, 30), (230, 60, 50), (160, 20, 30), (170, 30, 60)),
    "light red": ((240, 130, 120),),
    "dark red": ((140, 15, 20), (110, 10, 30)),
    "orange": ((240, 140, 30), (230, 110, 30), (235, 160, 60)),
    "yellow": ((240, 210, 50), (250, 230, 80), (230, 195, 80), (215, 165, 40)),
    "light yellow": ((250, 240, 170),),
    "purple": ((120, 60, 150), (150, 90, 180), (100, 50, 130)),
    "pink": ((240, 150, 180), (230, 90, 150)),
    "brown": ((140, 80, 40), (115, 75, 50), (165, 110, 60), (150, 110, 30)),
    "light brown": ((200, 165, 110), (225, 205, 155)),
    "dark brown": ((90, 55, 30), (110, 80, 25)),
    "gray": ((130, 130, 130), (186, 186, 186), (160, 160, 160)),
    "light gray": ((205, 205, 205), (220, 220, 220)),
    "dark gray": ((90, 90, 90), (70, 70, 70)),
    "black": ((10, 10, 10), (15, 40, 62)),
    "teal": ((0, 130, 130), (40, 150, 150)),
    "cyan": ((50, 200, 220),),
    "beige": ((225, 210, 180), (220, 215, 195)),
    "maroon": ((125, 15, 35), (150, 20, 30)),
    "white": ((250, 250, 250),),
}
_SAME = {
    "grey": "gray",
    "navy": "dark blue",
    "violet": "purple",
    "gold": "yellow",
    "golden": "yellow",
    "turquoise": "cyan",
}
_SHADES = {"pale": "light", "sky": "light", "bright": "", "deep": "dark", "navy": "dark", "royal": ""}
_FAR = 110.0  # beyond this a colour is not called by the name; weighted RGB distance, where black to white is 765
_PLAIN_NAMES = ("blue", "green", "red", "orange", "yellow", "purple", "gray", "brown", "pink")


def colour_name(shade: str | None, base: str) -> str:
    """The name under which a colour word's points are kept."""
    base = _SAME.get(base.lower(), base.lower())
    if not shade or " " in base:
        return base
    shade = _SHADES.get(shade.lower(), shade.lower())
    full = f"{shade} {base}".strip()
    return full if full in _POINTS else base


def distance(one: RGB, other: RGB) -> float:
    """The "redmean" distance: RGB weighted as the eye does, 0 to about 765."""
    mean = (one[0] + other[0]) / 2
    red, green, blue = (a - b for a, b in zip(one, other, strict=True))
    return float(((2 + mean / 256) * red**2 + 4 * green**2 + (2 + (255 - mean) / 256) * blue**2) ** 0.5)


def nearness(name: str, colour: RGB) -> float:
    """The distance of a colour from the nearest point with this colour name."""
    return min(distance(point, colour) for point in _POINTS[name])


def series_of_colour(name: str, colours: Sequence[RGB | None]) -> int | None:
    """The index of the one series that a colour word can mean; None where none or several can.

    A plain "blue" beside "dark blue" means the lighter one; a shade ("light", "dark") is relative: among series of
    one hue it means the lightest or the darkest.
    """
    if any(colour is None for colour in colours):
        return None
    ranked = sorted((nearness(name, colour), index) for index, colour in enumerate(colours) if colour is not None)
    shade, _, base = name.rpartition(" ")
    if shade:
        family = [index for index, colour in enumerate(colours) if colour is not None and _of_hue(base, colour)]
        if family:
            by_light = sorted(family, key=lambda index: _lightness(colours[index]))
            return by_light[0] if shade == "dark" else by_light[-1]
    family = [index for index, colour in enumerate(colours) if colour is not None and _of_hue(base, colour)]
    if not shade and len(family) == 1:
        return family[0]
    if not ranked or ranked[0][0] > _FAR:
        return None
    if len(ranked) > 1 and ranked[1][0] < ranked[0][0] * 1.5 + 15:
        return None
    return ranked[0][1]


def _of_hue(base: str, colour: RGB) -> bool:
    """Whether a colour is a shade of a hue, and of no other one more."""
    nearest = min((nearness(name, colour), name) for name in _POINTS if name != "black" or base == "black")
    return nearest[0] < _FAR and nearest[1].rpartition(" ")[2] == base


def name_of(colour: RGB, others: Sequence[RGB | None] = ()) -> str | None:
    """A plain colour name, or None where people would disagree: another one of the hue stands beside it, say."""
    ranked = sorted((nearness(name, colour), name) for name in _POINTS)
    name = ranked[0][1]
    if name not in _PLAIN_NAMES or ranked[0][0] > _FAR / 2:
        return None
    return None if any(other is not None and _hue(other) == name for other in others) else name


def _hue(colour: RGB) -> str:
    """The nearest name without its shade; near-black navy counts as blue."""
    return min((nearness(name, colour), name) for name in _POINTS if name != "black")[1].rpartition(" ")[2]


def _lightness(colour: RGB | None) -> float:
    return 0.0 if colour is None else 0.3 * colour[0] + 0.59 * colour[1] + 0.11 * colour[2]
