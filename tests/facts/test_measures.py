"""What each measure says of episodes that are made by hand."""

from dataclasses import replace

import pytest

from lensmill.facts.measure import Making
from lensmill.geometry import Box
from lensmill.models.chat import ChatReply, ModelCall, Usage
from lensmill.verdict import Verdict
from tests.facts.made import MAKING, SAMPLE, a_failure, a_zoom, an_edit, an_episode, an_error, facts

LEFT, RIGHT, WHOLE = Box(0, 0, 200, 200), Box(200, 0, 400, 200), Box(0, 0, 400, 200)


def test_a_failed_episode_has_its_class_message_and_attempts() -> None:
    row = facts("outcome", a_failure())
    assert (row["outcome"], row["reason"], row["stop"]) == ("failed", "failed", None)
    assert (row["error_class"], row["error"], row["attempts"]) == ("timeout", "took too long", 2)


@pytest.mark.parametrize(
    ("verdict", "answer", "reason"),
    [
        (Verdict("correct", "number"), "7", None),
        (Verdict("incorrect", "number"), "8", "incorrect"),
        (Verdict("judge_error", "model"), "7", "judge_error"),
        (Verdict("undecided", "abstained"), None, "abstained"),
        (Verdict("correct", "number"), "7<|im_end|>", "template_token"),
    ],
)
def test_the_reason_is_curations_reason(verdict: Verdict, answer: str, reason: str) -> None:
    row = facts("outcome", an_episode(answer=answer, verdict=verdict))
    assert (row["outcome"], row["reason"]) == (verdict.outcome, reason)


@pytest.mark.parametrize(
    ("answer", "references", "exact", "within", "distance"),
    [
        ("7", ("7",), True, True, 0.0),
        ("7.2", ("7",), False, True, 0.2 / 7),
        ("14", ("7",), False, False, 1.0),
        ("1,050", ("1000", "1050"), False, True, 0.0),
        ("Red ", ("red",), True, None, None),
        ("the answer is 7", ("7",), False, True, 0.0),
        ("0", ("0",), True, True, 0.0),
        ("3", ("0",), False, False, None),
        ("seven", ("red",), False, None, None),
        ("x" * 500, ("7",), False, None, None),
    ],
)
def test_exactness(answer: str, references: tuple[str, ...], exact: bool, within: bool, distance: float) -> None:
    row = facts("exactness", an_episode(answer=answer, sample=replace(SAMPLE, answers=references)))
    assert (row["exact"], row["within_tolerance"]) == (exact, within)
    assert row["distance"] == pytest.approx(distance)


def test_an_episode_without_an_answer_is_neither_exact_nor_not() -> None:
    assert set(facts("exactness", an_episode(answer=None)).values()) == {None}


def test_failed_calls_and_unreadable_replies_are_told_apart() -> None:
    row = facts("work", an_episode([a_zoom(LEFT), an_error(), an_error(None), an_edit(LEFT)], seconds=2.5))
    assert (row["steps"], row["tool_calls"], row["tool_errors"], row["unreadable"]) == (5, 3, 1, 1)
    assert (row["zooms"], row["edits"], row["seconds"]) == (1, 1, 2.5)


def test_zooms_have_their_share_of_the_original() -> None:
    row = facts("crops", an_episode([a_zoom(LEFT), a_zoom(Box(0, 0, 40, 20)), a_zoom(WHOLE)]))
    assert row["zoom_areas"] == pytest.approx([0.5, 0.01, 1.0])
    assert (row["zoom_area_min"], row["zoom_area_mean"]) == pytest.approx((0.01, 1.51 / 3))
    assert row["zoom_wholes"] == 1


def test_a_zoom_that_shows_what_an_earlier_one_shows_is_a_repeat() -> None:
    again = Box(0, 0, 200, 195)
    row = facts("crops", an_episode([a_zoom(LEFT), a_zoom(RIGHT), a_zoom(again)]))
    assert row["zoom_repeats"] == 1
    assert row["zoom_iou_max"] == pytest.approx(0.975)


def test_an_episode_without_zooms_has_no_area() -> None:
    row = facts("crops", an_episode())
    assert (row["zoom_areas"], row["zoom_area_min"], row["zoom_iou_max"], row["zoom_repeats"]) == ([], None, None, 0)


