"""The cost of a block of model-written code, with its pictures in and out, against one Jupyter kernel for each
dialogue.

    python -m benchmarks.sandbox [--runs 200] [--rounds 3]

"Warm" is a new session of a running sandbox: a two-line edit (draw, display), from the picture as pixels to the edited
picture as pixels. A dialogue with Jupyter, as in ReFocus's code, starts a kernel, loads the picture, runs the same edit
with Pillow and fetches a PNG. It is measured if `jupyter_client` and `ipykernel` can be imported.
"""

import argparse
import base64
import importlib.util
import io
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from PIL import Image

from lensmill.geometry import Box, Frame
from lensmill.picture import Picture
from lensmill.sandbox.cpython import CPythonSandbox
from lensmill.sandbox.monty import MontySandbox
from lensmill.sandbox.protocol import BoxMaps, Sandbox

SIZES = ((850, 600), (3840, 2160))
EDIT = "edited = focus_on_x_values_with_draw(image_1, ['2005', '2007'], x_values_bbox)\ndisplay(edited)"
JUPYTER = """
from PIL import Image, ImageDraw
from IPython.display import display
image_1 = Image.open({path!r}).convert("RGB")
draw = ImageDraw.Draw(image_1)
for box in {boxes!r}:
    draw.rectangle(box, outline="red", width=5)
display(image_1)
"""


def chart(size: tuple[int, int]) -> tuple[Picture, BoxMaps]:
    """A picture with some content, and boxes for twelve years."""
    pixels = Image.linear_gradient("L").resize(size).convert("RGB")
    step = size[0] // 14
    boxes = {str(2000 + i): Box(step * (i + 1), 20, step * (i + 2) - 8, size[1] - 40) for i in range(12)}
    return Picture(pixels, Frame.whole(size)), {"x_values": boxes}


def dialogue(sandbox: Sandbox, picture: Picture, boxes: BoxMaps) -> None:
    """Run the edit in a new session."""
    session = sandbox.session([picture], boxes)
    execution = session.run(EDIT)
    session.close()
    assert len(execution.pictures) == 1, execution.error


def median_ms(action: Callable[[], None], runs: int) -> float:
    """The median milliseconds of an action."""
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        action()
        times.append(time.perf_counter() - start)
    return statistics.median(times) * 1000


def jupyter(picture: Picture, boxes: BoxMaps) -> None:
    """One dialogue with its own kernel: a view's PNG in, a PNG out."""
    from jupyter_client.manager import KernelManager

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "image.png"
        picture.pixels.save(path)
        kernel = KernelManager(kernel_name="python3", ip="127.0.0.1")
        kernel.start_kernel(stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        client = kernel.client()
        try:
            client.start_channels()
            client.wait_for_ready(timeout=60)
            corners = [list(boxes["x_values"][year].xyxy) for year in ("2005", "2007")]
            shown: list[bytes] = []

            def keep(message: dict[str, object]) -> None:
                data = message.get("content", {}).get("data", {})  # type: ignore[attr-defined]
                if "image/png" in data:
                    shown.append(base64.b64decode(data["image/png"]))

            client.execute_interactive(JUPYTER.format(path=str(path), boxes=corners), output_hook=keep, timeout=60)
            Image.open(io.BytesIO(shown[0])).load()
        finally:
            client.stop_channels()
            kernel.shutdown_kernel(now=True)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument(
        "--rounds", type=int, default=3, help="repetitions of everything, for machines that do other work too"
    )
    options = parser.parse_args()
    has_jupyter = all(importlib.util.find_spec(name) for name in ("jupyter_client", "ipykernel"))
    start = time.perf_counter()
    monty = MontySandbox(programs=1)
    print(f"Monty up in {(time.perf_counter() - start) * 1000:.0f} ms")
    cpython = CPythonSandbox(programs=1)
    try:
        for _ in range(options.rounds):
            for size in SIZES:
                picture, boxes = chart(size)
                runs = options.runs if size[0] < 1000 else max(10, options.runs // 8)
                warm = median_ms(lambda: dialogue(monty, picture, boxes), runs)  # noqa: B023
                forked = median_ms(lambda: dialogue(cpython, picture, boxes), max(5, runs // 8))  # noqa: B023
                line = f"{size[0]}x{size[1]}: monty {warm:.2f} ms, cpython {forked:.1f} ms ({forked / warm:.0f}x)"
                if has_jupyter:
                    kernel = median_ms(lambda: jupyter(picture, boxes), 5)  # noqa: B023
                    line += f", a Jupyter kernel {kernel:.0f} ms ({kernel / warm:.0f}x)"
                print(line, flush=True)
    finally:
        monty.close()
        cpython.close()
    if not has_jupyter:
        print("Jupyter not measured: install jupyter_client and ipykernel beside lensmill")


if __name__ == "__main__":
    main()
