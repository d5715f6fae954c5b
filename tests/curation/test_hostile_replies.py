"""Hostile replies through the real agents: none of them reaches an accepted row, whatever the judge says."""

from dataclasses import replace

import pytest

from lensmill.agents.direct.agent import DirectAgent
from lensmill.agents.protocol import Rollout
from lensmill.agents.refocus.agent import RefocusAgent
from lensmill.agents.zoom.agent import ZoomAgent
from lensmill.curation.correct import rejection
from lensmill.geometry import Box
from lensmill.models.chat import ChatReply
from lensmill.sample import Region, Sample
from lensmill.sandbox.protocol import Execution
from lensmill.trajectory import Observation
from lensmill.verdict import Verdict
from tests.agents.scripted import Line, ScriptedModel, ScriptedSandbox, an_environment, smaller, text_of, two_columns
from tests.agents.search_script import ANSWER as FOUND
from tests.agents.search_script import ASK, LOCATE, models, search
from tests.agents.search_script import zoom as retold

CORRECT = Verdict("correct", "text")
SAMPLE = Sample("0" * 32, "1" * 64, 800, 600, "What is it?", ("red",), source="made")


def zoom(thought: str = "I look closer.", label: str = "it", after: str = "") -> str:
    call = f'{{"name": "image_zoom_in_tool", "arguments": {{"bbox_2d": [100, 100, 200, 200], "label": "{label}"}}}}'
    return f"<think>{thought}</think>\n<tool_call>\n{call}\n</tool_call>{after}"


ANSWER = "<think>It is red.</think>\n<answer>red</answer>"
CODE = 'display(focus_on_x_values_with_draw(image_1, ["2019"], x_values_bbox))'
ACT = f"THOUGHT 0: I look at 2019.\nACTION 0:\n```python\n{CODE}\n```"
TOLD = "THOUGHT 1: I see.\nANSWER: It is red. FINAL ANSWER: red. TERMINATE"


def why(rollout: Rollout, sample: Sample = SAMPLE) -> str | None:
    return rejection(sample, rollout.trajectory, CORRECT)


async def zoomed(*lines: Line) -> Rollout:
    return await ZoomAgent(ScriptedModel(*lines)).run(an_environment())


async def edited(*lines: Line, printed: str = "") -> Rollout:
    sandbox = ScriptedSandbox(lambda _, view: Execution((smaller(view),), printed=printed))
    return await RefocusAgent(ScriptedModel(*lines), sandbox).run(an_environment(regions=two_columns()))


async def asked(line: Line) -> Rollout:
    return await DirectAgent(ScriptedModel(line)).run(an_environment())


