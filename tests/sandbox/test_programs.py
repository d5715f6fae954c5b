"""Programs as models write them, in both interpreters."""

import os
from pathlib import Path

import pytest

from lensmill.geometry import Box, Frame
from lensmill.picture import Picture, pixel_hash
from lensmill.sandbox.cpython import CPythonSandbox
from lensmill.sandbox.interpreters import open_sandbox
from lensmill.sandbox.monty import MontySandbox
from lensmill.sandbox.protocol import Execution, Limits, Sandbox
from lensmill.tools.edits import focus
from tests.sandbox.conftest import BOXES, chart

SHARED = Path(os.environ.get("LENSMILL_SHARED", "/nowhere")) / "snippets"


@pytest.fixture(params=["monty", "cpython"])
def sandbox(request: pytest.FixtureRequest) -> Sandbox:
    sandbox: Sandbox = request.getfixturevalue(request.param)
    return sandbox


def run(sandbox: Sandbox, *blocks: str, picture: Picture | None = None) -> Execution:
    session = sandbox.session([picture or chart()], BOXES)
    *earlier, last = blocks
    for block in earlier:
        assert session.run(block).error is None
    execution = session.run(last)
    session.close()
    return execution


def test_an_edit_shows_what_the_tool_draws_and_says_where(sandbox: Sandbox) -> None:
    execution = run(sandbox, "out = focus_on_x_values_with_draw(image_1, ['2006'], x_values_bbox)\ndisplay(out)")
    box = BOXES["x_values"]["2006"]
    expected, _ = focus(chart().pixels, "draw", ["2006"], BOXES["x_values"])
    assert [pixel_hash(p.pixels) for p in execution.pictures] == [pixel_hash(expected)]
    assert execution.boxes == (("2006", box),)
    assert execution.error is None


def test_boxes_are_in_pixels_of_the_original(sandbox: Sandbox) -> None:
    half = Picture(chart(100, 75).pixels, Frame(Box(200, 100, 400, 250), 100, 75))
    execution = run(sandbox, "focus_on_rows_with_highlight(image_1, ['a'], {'a': [10, 20, 30, 40]})", picture=half)
    assert execution.boxes == (("a", Box(220, 140, 260, 180)),)


def test_variables_live_over_blocks(sandbox: Sandbox) -> None:
    execution = run(
        sandbox,
        "masked = focus_on_x_values_with_mask(image_1, ['2005'], x_values_bbox)\ndef double(n):\n    return 2 * n",
        "kept = [masked]\ncount = double(4)",
        "display(kept[0])\nprint(count)",
    )
    assert (execution.printed, len(execution.pictures), execution.error) == ("8\n", 1, None)


def test_a_crop_narrows_the_frame_and_a_resize_only_its_size(sandbox: Sandbox) -> None:
    execution = run(
        sandbox,
        "from PIL import Image\npart = image_1.crop((20, 30, 120, 80))\n"
        "display(part.resize((400, 200), Image.LANCZOS))",
    )
    (picture,) = execution.pictures
    assert picture.frame == Frame(Box(20, 30, 120, 80), 400, 200)


def test_drawing_never_changes_a_given_picture(sandbox: Sandbox) -> None:
    given = chart()
    before = pixel_hash(given.pixels)
    execution = run(
        sandbox,
        "from PIL import ImageDraw\nd = ImageDraw.Draw(image_1)\nd.rectangle([5, 5, 50, 50], outline='red', width=3)\n"
        "d.text((8, 8), 'here', fill=(0, 0, 255))\ndisplay(image_1)",
        picture=given,
    )
    assert pixel_hash(given.pixels) == before
    assert execution.pictures[0].pixels.getpixel((5, 20)) == (255, 0, 0)


def test_later_drawing_does_not_change_a_shown_picture(sandbox: Sandbox) -> None:
    execution = run(sandbox, "c = image_1.copy()\ndisplay(c)\nc.paste((1, 2, 3), (0, 0, 9, 9))\ndisplay(c)")
    assert [p.pixels.getpixel((4, 4)) == (1, 2, 3) for p in execution.pictures] == [False, True]


def test_saved_pictures_open_again(sandbox: Sandbox) -> None:
    execution = run(
        sandbox,
        "import os\nfrom PIL import Image\nim = Image.open(image_path)\nos.makedirs('/mnt/out', exist_ok=True)\n"
        "path = os.path.join('/mnt/out', 'a.png')\nim.crop((0, 0, 60, 40)).save(path)\nprint(Image.open(path).size)",
    )
    assert (execution.printed, execution.error) == ("(60, 40)\n", None)


def test_an_overlay_is_composed(sandbox: Sandbox) -> None:
    execution = run(
        sandbox,
        "from PIL import Image, ImageDraw\nover = Image.new('RGBA', image_1.size, (0, 0, 0, 0))\n"
        "ImageDraw.Draw(over).rectangle([0, 0, 40, 40], fill=(255, 0, 0, 255))\n"
        "display(Image.alpha_composite(image_1.convert('RGBA'), over).convert('RGB'))",
    )
    assert execution.error is None
    assert execution.pictures[0].pixels.getpixel((9, 9)) == (255, 0, 0)
    assert execution.pictures[0].frame == chart().frame


