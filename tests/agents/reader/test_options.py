import asyncio
from dataclasses import replace

import pytest

from lensmill.agents.reader.agent import ReaderAgent
from lensmill.agents.reader.settings import ReaderSettings
from lensmill.geometry import Box
from lensmill.perception.text import TextLine
from lensmill.picture import Picture
from tests.agents.reader.printed_world import PrintedWorld, environment_for

SIGN = Box(3000, 2000, 3200, 2016)
QUESTION = "What name is printed on the small sign?"
OPTIONS = ("Acme", "Borealis", "Corvus")


@pytest.mark.parametrize("rung", [224, 448, 896, 1792, 3840])
async def test_small_print_is_found_by_zooming_on_every_rung(rung: int) -> None:
    agent = ReaderAgent(ReaderSettings(max_turns=15), reader=PrintedWorld([("Borealis", SIGN)]))
    trajectory = (await agent.run(environment_for(QUESTION, OPTIONS, rung=rung))).trajectory
    assert trajectory.answer == "Borealis"
    assert any(box.iou(SIGN) > 0 for step in trajectory.steps if step.action for _, box in step.action.boxes)


async def test_the_reader_looks_closely_before_it_answers() -> None:
    agent = ReaderAgent(reader=PrintedWorld([("Borealis", SIGN)]))
    trajectory = (await agent.run(environment_for(QUESTION, OPTIONS, rung=3840))).trajectory
    last = trajectory.steps[-2]
    assert last.observation is not None
    assert last.observation.images[0].frame.region.contains(SIGN)


async def test_print_too_small_for_a_large_view_is_found_beside_print_that_names_it() -> None:
    tiny = Box(3000, 2040, 3100, 2046)  # readable at twice its size only, which no cell of a large rung's grids has
    world = PrintedWorld([("SMALL SIGN", Box(3000, 2000, 3200, 2020)), ("Borealis", tiny)])
    trajectory = (await ReaderAgent(reader=world).run(environment_for(QUESTION, OPTIONS, rung=3840))).trajectory
    assert trajectory.answer == "Borealis"


@pytest.mark.parametrize(("lower", "answer"), [("", "Oak Lane"), ("LANE", "Oak Lane"), ("PARK", None)])
async def test_a_line_that_a_closer_look_loses_still_stands_but_not_one_that_it_reads_otherwise(
    lower: str, answer: str | None
) -> None:
    class Close(PrintedWorld):
        """Loses or changes the second line in everything but the view."""

        def read(self, picture: Picture) -> tuple[TextLine, ...]:
            lines = super().read(picture)
            if picture.frame.region.width > 3000:
                return lines
            changed = [replace(line, text=lower) if line.text == "LANE" else line for line in lines]
            return tuple(line for line in changed if line.text)

    world = Close([("OAK", Box(3000, 2000, 3200, 2060)), ("LANE", Box(3000, 2070, 3200, 2130))])
    environment = environment_for("What name is on the sign?", ("Oak Lane", "Fir Lane"), rung=896)
    assert (await ReaderAgent(reader=world).run(environment)).trajectory.answer == answer


async def test_nothing_printed_means_abstaining_within_the_steps_allowed() -> None:
    trajectory = (
        await ReaderAgent(ReaderSettings(max_turns=7), reader=PrintedWorld([])).run(environment_for(QUESTION, OPTIONS))
    ).trajectory
    assert trajectory.stop == "abstained"
    assert len(trajectory.steps) - 1 <= 6


async def test_two_options_in_print_mean_abstaining() -> None:
    world = PrintedWorld([("Borealis", Box(3000, 2000, 3200, 2080)), ("Corvus", Box(300, 300, 500, 380))])
    trajectory = (await ReaderAgent(reader=world).run(environment_for(QUESTION, OPTIONS, rung=3840))).trajectory
    assert trajectory.answer is None


async def test_a_question_about_no_print_is_left_at_once() -> None:
    environment = environment_for("What is the colour of the car?", ("red", "blue"))
    trajectory = (await ReaderAgent(reader=PrintedWorld([("red", SIGN)])).run(environment)).trajectory
    assert trajectory.answer is None
    assert len(trajectory.steps) == 1


async def test_the_same_episode_gives_the_same_rollout() -> None:
    async def once() -> object:
        return await ReaderAgent(reader=PrintedWorld([("Borealis", SIGN)])).run(environment_for(QUESTION, OPTIONS))

    assert await once() == await once()


async def test_the_event_loop_stays_free() -> None:
    run = asyncio.create_task(ReaderAgent(reader=PrintedWorld([])).run(environment_for(QUESTION, OPTIONS)))
    turns = 0
    while not run.done():
        await asyncio.sleep(0)
        turns += 1
    assert turns > 1


async def test_a_strip_of_a_picture_ends_in_a_rollout() -> None:
    environment = environment_for(QUESTION, OPTIONS, size=(3000, 20))
    trajectory = (await ReaderAgent(reader=PrintedWorld([])).run(environment)).trajectory
    assert trajectory.answer is None


def test_a_limit_of_one_turn_which_leaves_no_call_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 2"):
        ReaderSettings(max_turns=1)


async def test_crops_of_a_search_are_named_by_print_or_by_what_is_searched_for() -> None:
    world = PrintedWorld([("HARBOUR OFFICE", Box(300, 300, 1500, 560)), ("Borealis", SIGN)])
    trajectory = (await ReaderAgent(reader=world).run(environment_for(QUESTION, OPTIONS))).trajectory
    names = [step.action.arguments["label"] for step in trajectory.steps if step.action]
    assert {"HARBOUR OFFICE", "search for print", "Borealis"} <= set(names)
    assert not any(word in name for name in names for word in ("left", "right", "upper", "lower", "middle"))