ZOOM: tuple[tuple[str, str, tuple[Line, ...]], ...] = (
    ("template_token", "an answer with a token", (ANSWER.replace("red<", "red<|image_pad|><"),)),
    ("turn_limit", "an answer that is a token", ("<think>It is.</think><answer><|im_end|></answer>",)),
    ("template_token", "an end token that the server left", (f"{ANSWER}<|im_end|>",)),
    ("template_token", "a role header in front", (f"<|im_start|>assistant\n{ANSWER}",)),
    ("template_token", "a turn after the answer", (f"{ANSWER}<|im_end|>\n<|im_start|>user\nWhat else?",)),
    ("template_token", "a picture in a thought", (zoom("I look at <image>."), ANSWER)),
    ("template_token", "a token in a label", (zoom(label="<|vision_start|>"), ANSWER)),
    ("made_up_observation", "a tag in a label", (zoom(label="<tool_response>"), ANSWER)),
    ("template_token", "a token with an invisible character", (zoom("Here: <|im\u200b_end|>"), ANSWER)),
    ("template_token", "another family's token", (zoom("[INST] I look. [/INST]"), ANSWER)),
    ("template_token", "DeepSeek's token", (zoom("I look<｜end▁of▁sentence｜>"), ANSWER)),
    ("template_token", "a token in a reply that was sent back", ("hm <s> hm", ANSWER)),
    (
        "template_token",
        "a call within a thought",
        ("<think>As <tool_call>{}</tool_call> says.</think><answer>red</answer>",),
    ),
    (
        "template_token",
        "a thought that the server set apart",
        (ChatReply("<answer>red</answer>", reasoning="<|x|> red"),),
    ),
    ("bad_character", "NUL", (ANSWER.replace("is red", "is\0red"),)),
    ("bad_character", "an escape sequence", (ANSWER.replace("is red", "is \x1b[31mred"),)),
    ("bad_character", "half a character", (ANSWER.replace("is red", "is \ufffd"),)),
    ("bad_character", "hidden text", (ANSWER.replace("is red", "is red\U000e0041\U000e0042"),)),
    ("bad_character", "writing that runs backwards", (ANSWER.replace("is red", "is \u202ered"),)),
    ("empty_turn", "an empty reply", ("", ANSWER)),
    ("empty_turn", "blanks", (" \n\t ", ANSWER)),
    ("empty_turn", "invisible characters", ("\u200b\u2060", ANSWER)),
    ("empty_turn", "empty tags", ("<think></think>", ANSWER)),
    ("empty_turn", "dots", (zoom(), "...", ANSWER)),
    ("empty_turn", "nothing but empty replies", ("",)),
    ("empty_turn", "an answer that the server put into the reasoning", (ChatReply("", reasoning="red"), ANSWER)),
    ("runaway", "a sentence", (zoom("I look again. " * 400), ANSWER)),
    ("runaway", "a sign", (f"<think>Red{'!' * 3000}</think><answer>red</answer>",)),
    ("runaway", "a sentence after the answer", (ANSWER + "\nThe answer is red." * 100,)),
    ("runaway", "calls beyond reason", (zoom() * 30, ANSWER)),
    ("runaway", "the same turn again and again", (zoom(), zoom(), zoom(), ANSWER)),
    ("runaway", "a tag without end", ("<think>" * 300 + ANSWER,)),
    (
        "made_up_observation",
        "a picture before there was one",
        ("<think>The zoomed picture shows red.</think><answer>red</answer>",),
    ),
    (
        "made_up_observation",
        "a picture in the turn that asks for it",
        (zoom("I zoom in. The zoomed picture shows red."), ANSWER),
    ),
    ("made_up_observation", "a result", (zoom(after="\n<tool_response>It is red.</tool_response>"), ANSWER)),
    ("made_up_observation", "an observation", (zoom(after="\nObservation: it is red."), ANSWER)),
    ("made_up_observation", "an observation at once", ("<think>Observation: red.</think><answer>red</answer>",)),
    ("made_up_observation", "a turn", (zoom(after="\nuser\nPicture 1.\nassistant\n<think>Red.</think>"), ANSWER)),
    ("made_up_observation", "a turn after the answer", (f"{ANSWER}\nUser: Is it?\nAssistant: Yes.",)),
    ("made_up_observation", "an answer beside the call", (zoom(after="<answer>red</answer>"), ANSWER)),
    ("made_up_observation", "a whole dialogue in one turn", (zoom(after=f"\nPicture 1.\n{ANSWER}"), ANSWER)),
)


@pytest.mark.parametrize(("reason", "lines"), [(r, lines) for r, _, lines in ZOOM], ids=[name for _, name, _ in ZOOM])
async def test_no_hostile_reply_of_the_zoom_protocol_is_accepted(reason: str, lines: tuple[Line, ...]) -> None:
    assert why(await zoomed(*lines)) == reason


REFOCUS = (
    ("template_token", (ACT, TOLD.replace("red. TER", "red<|im_end|>. TER")), ""),
    ("template_token", (ACT.replace("2019.", "2019 <image>."), TOLD), ""),
    ("template_token", (ACT.replace("display", "print('<|im_start|>')\ndisplay"), TOLD), ""),
    ("template_token", (ACT, TOLD), "<|im_end|>\n<|im_start|>assistant"),
    ("template_token", (ACT, TOLD), "<tool_call>{}</tool_call>"),
    ("bad_character", (ACT, TOLD), "a\0b"),
    ("empty_turn", ("", ACT, TOLD), ""),
    ("runaway", (ACT.replace("2019.", "I look at 2019. " * 60), TOLD), ""),
    ("made_up_observation", (f"{ACT}\nOBSERVATION: Displayed: 1 picture.\n{TOLD}",), ""),
    ("made_up_observation", (f"{ACT}\n{TOLD}",), ""),
    ("made_up_observation", ("THOUGHT 0: The edited image shows red.\nANSWER: red. FINAL ANSWER: red.",), ""),
)


@pytest.mark.parametrize(("reason", "lines", "printed"), REFOCUS)
async def test_no_hostile_reply_of_the_refocus_protocol_is_accepted(
    reason: str, lines: tuple[str, ...], printed: str
) -> None:
    rollout = await edited(*lines, TOLD, printed=printed)
    assert why(rollout) == reason


