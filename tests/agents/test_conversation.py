"""The budget before a call, and what a conversation records."""

import pytest

from lensmill.agents.conversation import (
    Conversation,
    budget,
    call_seed,
    check_view,
    picture_tokens,
    prompt_tokens,
    text_tokens,
)
from lensmill.agents.direct.settings import DirectSettings
from lensmill.agents.errors import PictureSize, TooLong
from lensmill.agents.fitting import check_fit
from lensmill.agents.protocol import Task
from lensmill.agents.refocus.settings import RefocusSettings
from lensmill.agents.search.settings import SearchSettings
from lensmill.agents.settings import ModelAgentSettings
from lensmill.agents.zoom.settings import ZoomSettings
from lensmill.geometry import Convention, Frame
from lensmill.models.chat import ModelCall, Sampling, Usage
from lensmill.models.families import ModelFamily
from lensmill.picture import draw_view, encode
from lensmill.trajectory import Message, Part
from tests.agents.scripted import ScriptedModel, a_picture, text_of


def test_a_text_costs_at_least_what_tokenisers_make_of_it() -> None:
    assert text_tokens("a plain sentence of English words") >= 6
    assert text_tokens("汉字汉字") == 4
    assert text_tokens("") == 0


def test_a_picture_costs_its_patches_or_what_the_family_says() -> None:
    assert picture_tokens(ModelFamily(), (896, 672)) == 32 * 24 + 2
    assert picture_tokens(ModelFamily(tokens_per_image=258), (896, 672)) == 258


def test_a_picture_below_the_least_size_costs_what_it_is_enlarged_to() -> None:
    family = ModelFamily(factor=32, min_pixels=65_536, convention=Convention.THOUSAND)
    assert picture_tokens(family, (64, 64)) >= 64 + 2


def test_only_pictures_named_by_messages_are_counted() -> None:
    messages = [Message("user", (Part(image=1), Part("abc")))]
    assert prompt_tokens(ModelFamily(), messages, [(896, 672), (28, 28)]) < 100


def test_a_conversation_that_fits_exactly_fits() -> None:
    family = ModelFamily(context_length=1000)
    assert budget(family, 900, [(28, 28)], 100, 224) == 0
    with pytest.raises(TooLong):
        budget(family, 901, [(28, 28)], 100, 224)


def test_a_conversation_that_cannot_fit_names_rung_and_tokens() -> None:
    with pytest.raises(TooLong, match=r"rung 3840: about 20000 tokens.*2048 for the reply.*16384") as caught:
        budget(ModelFamily(context_length=16_384), 20_000, [(1000, 1000)], 2048, 3840)
    assert caught.value.error_class == "context_length"
    assert caught.value.retry


def test_a_picture_that_the_server_would_resize_is_refused() -> None:
    with pytest.raises(PictureSize, match="at most 1000000"):
        budget(ModelFamily(max_pixels=1_000_000), 100, [(1008, 1008)], 10, 1344)
    small = ModelFamily(min_pixels=65_536)
    with pytest.raises(PictureSize, match="at least 65536"):
        check_view(small, (224, 224), 224)
    check_view(ModelFamily(min_pixels=65_536, convention=Convention.THOUSAND), (224, 224), 224)


@pytest.mark.parametrize("settings", [DirectSettings(), ZoomSettings(), RefocusSettings(), SearchSettings()])
def test_an_episode_that_cannot_fit_is_known_at_planning(settings: ModelAgentSettings) -> None:
    view, task = Frame.whole((3000, 2000), (1988, 1316)), Task("What is it?", 1792)
    assert check_fit(settings, ModelFamily(), task, view) > 0
    with pytest.raises(TooLong, match="rung 1792"):
        check_fit(settings, ModelFamily(context_length=4096), task, view)


VIEW = encode(draw_view(a_picture(), 448))


def talk_with(model: ScriptedModel, max_tokens: int = 100, record: list[ModelCall] | None = None) -> Conversation:
    record, sampling = [] if record is None else record, Sampling(max_tokens=max_tokens)
    return Conversation(model, sampling, seed=0, episode="e", rung=448, record=record, role="judge")


async def test_a_reply_is_added_verbatim_and_its_call_recorded_with_its_role() -> None:
    record: list[ModelCall] = []
    talk = talk_with(ScriptedModel(" <answer> \\_ "), record=record)
    talk.tell(Part(image=0), "What?")
    await talk.reply([VIEW])
    assert text_of(talk.messages[-1]) == " <answer> \\_ "
    assert talk.messages[-1].role == "assistant"
    assert [(call.role, call.reply.text) for call in record] == [("judge", " <answer> \\_ ")]


async def test_the_same_bytes_are_sent_on_every_turn() -> None:
    model = ScriptedModel("a", "b")
    talk = talk_with(model)
    for _ in range(2):
        talk.tell(Part(image=0), "What?")
        await talk.reply([VIEW])
    assert model.requests[0].images[0].data is model.requests[1].images[0].data
    assert model.requests[1].messages[:2] == (*model.requests[0].messages, Message("assistant", (Part("a"),)))


async def test_a_talk_that_grows_too_long_ends_before_it_is_sent() -> None:
    model = ScriptedModel("a" * 3000, family=ModelFamily(context_length=1300))
    talk = talk_with(model)
    talk.tell(Part(image=0), "What?")
    await talk.reply([VIEW])
    talk.tell("And?")
    with pytest.raises(TooLong, match="rung 448"):
        await talk.reply([VIEW])
    assert len(model.requests) == 1


async def test_tokens_counted_by_the_server_replace_the_estimate() -> None:
    model = ScriptedModel("a" * 3000, family=ModelFamily(context_length=1300), usage=Usage(300, 400))
    talk = talk_with(model)
    talk.tell(Part(image=0), "What?")
    await talk.reply([VIEW])
    talk.tell("And?")
    await talk.reply([VIEW])
    assert len(model.requests) == 2


def test_seeds_follow_from_the_episode_the_role_and_the_number() -> None:
    assert call_seed("e", 0, "agent", 1) == call_seed("e", 0, "agent", 1)
    assert len({call_seed(e, s, r, n) for e in "ef" for s in (0, 1) for r in ("agent", "vlm") for n in (0, 1)}) == 16
    assert ZoomSettings(samples=3, temperature=0.7).seeds == (0, 1, 2)
