"""Labelled cases of numbers by the kind of fault: units, scales, places and counts. Rows as in `kind_cases`."""

from tests.judging.kind_cases import Row

OFFICES = "How many countries have over 8 millions visitors?"
MORE = "How many more cats than dogs are there?"
JARS = "How many jars are shown?"


def _open(question: str, *pairs: tuple[str, str]) -> tuple[Row, ...]:
    return tuple((answer, reference, question, ()) for answer, reference in pairs)


NEVER_CORRECT: dict[str, tuple[Row, ...]] = {
    "marks that make another thing of a number": (
        *_open(
            "What is it?", ("1.2.3", "1.2"), ("5.5.5", "5.5"), ("5..6", "5"), ("5--6", "5"), ("@5", "5"), ("!5", "5")
        ),
    ),
    "a near number that names something": (
        *_open("What is the jersey number?", ("23", "24")),
        *_open("What is the bus number?", ("720", "721")),
        *_open("What is the ZIP code?", ("90210", "90211")),
        *_open("Which room is it?", ("100", "101")),
        *_open("What number is on the door?", ("60", "61")),
        *_open("What is the speed limit on the sign?", ("51", "50")),
        *_open("On which page is it?", ("40", "41")),
        *_open("What are the last four digits?", ("1234", "1235")),
    ),
    "parts of a thousand": _open(
        "What share is it?", ("7‰", "7%"), ("7‰", "7"), ("7 ‱", "7"), ("7", "7‰"), ("It is 7‰", "7"), ("7%", "7‰")
    ),
    "a place is no share": (
        *_open("Which quarter was best?", ("25%", "fourth"), ("0.25", "fourth"), ("1/3", "third"), ("quarter", "25")),
        *_open("Which place is it?", ("third", "33%"), ("fifth", "0.2"), ("third", "fourth"), ("3rd", "fourth")),
    ),
    "a scale that the question only names": (
        *_open(OFFICES, ("7 million", "7"), ("7,000,000", "7"), ("7", "7 million")),
        *_open("How many firms have millions of users?", ("7 million", "7")),
        *_open("How many deaths per million are there?", ("7 million", "7")),
        *_open("How many people live in million-dollar homes?", ("7 million", "7")),
        *_open("Of the billions spent, how many were lost?", ("7 billion", "7")),
    ),
    "a noun that is not counted": (
        *_open(
            MORE, ("There are 7 dogs", "7"), ("The answer is: it shows 7 dogs", "7"), ("7 dogs", "7"), ("7 women", "7")
        ),
        *_open("How many more men than women are there?", ("7 women", "7")),
        *_open("How many cats do the owners have?", ("7 owners", "7")),
        *_open("How many boys like girls?", ("7 girls", "7")),
        *_open(JARS, ("7 cars", "7"), ("7 countries", "7")),
        *_open("What is the difference between boys and girls?", ("7 girls", "7")),
        *_open("What is the difference between men and women?", ("7 women", "7")),
    ),
    "a unit that is not asked for": (
        *_open("How long does it last in months?", ("7 years", "7"), ("7 days", "7"), ("7 weeks", "7")),
        *_open("What is the distance?", ("7 mm", "7"), ("7 km", "7"), ("7 miles", "7")),
        *_open("What is the distance in km?", ("7 mm", "7"), ("7 miles", "7")),
        *_open("How many goals were there in the year 2015?", ("7 years", "7")),
        *_open("How heavy is it?", ("7 g", "7"), ("7 tonnes", "7")),
        *_open("How many km per hour is it?", ("7 km", "7")),
        *_open("How long is it?", ("7'", "7"), ("It is 7'", "7"), ("7'", "7 inches")),
    ),
    "counts that are near": (
        *_open(JARS, ("20", "21"), ("22", "21"), ("There are 20 jars", "21"), ("95", "99"), ("20.5", "21")),
        *_open("Count the jars.", ("20", "21")),
        *_open("What is the number of jars?", ("20", "21"), ("twenty", "21")),
    ),
    "who exceeds whom": _open(
        "How much more does the oak weigh than the elm?", ("The elm does weigh 7 more than the oak", "7")
    ),
}

NEVER_INCORRECT: dict[str, tuple[Row, ...]] = {
    "places": _open("Which place is it?", ("3", "third"), ("third", "3"), ("3rd place", "third"), ("0.7%", "7‰")),
}

CORRECT: dict[str, tuple[Row, ...]] = {
    "places": _open("Which place is it?", ("3rd", "third"), ("the third", "3rd"), ("twenty-first", "21st")),
    "shares": (
        *_open("What share is it?", ("third", "33%"), ("a third", "33%"), ("25%", "a quarter")),
        *_open("How large is it?", ("a fifth", "20%"), ("half", "50%")),
    ),
    "scales asked for": (
        *_open("How many million people live there?", ("7 million", "7")),
        *_open("What was the revenue in million U.S. dollars?", ("7 million", "7")),
        *_open("What is the value (in billions)?", ("7 billion", "7")),
    ),
    "things and units asked for": (
        *_open(MORE, ("7 cats", "7"), ("There are 7 cats", "7"), ("The number is 7 in total", "7")),
        *_open("What was the value for Peru in 2015?", ("It was 7% in 2015", "7"), ("It is 7 for Peru", "7")),
        *_open(JARS, ("21 jars", "21"), ("There are 21 jars", "21"), ("21", "21")),
        *_open("How long does it last in months?", ("7 months", "7"), ("12 months", "1 year")),
        *_open("How many km is it?", ("7 km", "7"), ("20", "21")),
        *_open("What is the life expectancy?", ("72 years", "72")),
        *_open("What is the temperature in °C?", ("7 °C", "7")),
        *_open("How many employees were there?", ("1990", "2010")),
        *_open("How many percent agree?", ("20", "21")),
    ),
}