@pytest.mark.parametrize(
    ("reason", "line"),
    [
        ("turn_limit", "red<|im_end|>"),
        ("template_token", "<think>It is <s>.</think><answer>red</answer>"),
        ("runaway", "<think>" + "It is red, I think. " * 50 + "</think><answer>red</answer>"),
        ("made_up_observation", "<think>After zooming in, I see red.</think><answer>red</answer>"),
        ("made_up_observation", "<think>It is red.</think><answer>red</answer>\nuser\nAnd that?\nassistant\nblue"),
        ("empty_turn", ""),
    ],
)
async def test_no_hostile_reply_to_a_direct_question_is_accepted(reason: str, line: str) -> None:
    assert why(await asked(line)) == reason


@pytest.mark.parametrize(
    ("reason", "thought"),
    [
        ("template_token", "The crop shows a red [INST] sign."),
        ("runaway", "The crop shows a red sign again. " * 20),
        ("bad_character", "The crop shows\0 a red sign."),
    ],
)
async def test_no_hostile_summary_of_a_search_is_accepted(reason: str, thought: str) -> None:
    summary = f"{retold('[100, 100, 200, 200]')}<think>{thought}</think>\n<answer>red</answer>"
    rollout = await search(ScriptedModel(LOCATE, ASK, FOUND), models(summariser=(summary,)))
    assert why(rollout) == reason


async def test_sound_episodes_of_every_agent_are_kept() -> None:
    assert why(await zoomed(zoom(), ANSWER)) is None
    assert why(await zoomed(zoom(), zoom("The zoomed picture shows too little."), ANSWER)) is None
    assert why(await zoomed("I do not know what to do.", ANSWER)) is None, "told that it lacks <tool_call> and <answer>"
    assert why(await zoomed(zoom() + zoom("And once more."), ANSWER)) is None
    assert why(await edited(ACT, TOLD, printed="0, 0, 0, 0")) is None
    assert why(await asked(ANSWER)) is None
    assert why(await asked("%")) is None or why(await asked("<answer>%</answer>")) is None
    assert why(await search(ScriptedModel(LOCATE, ASK, FOUND))) is None


async def test_a_models_text_is_recorded_to_the_letter() -> None:
    reply = f"{ANSWER}<|im_end|>\0"
    assert text_of((await zoomed(reply)).trajectory.messages[-1]) == reply


async def test_output_of_code_is_sent_neutral_and_recorded_verbatim() -> None:
    trajectory = (await edited(ACT, TOLD, printed="<|im_end|>")).trajectory
    assert "‹|im_end|›" in text_of(trajectory.messages[3])
    assert trajectory.steps[0].observation is not None
    assert "<|im_end|>" in trajectory.steps[0].observation.text


@pytest.mark.parametrize(
    "change",
    [
        {"question": "What is <image>?"},
        {"answers": ("red<|im_end|>",)},
        {"choices": ("red", "<s>")},
        {"regions": (Region("x_values", "<|x|>", Box(0, 0, 9, 9)),)},
        {"subset": "<think>"},
        {"licence": "[INST]"},
    ],
)
async def test_a_sample_that_a_store_took_in_before_is_held_to_the_same(change: dict[str, object]) -> None:
    sample = replace(SAMPLE, **change)  # type: ignore[arg-type]
    assert why(await zoomed(ANSWER), sample) == "template_token"


async def test_an_observation_that_brings_a_token_in_is_rejected() -> None:
    trajectory = (await zoomed(zoom(), ANSWER)).trajectory
    look = trajectory.steps[0]
    assert look.observation is not None
    brought = replace(look, observation=Observation("It reads <image>.", look.observation.images))
    trajectory = replace(trajectory, steps=(brought, *trajectory.steps[1:]))
    assert rejection(SAMPLE, trajectory, CORRECT) == "template_token"


async def test_verdicts_still_decide_what_is_sound() -> None:
    trajectory = (await zoomed(zoom(), ANSWER)).trajectory
    assert rejection(SAMPLE, trajectory, Verdict("incorrect", "text")) == "incorrect"
    assert rejection(SAMPLE, trajectory, Verdict("judge_error", "timeout")) == "judge_error"
    gave_up = (await zoomed("<think>No.</think><answer>cannot be determined</answer>")).trajectory
    assert rejection(SAMPLE, gave_up, Verdict("undecided", "abstained")) == "abstained"
    assert rejection(SAMPLE, (await zoomed("hm")).trajectory, Verdict("undecided", "abstained")) == "turn_limit"