def test_enhancing_filtering_and_a_border(sandbox: Sandbox) -> None:
    execution = run(
        sandbox,
        "from PIL import ImageEnhance, ImageFilter, ImageOps\nim = ImageEnhance.Contrast(image_1).enhance(2)\n"
        "im = im.filter(ImageFilter.GaussianBlur(2)).filter(ImageFilter.SHARPEN)\n"
        "display(ImageOps.expand(ImageOps.grayscale(im), border=5, fill=0))",
    )
    assert [p.frame for p in execution.pictures] == [Frame(Box(-5, -5, 205, 155), 210, 160)]


def test_an_error_names_the_line_and_keeps_shown_pictures(sandbox: Sandbox) -> None:
    execution = run(sandbox, "display(image_1)\nprint('one')\nx = x_values_bbox['1999']")
    assert (execution.printed, len(execution.pictures), execution.stopped) == ("one\n", 1, None)
    assert "line 3" in (execution.error or "")
    assert "KeyError" in (execution.error or "")


def test_an_unknown_label_lists_the_known_ones(sandbox: Sandbox) -> None:
    execution = run(sandbox, "focus_on_x_values_with_draw(image_1, ['1999'], x_values_bbox)")
    assert "'2005', '2006'" in (execution.error or "")


def test_too_many_pictures_are_an_error_that_keeps_the_first(sandbox: Sandbox) -> None:
    execution = run(sandbox, "for _ in range(20):\n    display(image_1)")
    assert len(execution.pictures) == Limits().pictures
    assert "at most 8" in (execution.error or "")


def test_output_is_cut(sandbox: Sandbox) -> None:
    assert len(run(sandbox, "for _ in range(100):\n    print('a' * 10_000)").printed) == Limits().output_chars


def test_a_session_starts_afresh_after_a_limit(sandbox: Sandbox) -> None:
    session = sandbox.session([chart()], BOXES)
    session.run("x = 1")
    assert session.run("while True:\n    pass").stopped == "seconds"
    assert "x" in (session.run("print(x)").error or "")
    assert session.run("print(image_1.size)").printed == "(200, 150)\n"


def test_a_block_gives_the_same_result_in_every_run(sandbox: Sandbox) -> None:
    code = "import random\nprint(random.random(), random.randint(1, 10 ** 9))"
    assert run(sandbox, code) == run(sandbox, code)


def test_imports_of_available_modules_are_dropped(sandbox: Sandbox) -> None:
    execution = run(
        sandbox,
        "from tools import (\n    focus_on_x_values_with_draw,\n    display,\n)\n"
        "from IPython.display import display\nprint(1 / 0)",
    )
    assert "line 6" in (execution.error or "")
    assert "ZeroDivisionError" in (execution.error or "")


def test_turning_is_refused_with_the_reason(monty: MontySandbox) -> None:
    assert "where on the original" in (run(monty, "display(image_1.rotate(90))").error or "")


def test_a_canvas_of_nothing_is_not_shown(monty: MontySandbox) -> None:
    execution = run(monty, "from PIL import Image\ndisplay(Image.new('RGB', (50, 50)))")
    assert "no part of the original" in (execution.error or "")


def test_too_many_calls_stop_the_block(monty: MontySandbox) -> None:
    assert run(monty, "while True:\n    image_1.getpixel((0, 0))").stopped == "host_calls"


def test_pictures_that_no_variable_holds_make_room(monty: MontySandbox) -> None:
    session = monty.session([chart()], BOXES)
    for _ in range(16):
        assert session.run("big = image_1.resize((3000, 3000))").error is None
    assert session.run("print(big.size, image_1.getpixel((0, 0)))").error is None


def test_libraries_of_cpython_work_there(cpython: CPythonSandbox) -> None:
    execution = run(
        cpython,
        "import numpy as np, cv2, io\nimport matplotlib.pyplot as plt\na = np.array(image_1)\n"
        "cv2.rectangle(a, (2, 2), (60, 60), (255, 0, 0), 2)\ndisplay(a)\nplt.plot([1, 2])\nplt.show()\n"
        "b = io.BytesIO()\nimage_1.save(b, 'PNG')\nprint(cv2.imread(image_path).shape, len(b.getvalue()) > 100)",
    )
    assert (execution.printed, execution.error) == ("(150, 200, 3) True\n", None)
    assert [p.frame.region for p in execution.pictures] == [Box(0, 0, 200, 150)] * 2


def test_the_libraries_of_cpython_are_named_if_cpython_is_off(monty: MontySandbox) -> None:
    assert "numpy is not available here" in (run(monty, "import numpy as np").error or "")


def test_an_episode_moves_to_cpython_with_its_variables(monty: MontySandbox) -> None:
    del monty  # the fixture skips machines without a boundary
    both = open_sandbox(Limits(seconds=2), programs=1, cpython=True)
    try:
        session = both.session([chart()], BOXES)
        assert session.run("part = image_1.crop((0, 0, 50, 40))\nprint('shown once')").printed == "shown once\n"
        moved = session.run("import numpy as np\nprint(np.array(part).shape)\ndisplay(part)")
        assert (moved.printed, moved.error) == ("(40, 50, 3)\n", None)
        assert session.run("print(part.size, np.pi > 3)").printed == "(50, 40) True\n"
    finally:
        both.close()


@pytest.mark.skipif(not SHARED.is_dir(), reason="LENSMILL_SHARED names no folder with snippets")
@pytest.mark.parametrize("path", sorted(SHARED.glob("*.py")), ids=lambda path: path.stem)
def test_known_programs_run(path: Path, sandbox: Sandbox) -> None:
    execution = run(sandbox, path.read_text())
    assert execution.error is None
    assert execution.pictures or execution.printed
