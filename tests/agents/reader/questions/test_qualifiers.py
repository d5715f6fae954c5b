"""Words that change a question: each is taken account of, or the question is not answered."""

from dataclasses import replace

import pytest

from lensmill.agents.reader.questions import Abstention, ChartAnswer, answer_from_chart
from lensmill.geometry import Box
from lensmill.perception.chart import ChartReading
from lensmill.perception.text import TextLine
from tests.agents.reader.questions.charts import BLUE, COUNTRIES, GRAY, NAVY, SECTORS, SMOKERS, YEARS, chart

PARTIES = chart(
    {"Total": (37, 62), "Republicans": (57, 41), "Democrats": (20, 79)}, {"Oppose": BLUE, "Favor": NAVY}, kind="h_bar"
)
SURE = chart({"Shops": (9, 40), "Banks": (27, 46)}, {"Very confident": BLUE, "Somewhat confident": GRAY})
CITIES = chart({"Tokyo, Japan": 40, "Osaka, Japan": 10, "Mexico City, Mexico": 5, "Delhi, India": 4}, kind="h_bar")
GAMES = chart({"Puzzle": 62, "Role-playing": 39, "Team sport": 33, "Simulation": 32}, kind="h_bar")
OCEANS = chart({"North Pacific": 1.98, "South Atlantic": 0.3, "Indian Ocean": 1.3}, kind="h_bar")
CORRUPT = chart({"16-17": (13, 66), "18-25": (16, 63)}, {"No, most are not corrupt": BLUE, "Yes, some are": NAVY})
CLASSES = chart({"up to 1 million": 5, "1 to 2 million": 7, "over 2 million": 3}, kind="h_bar")


def printed_as(reading: ChartReading, *texts: str) -> ChartReading:
    """A reading whose values are printed otherwise."""
    return replace(reading, cells=tuple(replace(c, text=t) for c, t in zip(reading.cells, texts, strict=True)))


def with_print(reading: ChartReading, text: str) -> ChartReading:
    """A reading of a chart that prints one more line."""
    return replace(reading, texts=(*reading.texts, TextLine(text, Box(0, 0, 50, 9), 1.0)))


TONNES = printed_as(chart({"Textiles": 59e6, "Machines": 3e6}), "59 million tonnes", "3 million tonnes")

ANSWERED = [
    # labels left out
    (COUNTRIES, "Excluding Germany, which country has the largest share?", "France"),
    (COUNTRIES, "Which country has the highest share apart from Germany?", "France"),
    (COUNTRIES, "Except for Germany and France, which country has the highest share?", "United Kingdom"),
    (COUNTRIES, "Without Germany, what is the highest value?", "20"),
    (SECTORS, "Other than agriculture, which sector had the highest share in 2009?", "Services"),
    # changes between two times
    (YEARS, "By how much did sales grow between 2009 and 2012?", "5"),
    (YEARS, "How much did the value change from 2012 to 2013?", "1"),
    (SECTORS, "By how many points did agriculture drop from 2009 to 2011?", "6.5"),
    (SECTORS, "What was the increase of services from 2010 to 2011?", "4.5"),
    # ratios
    (YEARS, "How many times larger is the value of 2013 than that of 2009?", "3"),
    (COUNTRIES, "How many times as high is Germany as Latin America & Caribbean?", "6"),
    # labels asked for in other ways than "which"
    (SURE, "In whom are people the least very confident?", "Shops"),
    (CLASSES, "Which turnover class has the most companies?", "1 to 2 million"),
    # extremes of some labels
    (COUNTRIES, "What is the highest value among France, the US and the UK?", "20"),
    (COUNTRIES, "Which has the lowest value of France and Germany?", "France"),
    # shades
    (
        chart({"a": (1, 2), "b": (3, 4)}, {"More": (112, 122, 60), "Fewer": (200, 205, 145)}),
        "What does the darkest green represent?",
        "More",
    ),
]

