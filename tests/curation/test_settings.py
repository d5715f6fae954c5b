"""How curation can be set."""

import pytest

from lensmill.curation.settings import CurationSettings


def test_conditions_come_in_their_order_and_keep_is_the_last() -> None:
    settings = CurationSettings(conditions={"b": "zooms > 0", "a": "rung < 900"}, keep="exact")
    assert [*settings.named()] == [("b", "zooms > 0"), ("a", "rung < 900"), ("keep", "exact")]


@pytest.mark.parametrize("name", ["incorrect", "abstained", "runaway", "failed", "keep", "Big", "a b", "", "x" * 41])
def test_a_name_that_rows_are_rejected_with_already_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=r"^conditions\."):
        CurationSettings(conditions={name: "true"})


@pytest.mark.parametrize("share", [-0.1, 0.51, float("nan")])
def test_a_share_for_validation_is_at_most_a_half(share: float) -> None:
    with pytest.raises(ValueError, match="validation must be a share"):
        CurationSettings(validation=share)


def test_an_empty_condition_is_refused() -> None:
    with pytest.raises(ValueError, match="keep: the condition is empty"):
        CurationSettings(keep="  ")
