"""The look of a picture: typefaces, colours, number formats and parts, chosen at random.

Only typefaces of every installation are used: matplotlib's font files (read as files; matplotlib itself is not loaded)
and Pillow's built-in Aileron.
"""

import functools
import importlib.util
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import TypeAlias

from PIL import ImageFont

Colour: TypeAlias = tuple[int, int, int]
Font: TypeAlias = ImageFont.FreeTypeFont

FAMILIES: dict[str, tuple[str, str]] = {
    "DejaVu Sans": ("DejaVuSans.ttf", "DejaVuSans-Bold.ttf"),
    "DejaVu Serif": ("DejaVuSerif.ttf", "DejaVuSerif-Bold.ttf"),
    "DejaVu Sans Mono": ("DejaVuSansMono.ttf", "DejaVuSansMono-Bold.ttf"),
    "STIX": ("STIXGeneral.ttf", "STIXGeneralBol.ttf"),
    "Computer Modern Sans": ("cmss10.ttf", "cmss10.ttf"),
    "Aileron": ("", ""),
}
"""Family -> its regular and bold file; an empty name is Pillow's built-in typeface."""

PALETTES: tuple[tuple[str, ...], ...] = (
    ("#4E79A7", "#F28E2B", "#59A14F", "#E15759", "#76B7B2", "#B07AA1", "#EDC948", "#9C755F", "#FF9DA7"),
    ("#2F7ED8", "#0D233A", "#8BBC21", "#910000", "#1AADCE", "#492970", "#F28F43", "#C4A000", "#7F7F7F"),
    ("#1B9E77", "#D95F02", "#7570B3", "#E7298A", "#66A61E", "#E6AB02", "#A6761D", "#666666", "#386CB0"),
    ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#7A6C00", "#555555", "#8C2D04"),
    ("#264653", "#2A9D8F", "#E9C46A", "#F4A261", "#E76F51", "#6D597A", "#355070", "#B56576", "#8AB17D"),
    ("#003F5C", "#FFA600", "#BC5090", "#58508D", "#FF6361", "#2F9E44", "#7F5539", "#1098AD", "#9775FA"),
)


def rgb(code: str) -> Colour:
    """The colour of a code such as "#1f77b4"."""
    return (int(code[1:3], 16), int(code[3:5], 16), int(code[5:7], 16))


def luminance(colour: Colour) -> float:
    """Relative luminance, 0 (black) to 1 (white)."""
    return (0.299 * colour[0] + 0.587 * colour[1] + 0.114 * colour[2]) / 255


def blend(first: Colour, second: Colour, share: float) -> Colour:
    """The first colour mixed with `share` of the second."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(first, second, strict=True))
    return (red, green, blue)


def ink_on(colour: Colour) -> Colour:
    """Black or white: the one with the better contrast on a colour."""
    return (255, 255, 255) if luminance(colour) < 0.6 else (20, 20, 20)


@functools.cache
def _font_folder() -> Path:
    spec = importlib.util.find_spec("matplotlib")
    if spec is None or spec.origin is None:
        raise RuntimeError("the synthetic source draws with matplotlib's font files; install matplotlib")
    return Path(spec.origin).parent / "mpl-data" / "fonts" / "ttf"


@functools.lru_cache(maxsize=256)
def font(family: str, size: int, bold: bool = False) -> Font:
    """A typeface with an em of `size` pixels."""
    file = FAMILIES[family][bold]
    if not file:
        built_in = ImageFont.load_default(size)
        assert isinstance(built_in, ImageFont.FreeTypeFont)
        return built_in.font_variant(layout_engine=ImageFont.Layout.BASIC)
    return ImageFont.truetype(_font_folder() / file, size, layout_engine=ImageFont.Layout.BASIC)


@dataclass(frozen=True, slots=True)
class Style:
    """The look of one chart. Lengths are in pixels of a picture with a longer side of 3840.

    Attributes:
        thousands: put commas between thousands.
        labels: place of data labels: "outside" or "inside" the end of a mark, or "none".
        grid: gridlines: "none", "value" (across the value axis) or "both".
        frame: lines around the plot: "none", "base" (the category axis only), "axes" or "box".
        bar_share: the share of its band that a bar (or group of bars) fills.
    """

    family: str
    title_family: str
    text_size: int
    title_size: int
    title_bold: bool
    title_align: str
    palette: tuple[Colour, ...]
    background: Colour
    plot_background: Colour
    ink: Colour
    faint: Colour
    thousands: bool
    labels: str
    grid: str
    dashed: bool
    frame: str
    legend: str
    bar_share: float
    axis_title: bool
    value_ticks: bool
    source_line: bool

    def number(self, value: Decimal, unit: str = "", mark: bool = True) -> str:
        """A figure as printed. The units "$" and "%" are printed with it; other units stand in titles only."""
        text = f"{value:,f}" if self.thousands and unit != "year" else f"{value:f}"
        if mark and unit == "$":
            return f"-${text[1:]}" if text.startswith("-") else f"${text}"
        return f"{text}%" if mark and unit == "%" else text


def choose_style(rng: Random) -> Style:
    """A random look that is always legible."""
    palette = [rgb(code) for code in rng.choice(PALETTES)]
    turn = rng.randrange(len(palette))
    palette = palette[turn:] + palette[:turn]
    paper = rng.choice(["#FFFFFF", "#FFFFFF", "#FFFFFF", "#FAFAF7", "#F4F6F8", "#FFF9EF"])
    family = rng.choice(list(FAMILIES))
    labels = rng.choices(["outside", "inside", "none"], [6, 2, 3])[0]
    grid = rng.choice(["none", "value", "value", "both"])
    return Style(
        family=family,
        title_family=family if rng.random() < 0.7 else rng.choice(list(FAMILIES)),
        text_size=rng.choice([52, 56, 60, 66, 72, 80]),
        title_size=rng.choice([84, 92, 100, 112]),
        title_bold=rng.random() < 0.6,
        title_align=rng.choice(["left", "centre", "centre"]),
        palette=tuple(palette),
        background=rgb(paper),
        plot_background=rgb(rng.choice([paper, paper, paper, "#FFFFFF", "#EDF0F3"])),
        ink=rgb(rng.choice(["#000000", "#222222", "#333333", "#1F2A44", "#3B3B3B"])),
        faint=rgb(rng.choice(["#D0D0D0", "#C8CDD3", "#DDDDDD"])),
        thousands=rng.random() < 0.75,
        labels=labels,
        grid=grid if labels != "none" or grid != "none" else "value",
        dashed=rng.random() < 0.3,
        frame=rng.choice(["none", "base", "axes", "axes", "box"]),
        legend=rng.choice(["top", "top", "bottom", "right"]),
        bar_share=rng.uniform(0.5, 0.84),
        axis_title=rng.random() < 0.5,
        value_ticks=labels == "none" or rng.random() < 0.75,
        source_line=rng.random() < 0.6,
    )
