import base64
import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from lensmill.models.body import PictureParts, body_pieces
from lensmill.models.chat import ChatRequest, Sampling
from lensmill.models.settings import ModelSettings
from lensmill.trajectory import Message, Part
from tests.models.small_requests import ask, picture, settings

IMAGES = tuple(picture(content) for content in (b"", b"\x00\xff" * 30, b"abc"))

parts = st.one_of(st.builds(Part, st.text()), st.builds(Part, image=st.integers(0, 2)))
messages = st.builds(
    Message,
    st.sampled_from(["system", "user", "assistant"]),
    st.lists(parts, max_size=4).map(tuple),
)
requests = st.builds(
    ChatRequest,
    st.lists(messages, max_size=4).map(tuple),
    st.just(IMAGES),
    st.builds(Sampling, st.floats(0, 2), st.floats(0.1, 1), st.integers(1, 9999), st.lists(st.text()).map(tuple)),
    st.integers(0, 2**31),
    structure=st.one_of(st.none(), st.builds(lambda text: {"regex": text}, st.text())),
)


def cache(uuid: bool = True) -> PictureParts:
    return PictureParts(1_000_000, uuid)


def body(request: ChatRequest, chosen: ModelSettings | None = None, parts: PictureParts | None = None) -> Any:
    return json.loads(b"".join(body_pieces(request, chosen or settings(), parts or cache())))


def plain(request: ChatRequest) -> dict[str, Any]:
    """The body as straightforward code would write it."""
    written: list[dict[str, Any]] = []
    for message in request.messages:
        if all(part.image is None for part in message.parts):
            written.append({"role": message.role, "content": "".join(part.text for part in message.parts)})
            continue
        content: list[dict[str, Any]] = []
        for part in message.parts:
            if part.image is None:
                content.append({"type": "text", "text": part.text})
            else:
                image = request.images[part.image]
                url = f"data:image/png;base64,{base64.b64encode(image.data).decode()}"
                content.append({"type": "image_url", "image_url": {"url": url}, "uuid": image.ref.image_id})
        written.append({"role": message.role, "content": content})
    values: dict[str, Any] = {
        "model": "stub",
        "messages": written,
        "max_tokens": request.sampling.max_tokens,
        "temperature": request.sampling.temperature,
        "top_p": request.sampling.top_p,
        "seed": request.seed,
    }
    if request.sampling.stop:
        values["stop"] = list(request.sampling.stop)
    if request.structure:
        values["structured_outputs"] = request.structure
    return values


@given(requests)
def test_a_spliced_body_equals_the_plain_json(request: ChatRequest) -> None:
    spliced = b"".join(body_pieces(request, settings(), cache()))
    assert json.loads(spliced) == json.loads(json.dumps(plain(request)))


@given(st.binary(max_size=300), st.lists(st.text(), max_size=4))
def test_a_picture_is_the_same_bytes_on_every_turn(content: bytes, replies: list[str]) -> None:
    image, kept = picture(content), cache()
    conversation = list(ask("look", images=[image]).messages)
    seen = set()
    for reply in ["", *replies]:
        conversation.append(Message("assistant", (Part(reply),)))
        request = ChatRequest(tuple(conversation), (image,))
        seen.add(body_pieces(request, settings(), kept)[1])
    assert seen == {cache().part(image)}


def test_a_pictures_base64_is_made_once() -> None:
    image, kept = picture(b"picture"), cache()
    assert kept.part(image) is kept.part(image)


def test_the_kept_pictures_are_bounded_and_the_least_used_goes_first() -> None:
    images = [picture(bytes([number]) * 300) for number in range(10)]
    kept = PictureParts(2_000, uuid=False)
    first = kept.part(images[0])
    for image in images:
        kept.part(image)
        kept.part(images[0])
        assert kept.bytes_held <= 2_000
    assert kept.part(images[0]) is first
    assert kept.part(images[9]) is kept.part(images[9])


def test_a_picture_larger_than_the_cache_is_sent_and_not_kept() -> None:
    kept = PictureParts(100, uuid=False)
    assert base64.b64encode(b"x" * 400) in kept.part(picture(b"x" * 400))
    assert kept.bytes_held == 0


def test_a_server_without_uuids_gets_none() -> None:
    sent = body(ask(images=IMAGES[:1]), parts=cache(uuid=False))
    assert "uuid" not in sent["messages"][0]["content"][0]


def test_a_json_schema_goes_to_openai_as_response_format() -> None:
    request = ChatRequest(ask().messages, structure={"json": {"type": "object"}})
    sent = body(request, settings(structures="openai"))
    assert sent["response_format"]["json_schema"]["schema"] == {"type": "object"}
    assert "structured_outputs" not in sent


def test_a_structure_is_not_sent_where_the_server_holds_none() -> None:
    request = ChatRequest(ask().messages, structure={"regex": "[0-9]"})
    for way in ("openai", "none"):
        assert not {"response_format", "structured_outputs"} & set(body(request, settings(structures=way)))


def test_omitted_fields_are_missing_and_extra_body_is_added() -> None:
    chosen = settings(
        omit=("temperature", "top_p"),
        max_tokens_key="max_completion_tokens",
        extra_body={"reasoning_effort": "low"},
    )
    sent = body(ask(), chosen)
    assert set(sent) == {"model", "messages", "max_completion_tokens", "seed", "reasoning_effort"}