def test_coverage_counts_what_the_zooms_show_together() -> None:
    target = Box(150, 50, 250, 150)  # half of it lies left
    one = facts("targets", an_episode([a_zoom(LEFT)], targets=[target]))
    both = facts("targets", an_episode([a_zoom(LEFT), a_zoom(LEFT), a_zoom(RIGHT)], targets=[target]))
    assert (one["target_coverage"], both["target_coverage"]) == pytest.approx((0.5, 1.0))


def test_the_overlap_with_a_target_is_of_the_box_as_asked() -> None:
    target = Box(100, 50, 200, 150)
    row = facts("targets", an_episode([a_zoom(WHOLE), a_zoom(LEFT, asked=target)], targets=[target, Box(0, 0, 1, 1)]))
    assert row["target_iou"] == pytest.approx((1.0 + 1 / 80_000) / 2)


def test_edits_mark_targets() -> None:
    row = facts("targets", an_episode([an_edit(LEFT)], targets=[Box(150, 50, 250, 150)]))
    assert (row["target_marked"], row["target_coverage"]) == pytest.approx((0.5, 0.0))


def test_a_target_has_its_size_in_the_view() -> None:
    row = facts("targets", an_episode(targets=[Box(0, 0, 100, 100), Box(0, 0, 50, 50)]))
    assert (row["targets"], row["target_area"]) == (2, 10_000 / 80_000)
    assert row["target_pixels"] == pytest.approx(28 * 28)  # the view is 0.56 of the original


def test_columns_of_unknown_targets_are_null() -> None:
    row = facts("targets", an_episode([a_zoom(LEFT)]))
    assert row.pop("targets") == 0
    assert set(row.values()) == {None}


def test_pictures_are_counted_in_pixels_and_in_the_tokens_of_the_ladder() -> None:
    row = facts("pictures", an_episode([a_zoom(LEFT)]))
    assert (row["pictures"], row["pixels"]) == (2, 224 * 112 + 56 * 56)
    assert row["image_tokens"] == (8 * 4 + 2) + (2 * 2 + 2)  # patches of 28, and two markers each
    assert row["view_scale"] == pytest.approx(0.56)


def test_a_model_of_another_family_counts_pictures_otherwise() -> None:
    making = Making({"models": {"agent": {"factor": 28, "tokens_per_image": 256}}}, "f", "j")
    assert facts("pictures", an_episode([a_zoom(LEFT)]), making)["image_tokens"] == 512


def test_tokens_are_summed_over_the_calls_of_all_models() -> None:
    calls = (
        ModelCall("verifier", ChatReply("yes", usage=Usage(10, 1), latency_s=0.5, model="judge-7b")),
        ModelCall("agent", ChatReply("7", "", "length", Usage(100, 20, 64), 1.5, "vl-7b", 3)),
    )
    row = facts("model", an_episode(calls=calls))
    assert (row["model"], row["model_calls"], row["model_seconds"], row["model_retries"]) == ("vl-7b", 2, 2.0, 2)
    assert (row["prompt_tokens"], row["completion_tokens"], row["cached_tokens"]) == (110, 21, 64)
    assert row["cut_replies"] == 1


def test_an_agent_without_a_model_has_no_tokens() -> None:
    assert set(facts("model", an_episode()).values()) == {None}


def test_a_row_says_which_recipe_prompts_and_judge_it_is_of() -> None:
    making = Making({"agent": {"prompts": {"zoom_system": "a1"}}}, "f" * 16, "j" * 16)
    row = facts("identity", an_episode(answer="x" * 500), making)
    assert (row["recipe"], row["judge"]) == ("f" * 16, "j" * 16)
    assert row["prompts"] != facts("identity", an_episode(), replace(making, recipe={}))["prompts"]
    assert (row["question"], len(row["answer"])) == ("What is bar 7?", 200)
    assert facts("identity", an_episode(), MAKING)["prompts"] is None


def test_the_content_follows_from_what_a_row_shows_and_not_from_seconds() -> None:
    episode = an_episode([a_zoom(Box(0, 0, 10, 10))])
    assert facts("content", replace(episode, seconds=99.0))["content"] == facts("content", episode)["content"]
    assert episode.trajectory is not None
    other = replace(episode, trajectory=replace(episode.trajectory, answer="another"))
    assert facts("content", other)["content"] != facts("content", episode)["content"]
    moved = replace(episode, sample=replace(episode.sample, licence="another"))
    assert facts("content", moved)["content"] != facts("content", episode)["content"]
