"""The driver's peak memory for a small and a large source.

    python -m benchmarks.driver_memory --small 104 --large 2000

Draws ChartQA folders of tiny charts with eight questions each, builds each folder with the reader on one rung, and
prints the peak resident memory of the driver process (the kernel's VmHWM) and the ratio of the two.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from PIL import Image, ImageDraw


def questions(number: int) -> list[tuple[str, str]]:
    """Eight questions about the bars of a chart, with their answers."""
    heights = [30 + (number * 37 + bar * 53) % 120 for bar in range(3)]
    asked = [(f"What was the value in {2001 + bar}?", str(height)) for bar, height in enumerate(heights)]
    asked.append(("What is the highest value?", str(max(heights))))
    asked.append(("What is the lowest value?", str(min(heights))))
    asked.append(("What is the sum of all values?", str(sum(heights))))
    asked.append(("What is the difference between 2001 and 2002?", str(abs(heights[0] - heights[1]))))
    asked.append(("What is the difference between 2002 and 2003?", str(abs(heights[1] - heights[2]))))
    return asked


def draw_source(folder: Path, samples: int) -> None:
    """A ChartQA folder of `samples` questions about charts of a few labelled bars, 300 x 200 px."""
    split = folder / "test"
    (split / "png").mkdir(parents=True)
    rows = []
    for number in range(samples // len(questions(0))):
        picture = Image.new("RGB", (300, 200), "white")
        draw = ImageDraw.Draw(picture)
        for bar in range(3):
            height = 30 + (number * 37 + bar * 53) % 120
            draw.rectangle((40 + bar * 80, 170 - height, 80 + bar * 80, 170), fill=(40, 90 + bar * 40, 200))
            draw.text((44 + bar * 80, 175), str(2001 + bar), fill="black")
            draw.text((48 + bar * 80, 156 - height), str(height), fill="black")
        draw.text((5, 5), f"chart {number}", fill="black")
        picture.save(split / "png" / f"{number}.png")
        rows += [{"imgname": f"{number}.png", "query": asked, "label": answer} for asked, answer in questions(number)]
    (split / "test_human.json").write_text(json.dumps(rows))


def peak_mb(samples: int, folder: Path) -> tuple[float, float]:
    """Peak resident megabytes of a build's driver, and the build's seconds."""
    source, out = folder / f"source{samples}", folder / f"out{samples}"
    draw_source(source, samples)
    command = [sys.executable, "-m", "pipelines.build", "source=chartqa", f"source.path={source}"]
    start = time.monotonic()
    process = subprocess.Popen([*command, f"out={out}", "ladder.rungs=[224]"], stdout=subprocess.DEVNULL)
    peak = 0
    while process.poll() is None:
        try:
            status = Path(f"/proc/{process.pid}/status").read_text()
        except OSError:
            break
        peak = max([peak, *(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM"))])
        time.sleep(0.1)
    if process.wait() != 0:
        sys.exit(f"the build of {samples} samples failed")
    return peak / 1024, time.monotonic() - start


def main() -> None:
    """Measure both sources and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--small", type=int, default=100)
    parser.add_argument("--large", type=int, default=2000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        small, seconds = peak_mb(options.small, Path(folder))
        print(f"{options.small:>6} samples: driver peak {small:.0f} MB in {seconds:.0f} s", flush=True)
        large, seconds = peak_mb(options.large, Path(folder))
        print(f"{options.large:>6} samples: driver peak {large:.0f} MB in {seconds:.0f} s")
        print(f"ratio {large / small:.3f}")


if __name__ == "__main__":
    main()
