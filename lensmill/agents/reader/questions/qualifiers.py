"""Words that change what a question asks for. An answer stands only where its rule has taken account of them all.

A question without its "not", "twice" or "other than" is another question, and its answer a wrong one.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from lensmill.agents.reader.questions.answers import NoAnswer, Operation
from lensmill.agents.reader.questions.numerals import numbers_in, printed_scale, scales_in, threshold_in
from lensmill.agents.reader.questions.template import Template
from lensmill.agents.reader.questions.words import plain, stem
from lensmill.perception.chart import Cell

_VALUES: frozenset[Operation] = frozenset({"lookup", "latest", "position", "extreme_value", "list"})
_CALCULATED: frozenset[Operation] = frozenset({"sum", "average", "median", "product", "mode", "difference", "ratio"})
_TWO: frozenset[Operation] = frozenset({"difference", "ratio", "compare"})
_LABELS: frozenset[Operation] = frozenset({"extreme_label", "label_of_value", "trend"})
_OF_NO_VALUE: frozenset[Operation] = frozenset({"colour", "legend", "title"})
_NUMBERS = {"two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10}


@dataclass(frozen=True, slots=True)
class Qualifier:
    """Words of one kind, and the operations that take account of them.

    Attributes:
        pattern: the words in a template's text.
        heard: the operations.
        limits: a comparison with a number takes account of them, whatever the operation.
        printed: they are no condition where the chart prints the same word: "growth" may be what is shown.
    """

    pattern: re.Pattern[str]
    heard: frozenset[Operation] = frozenset()
    limits: bool = False
    printed: bool = False


def _words(pattern: str) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{pattern})\b")


_NEGATED = Qualifier(re.compile(r"\b(?:not|never|no|none|neither|nor|without|cannot|lack\w*|fail\w*)\b|n't\b"))
_QUALIFIERS = (
    Qualifier(
        _words(
            r"exclud\w+|except\w*|apart from|aside from|besides|leav(?:e|ing) out|left out|ignor\w+|omit\w*"
            r"|disregard\w*|other than|rather than|instead of|all but|but not|others?|rest|remaining|only|but"
        )
    ),
    _NEGATED,
    Qualifier(
        _words(
            r"if(?! (?:we|you|i) (?:add|sum|combine|take|subtract|divide))"
            r"|unless|while|whereas|although|though|despite|assuming|suppos\w+|respectively|cumulative\w*"
        )
    ),
    Qualifier(
        _words(
            r"increas\w*|ris(?:e|es|en|ing)|rose|gr[eo]w\w*|declin\w*|decreas\w*|drop\w*|fall(?:s|en|ing)?|fell"
            r"|shr[aiu]nk\w*|gain\w*|los[est]\w*|reduc\w+|chang\w+|jump\w*|climb\w*|plung\w*|plummet\w*|surg\w+"
        ),
        frozenset({"trend", "difference"}),
        printed=True,
    ),
    Qualifier(
        _words(
            r"leads?|ahead|behind|margin|advantage|gap|discrepanc\w+|disparit\w+|separat\w+|apart|differ\w*|exceed\w*"
        ),
        frozenset[Operation]({"difference", "compare"}) | _LABELS,
        limits=True,
        printed=True,
    ),
    Qualifier(
        _words(r"twice|doubl\w+|half|halv\w+|thrice|tripl\w+|(?:a|one) (?:third|quarter|fifth) of|times|\w+fold"),
        frozenset({"ratio", "mode"}),
        printed=True,
    ),
    Qualifier(
        re.compile(
            r"\b(?:more|less|fewer|(?!oth|wheth|eith|numb|rath|aft|und|ov|ev)[a-z]{3,}er)\b"
            r"(?=(?: [^\s,]+){0,5} (?:than|then)\b)"
            r"|\b(?:above|below|over|under|beyond)\b(?= (?:the )?[\d$€£CSET])"
        ),
        _TWO,
        limits=True,
    ),
    Qualifier(_words(r"second|third|fourth|fifth|sixth|next|following|preceding|consecutive|successive"), printed=True),
    Qualifier(_words(r"first"), frozenset({"sum", "average"}), printed=True),
    Qualifier(_words(r"last|previous|prior|earlier"), frozenset({"latest", "sum", "average"}), printed=True),
    Qualifier(_words(r"range|deviation|variance|spread|percentile|quartile|remainder"), printed=True),
    Qualifier(
        re.compile(
            r"(?<=\w )(?:when|whenever|where(?! the (?:data|values?|bars?|chart))|whose)\b"
            r"|\band (?:\w+ )?(?:which|what|who|when|how|why)\b"
        )
    ),
    Qualifier(
        _words(r"closest|nearest|close to"),
        frozenset({"label_of_value"}),
    ),
    Qualifier(
        _words(r"darkest|lightest|earliest|newest|furthest|farthest|steepest|sharpest|thinnest|thickest|most|least"),
        frozenset({"latest", "mode"}),
        limits=True,
        printed=True,
    ),
    Qualifier(
        re.compile(
            r"\b(?:before|after|since|until|till|prior to|beyond|up to)\b(?= (?:the )?(?:years? |end of )?[TCS]\d)"
        )
    ),
)
_PAIRED = _words(r"both|together|altogether|combined?|combining|sum of|add(?:ed|ing)?|plus|versus|vs|respectively")
_EVERY = _words(r"all|every|each|any|ever|always|only|both|neither|either")
_CALCULATES = _words(r"average|mean|median|sum|total")
_OF_A_WHOLE = re.compile(
    r"\b(?:percent|percentage|share|fraction|proportion|part|%) (?:[^,]* )?(?:of|to) (?:the )?(?:total|all|sum|whole)\b"
)
_SOME_OF_A_CLASS = re.compile(
    r"\b(?:[Ww]hich|[Ww]hat|[Hh]ow many|[Aa]mong(?: the)?|[Oo]f the) "
    r"(?:of the |one of the )?([A-Z][a-z]+(?:an|ese|ish|ic|ch|ern)?)"
    r" (?:countr|cit|state|nation|compan|brand|region|team|club|player)"
)
_EXTREME_WORDS = frozenset({"most", "least", "top", "bottom", "best", "worst", "main", "leading", "highest", "lowest"})
_COUNTS_SOMETHING = re.compile(
    r"\s?(?!percent|years?|million|billion|trillion|thousand|(?:to|and|or|in|of|by)\b)[a-z]{2,}"
)
_COUNT = re.compile(r"\b(two|three|four|five|six|seven|eight|nine|ten)\b(?! (?:decimal|digit|place|significant))")
_PERCENT = re.compile(r"^(?:in [\w ]+,? )?(?:by )?what (?:is |was )?(?:the )?(?:percent|percentage|%)")
_SCALE_ASKED = re.compile(r"\bhow (?:many|much)\b")


def require_all_heard(template: Template, operation: Operation, cells: Sequence[Cell]) -> None:
    """Check an answer against the whole wording of its question.

    Args:
        cells: the values on which the answer rests.

    Raises:
        NoAnswer: a word of the question was passed over.
    """
    if operation in _OF_NO_VALUE:
        return
    text = template.text
    values = [cell.value for cell in template.grid.reading.cells]
    limited = threshold_in(text, values) is not None
    printed = _printed(template)
    for qualifier in _QUALIFIERS:
        if operation in qualifier.heard or (qualifier.limits and limited):
            continue
        if qualifier is _NEGATED and any(cell.category.strip().lower() == "no" for cell in cells):
            continue
        for match in qualifier.pattern.finditer(text):
            if not (qualifier.printed and stem(match.group().split()[0]) in printed):
                raise NoAnswer(f'no rule takes account of the word "{match.group()}"')
    _require_whole_class(template, operation)
    if template.marks("E"):
        _require_no_label_in_extremes(template)
    _require_enough(template, operation, cells)
    if operation == "compare" and (every := _EVERY.search(text)) and not _CALCULATES.search(text):
        raise NoAnswer(f'no rule takes account of the word "{every.group()}"')
    if operation in _VALUES | _CALCULATED:
        _require_unit(template, operation, cells)


def _require_whole_class(template: Template, operation: Operation) -> None:
    """A question about some of the labels ("which European country") needs knowledge that the chart does not print."""
    match = _SOME_OF_A_CLASS.search(template.question)
    if operation in _LABELS | {"count"} and match and stem(match.group(1).lower()) not in _printed(template):
        raise NoAnswer(f"the chart does not say which labels are {match.group(1)}")


def _require_no_label_in_extremes(template: Template) -> None:
    """ "Most" may be the extreme or a word of a label such as "Most are satisfied"."""
    said = {stem(word) for word in re.findall(r"[a-z]+", template.question.lower()) if word in _EXTREME_WORDS}
    names = " ".join([*template.grid.categories, *template.grid.series]).lower()
    if said & {stem(word) for word in re.findall(r"[a-z]+", names)}:
        raise NoAnswer("a word of the question may be an extreme or a part of a label")


def _printed(template: Template) -> frozenset[str]:
    """The stems of all words on the chart."""
    reading = template.grid.reading
    texts = [reading.title, *(line.text for line in reading.texts)]
    return frozenset(stem(word) for text in texts for word in re.findall(r"[a-z']+", plain(text).lower()))


def _require_enough(template: Template, operation: Operation, cells: Sequence[Cell]) -> None:
    """What the question says of the number of values must hold for those that were used."""
    text, grid = template.text, template.grid
    if operation in _VALUES and len(cells) == 1 and (match := _PAIRED.search(text)):
        raise NoAnswer(f'the question says "{match.group()}", and names one value')
    wholes = {len(cells), len(grid.categories), len(grid.series)}
    for match in _COUNT.finditer(text):
        number = _NUMBERS[match.group(1)]
        if number != len(cells) if operation in _CALCULATED else number not in wholes:
            raise NoAnswer(f'the question says "{match.group()}", and {len(cells)} values were found')


def _require_unit(template: Template, operation: Operation, cells: Sequence[Cell]) -> None:
    """The number must be one of the kind that is asked for."""
    text = template.text
    measured = sum(cell.measured for cell in template.grid.reading.cells)
    if 2 * measured < len(template.grid.reading.cells) and any(cell.measured for cell in cells):
        raise NoAnswer("the chart prints its numbers, and this one was not read")
    if any(re.match(r"\s*[<>~≈]", cell.text) for cell in cells):
        raise NoAnswer("a value is printed as a limit only")
    if operation != "ratio" and _PERCENT.search(text) and any(abs(cell.value) > 100 for cell in cells):
        raise NoAnswer("the question asks for percent, and the chart shows another unit")
    if _OF_A_WHOLE.search(text) and not all("%" in cell.text for cell in cells):
        raise NoAnswer("the question asks for a part of a whole, and the values are no percentages")
    asked = scales_in(text)
    own = {scale for cell in cells if (scale := printed_scale(cell.text)) != 1}
    shown = own or scales_in(" ".join(line.text.lower() for line in template.grid.reading.texts))
    if asked and shown and not asked & shown:
        raise NoAnswer("the question asks for another scale than the chart's")
    if own and not asked and _SCALE_ASKED.search(text) and operation != "ratio":
        raise NoAnswer("the question leaves the scale of the number open")
    loose = [end for _, _, end in numbers_in(text, ()) if not _COUNTS_SOMETHING.match(text, end)]
    if operation in _VALUES and loose and not threshold_in(text, ()):
        raise NoAnswer("no rule takes account of the number in the question")
