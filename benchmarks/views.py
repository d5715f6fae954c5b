"""The time to draw the views of one large photograph, against resizing each from the original with LANCZOS.

    python -m benchmarks.views [--image PHOTO.jpg] [--repeats 7]

Both start from the same decoded original and give pictures of the same sizes, one at a time and then dropped, as a
rollout draws them. They are timed in turn within one run. Figures are medians of processor time (both run on one
thread), so a busy machine slows both alike. Quality is the PSNR of each view against the plain Lanczos view. The
command fails (exit 1) if the views take more than 60 % of the time or are below 40 dB. Without `--image` it draws a
photo-like 4000x3000 picture (seeded: gradients, noise of every scale, printed lines), saved as a JPEG as photographs
are.

Results of experiments (milliseconds on one core for 4000x3000; dB on the worst of six photographs):

- Pillow's filter first runs along all rows of the original, for every size of view. So plain Lanczos takes about as
  long for a 252x196 view (86 ms) as for 1008x756 (116 ms). Averaging k x k whole pixels first (`Image.reduce`, which
  only adds: 8 ms) avoids that. With at least 1.7 averaged pixels for each pixel of the view, the loss is invisible: 224
  from averages of 6 (12 ms, 46 dB), 448 of 4 (18 ms, 43 dB), 672 of 3 (29 ms, 42.5 dB), 896 of 2 (50 ms, 46 dB).
  Pillow's `reducing_gap` does the same at gap 1.7; its usual 3.0 leaves most of the gain unused.
- If even 2x2 would cost too much sharpness (1344: 40.0 dB), halving only the rows still halves the work of both passes
  (43 dB). Halving only the columns would save the first pass alone.
- Near the original's size (1792, 2688, 3840) nothing can be averaged. The bicubic filter reads four pixels where
  Lanczos reads six: a quarter to a third less time, at least 41 dB. Qwen's own preprocessors use it too.
- A view of exactly the original's size is the original.
- Not worth it: drawing views from larger views (the gain is lost twice when a replay draws one view alone), filtering
  luma and chroma separately (the conversions cost the gain, and saturated edges of charts blur), four-byte pixels
  (slower than Pillow's three-band loops), the JPEG decoder's scaling (a view would depend on the file, not on the
  original's pixels).

Each view depends only on the original's pixels and its rung: drawn alone or with others it is the same.
"""

import argparse
import io
import math
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from lensmill.decoding import load_original
from lensmill.picture import draw_view
from lensmill.resolution import rungs_for, view_frame

MOST_TIME = 0.60
LEAST_PSNR = 40.0


@dataclass(frozen=True, slots=True)
class RungFigures:
    """Median seconds of both methods for one rung, and the PSNR of the view against plain Lanczos."""

    rung: int
    size: tuple[int, int]
    view_s: float
    lanczos_s: float
    psnr: float


def photo_like(width: int = 4000, height: int = 3000, seed: int = 7) -> bytes:
    """A JPEG as hard to resize as a photograph: noise whose amplitude falls with its frequency, and print."""
    random = np.random.default_rng(seed)
    pixels = np.zeros((height, width, 3), np.float32)
    pixels += np.linspace(60, 190, width, dtype=np.float32)[None, :, None]
    pixels += np.linspace(-30, 30, height, dtype=np.float32)[:, None, None]
    for cell, strength in ((512, 40), (128, 24), (32, 14), (8, 9), (2, 5), (1, 2)):
        rows, columns = math.ceil(height / cell) + 1, math.ceil(width / cell) + 1
        coarse = Image.fromarray(random.integers(0, 256, (rows, columns, 3), np.uint8))
        fine = coarse.resize((columns * cell, rows * cell), Image.Resampling.BICUBIC).crop((0, 0, width, height))
        pixels += (np.asarray(fine, np.float32) - 127.5) * (strength / 127.5)
    image = Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))
    draw = ImageDraw.Draw(image)
    for line in range(24):
        size = 12 + 4 * (line % 8)
        at = (200 + 1800 * (line % 2), 200 + 105 * line)
        draw.text(at, f"Platform {line}: departures every {7 + line} minutes", "white", ImageFont.load_default(size))
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=92)
    return buffer.getvalue()


def psnr(one: Image.Image, other: Image.Image) -> float:
    """Peak signal-to-noise ratio of two RGB pictures of equal size, in dB; infinite for equal pictures."""
    total = 0.0
    for top in range(0, one.height, 256):
        band = (0, top, one.width, min(top + 256, one.height))
        difference = np.asarray(one.crop(band), np.float64) - np.asarray(other.crop(band), np.float64)
        total += float(np.square(difference).sum())
    mean = total / (one.width * one.height * 3)
    return math.inf if mean == 0 else 10 * math.log10(255**2 / mean)


def measure(original: Image.Image, repeats: int) -> list[RungFigures]:
    """The figures of every rung of the original."""
    figures = []
    for rung in rungs_for(original.size):
        frame = view_frame(original.size, rung)
        size = (frame.width, frame.height)

        def view(rung: int = rung) -> Image.Image:
            return draw_view(original, rung).pixels

        def lanczos(size: tuple[int, int] = size) -> Image.Image:
            return original.resize(size, Image.Resampling.LANCZOS)

        quality = psnr(view(), lanczos())
        view_s, lanczos_s = in_turn(view, lanczos, repeats)
        figures.append(RungFigures(rung, size, view_s, lanczos_s, quality))
    return figures


def in_turn(one: Callable[[], object], other: Callable[[], object], repeats: int) -> tuple[float, float]:
    """Median processor seconds of two functions that are called alternately."""
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(repeats):
        for function, kept in zip((one, other), times, strict=True):
            start = time.process_time()
            function()
            kept.append(time.process_time() - start)
    return statistics.median(times[0]), statistics.median(times[1])


def main() -> int:
    """Measure, print, and return the exit status."""
    parser = argparse.ArgumentParser(description="Time drawing the views of a large photograph.")
    parser.add_argument("--image", type=Path, help="a picture file (default: a drawn 4000x3000 JPEG)")
    parser.add_argument("--repeats", type=int, default=7, help="timed repeats of each way (default 7)")
    options = parser.parse_args()
    original = load_original(options.image.read_bytes() if options.image else photo_like()).pixels
    figures = measure(original, options.repeats)
    all_views, all_lanczos = sum(row.view_s for row in figures), sum(row.lanczos_s for row in figures)
    print(f"original {original.width}x{original.height}, medians of {options.repeats}, processor time in ms")
    print(f"{'rung':>6} {'size':>11} {'view':>7} {'lanczos':>8} {'ratio':>6} {'PSNR dB':>8}")
    for row in figures:
        ratio = row.view_s / row.lanczos_s
        size = f"{row.size[0]}x{row.size[1]}"
        times = f"{row.view_s * 1e3:>7.1f} {row.lanczos_s * 1e3:>8.1f}"
        print(f"{row.rung:>6} {size:>11} {times} {ratio:>6.2f} {row.psnr:>8.1f}")
    ratio, worst = all_views / all_lanczos, min(row.psnr for row in figures)
    print(f"   all {'':>11} {all_views * 1e3:>7.1f} {all_lanczos * 1e3:>8.1f} {ratio:>6.2f} {worst:>8.1f}")
    good = ratio <= MOST_TIME and worst >= LEAST_PSNR
    print(f"{'reached' if good else 'NOT reached'}: ratio <= {MOST_TIME}, PSNR >= {LEAST_PSNR} dB")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