UNANSWERED = [
    # left out in a way that the rules do not know
    (YEARS, "What is the average of all years excluding the lowest?"),
    (COUNTRIES, "Which other country has the highest share?"),
    (COUNTRIES, "What is the value of all but Germany?"),
    # negations, also where the chart prints one elsewhere
    (COUNTRIES, "What percentage did not come from Germany?"),
    (with_print(PARTIES, "No answer responses not shown."), "What percentage of Republicans do not favor it?"),
    # changes
    (YEARS, "Which year had the biggest growth compared to the previous year?"),
    (YEARS, "In how many years did the value decrease?"),
    (YEARS, "By what percentage did sales grow between 2012 and 2013?"),
    (YEARS, "By how much did sales fall between 2012 and 2013?"),
    (PARTIES, "What is the lead of favor among Democrats?"),
    # multiples
    (YEARS, "What is half of the value in 2012?"),
    (YEARS, "How many times larger is the value of 2009 than that of 2013?"),
    # times around a label
    (YEARS, "What was the highest value before 2012?"),
    (YEARS, "What was the value the year after 2011?"),
    (YEARS, "What was the maximum up to 2011?"),
    (SECTORS, "What was the share of services in the first year?"),
    # several values of which one was found
    (SURE, "What is the combined share of somewhat and very confident at Banks?"),
    (SECTORS, "What was the share of agriculture and industry in 2009?"),
    (CITIES, "What is the total of the two Japanese cities?"),
    (COUNTRIES, "What is the value of Germany and Spain together?"),
    # nested questions
    (SECTORS, "What was the value of agriculture in the year when services was highest?"),
    (SECTORS, "What is the lowest value of services and in which year?"),
    (YEARS, "What is the range of the values?"),
    # parts that the chart does not tell
    (COUNTRIES, "Which European country has the lowest value?"),
    (PARTIES, "What share of Independents favors it?"),
    (CORRUPT, "What share of 18-25 says that most are honest?"),
    # parts of a whole, units and scales
    (COUNTRIES, "What share does Germany have of the total?"),
    (chart({"Clinton": 121, "Trump": 327}), "What percentage went to Clinton?"),
    (TONNES, "How many tonnes do textiles use?"),
    (TONNES, "How many billion tonnes do textiles use?"),
    (with_print(YEARS, "Revenue in million euros"), "What was the revenue of 2012 in billion euros?"),
    (printed_as(chart({"Egypt": 0.5, "Namibia": 0.01}), "0.5%", "<0.01%"), "What is the share of Namibia?"),
    # a few words of a label that mean something else
    (CITIES, "What is the value of the city?"),
    (GAMES, "How many games are played by less than 40%?"),
    (OCEANS, "What is the value of the South Pacific?"),
]


@pytest.mark.parametrize(("reading", "question", "answer"), ANSWERED, ids=[case[1] for case in ANSWERED])
def test_is_heard(reading: ChartReading, question: str, answer: str) -> None:
    found = answer_from_chart(question, reading)

    assert isinstance(found, ChartAnswer), found
    assert found.answer == answer, found.thought


@pytest.mark.parametrize(("reading", "question"), UNANSWERED, ids=[case[1] for case in UNANSWERED])
def test_is_not_passed_over(reading: ChartReading, question: str) -> None:
    assert isinstance(answer_from_chart(question, reading), Abstention)


def test_what_is_left_out_is_said() -> None:
    found = answer_from_chart("Excluding Germany, which country has the largest share?", COUNTRIES)

    assert isinstance(found, ChartAnswer)
    assert found.thought.startswith("I leave out 'Germany'.")
    assert [cell.category for cell in found.cells] == ["France"]


def test_a_change_that_the_chart_shows_is_no_condition() -> None:
    question = "What was the growth in 2012?"

    shown = answer_from_chart(question, with_print(YEARS, "Growth in percent"))

    assert isinstance(answer_from_chart(question, YEARS), Abstention)
    assert isinstance(shown, ChartAnswer)
    assert shown.answer == "8"


def test_a_scale_that_the_question_names_is_the_printed_one() -> None:
    found = answer_from_chart("How many million tonnes do textiles use?", TONNES)

    assert isinstance(found, ChartAnswer)
    assert found.answer == "59"


def test_a_measured_value_among_printed_ones_is_no_answer() -> None:
    first, *others = YEARS.cells
    mixed = replace(YEARS, cells=(replace(first, measured=True, text=""), *others))

    assert isinstance(answer_from_chart("What was the revenue in 2009?", mixed), Abstention)
    assert isinstance(answer_from_chart("What was the revenue in 2010?", mixed), ChartAnswer)


def test_one_label_of_a_doubtful_reading_stands_for_no_other() -> None:
    one = chart({"0 2015": (55, 43)}, {"Services": GRAY, "Industry": NAVY})
    doubtful = replace(one, doubts=("a bar without a category label",))

    assert isinstance(answer_from_chart("What was the share of industry in 2014?", one), Abstention)
    assert isinstance(answer_from_chart("What is the share of industry?", doubtful), Abstention)


def test_a_total_stands_for_no_part_that_was_not_found() -> None:
    doubled = chart({"All adults": 57, "Gun owner": 13, "Non-gun owner": 40}, kind="h_bar")
    twice = replace(doubled, categories=(*doubled.categories, *doubled.categories[1:]))

    assert isinstance(answer_from_chart("What percent of gun owners say so?", twice), Abstention)
    assert isinstance(answer_from_chart("What percent of everyone says so?", doubled), ChartAnswer)


def test_the_comparisons_of_a_sum_may_say_all() -> None:
    found = answer_from_chart("Is the average of all countries more than 15?", COUNTRIES)

    assert isinstance(found, ChartAnswer)
    assert found.answer == "Yes"


def test_a_trend_of_every_year_is_decided_and_other_comparisons_of_every_value_are_not() -> None:
    assert isinstance(answer_from_chart("Is every value above 2?", SMOKERS), Abstention)
    assert isinstance(answer_from_chart("Did agriculture fall over the years?", SECTORS), ChartAnswer)
