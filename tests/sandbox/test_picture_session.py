"""The host's side of a call: with any arguments it works or names the error, and shared pictures never change."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lensmill.picture import pixel_hash
from lensmill.sandbox.picture_session import Fault, PictureSession
from lensmill.sandbox.pil_operations import OPERATIONS
from lensmill.sandbox.protocol import Limits
from lensmill.sandbox.values import Handle
from lensmill.tools import EDIT_TOOLS
from tests.sandbox.conftest import BOXES, chart

IMAGE, CANVAS, DRAW, ENHANCER = 1, 2, 3, 4

number = st.sampled_from([0, 1, -1, 7, 2**53, 1e308, float("nan"), float("inf"), True])
odd = st.recursive(
    st.none()
    | number
    | st.sampled_from(["", "red", "RGB", "1", "image_1", "SHARPEN", "\0", "\ud800", "x" * 1000])
    | st.builds(Handle, st.sampled_from(["image", "?"]), st.sampled_from([IMAGE, CANVAS, DRAW, 99]))
    | st.tuples(st.sampled_from(["GaussianBlur", "MaxFilter", "font"]), number),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.tuples(inner, inner)
        | st.dictionaries(st.sampled_from(["a", "x1", "y2", 3]), inner, max_size=2)
    ),
    max_leaves=5,
)


def session() -> PictureSession:
    made = PictureSession([chart(20, 15)], BOXES, Limits(pixels=10_000), OPERATIONS)
    made.call("PIL.Image.new", None, ["RGBA", (5, 5)], {})
    made.call("PIL.ImageDraw.Draw", None, [Handle("image", IMAGE)], {})
    made.call("PIL.ImageEnhance.Color", None, [Handle("image", CANVAS)], {})
    return made


@settings(max_examples=600, deadline=None)
@given(
    name=st.sampled_from([*OPERATIONS, *EDIT_TOOLS, "display", "nothing"]),
    args=st.lists(odd, max_size=4),
    kwargs=st.dictionaries(st.sampled_from(["fill", "box", "self", "on", "session", "kind", "font"]), odd, max_size=2),
    other=st.sampled_from([None, None, None, -1, 0, 99]),
)
def test_a_call_works_or_is_a_fault(name: str, args: list[Any], kwargs: dict[str, Any], other: int | None) -> None:
    kind, _, method = name.partition(".")
    receiver = {"image": IMAGE, "draw": DRAW, "enhancer": ENHANCER}.get(kind)
    try:
        session().call(method if receiver else name, other if other is not None else receiver, args, kwargs)
    except Fault as fault:
        assert 0 < len(str(fault)) <= 400  # noqa: PT017 - which of the two comes is not the point


def test_pictures_given_to_a_session_never_change() -> None:
    given = chart()
    before = pixel_hash(given.pixels)
    made = PictureSession([given], BOXES, Limits(), OPERATIONS)
    made.call("paste", IMAGE, [(9, 9, 9), (0, 0, 50, 50)], {})
    assert pixel_hash(given.pixels) == before
    assert made.call("getpixel", IMAGE, [(3, 3)], {}) == (9, 9, 9)


def test_all_pictures_of_an_episode_share_one_limit() -> None:
    made = PictureSession([chart()], BOXES, Limits(pixels=1_000_000), OPERATIONS)
    for _ in range(3):
        made.call("resize", IMAGE, [(1000, 1000)], {})
    with pytest.raises(Fault, match="too large together"):
        made.call("resize", IMAGE, [(1000, 1000)], {})
    made.forget_unless(lambda number: number == IMAGE)
    made.call("resize", IMAGE, [(1000, 1000)], {})


def test_saved_pictures_and_pictures_with_pens_are_kept() -> None:
    made = PictureSession([chart()], BOXES, Limits(), OPERATIONS)
    saved, drawn = (made.call("crop", IMAGE, [(0, 0, side, side)], {}) for side in (20, 30))
    made.call("save", saved.number, ["a.png"], {})
    pen = made.call("PIL.ImageDraw.Draw", None, [drawn], {})
    made.forget_unless(lambda number: number == pen.number)
    made.call("line", pen.number, [[0, 0, 9, 9]], {"fill": "red"})
    assert made.call("PIL.Image.open", None, ["a.png"], {}).facts["size"] == (20, 20)
