"""What a verifier may say to somebody who must find the answer alone (design invariant 8).

Code can't tell everything that follows from a sentence. So these rules prefer to lose good advice: where an answer is
a number, any number in the advice is one too many; where it is yes or no, any sentence may tell.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence

from lensmill.judging.text import canonical, vocabulary

NEUTRAL = "Look again, closely and elsewhere, and make sure that you have what the question asks about."
"""Advice that says nothing, in place of advice that says too much."""

MAX_ADVICE = 400
"""Characters. Longer advice argues the case, and is replaced."""

_COMPACT = 4
"""An answer of so many letters and digits is also found where blanks or signs are put between them."""

_CARDINALS = """zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen
seventeen eighteen nineteen twenty thirty forty fourty fifty sixty seventy eighty ninety hundred thousand million
billion trillion dozen lakh crore"""
_ORDINALS = """zeroth first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth
fourteenth fifteenth sixteenth seventeenth eighteenth nineteenth twentieth thirtieth fortieth fiftieth sixtieth
seventieth eightieth ninetieth hundredth thousandth millionth billionth"""
_DECADES = "twenties thirties forties fifties sixties seventies eighties nineties sixes"
_AMOUNTS = vocabulary(
    """half halve halved halves quarter quarters percent pct permille once twice thrice single singles sole double
    doubled doubles triple tripled triples treble quadruple twofold threefold tenfold pair pairs couple both twin twins
    duo trio quartet quintet no none nil null nought naught nothing nobody neither any mn bn"""
)
_NUMBER = re.compile(rf"(?:and|{'|'.join(f'{_CARDINALS} {_ORDINALS} {_DECADES}'.split())})+(?:s|ish|fold)?")
_LONG_NUMBERS = f"{_CARDINALS} {_ORDINALS}".split()
_ROMAN = re.compile(r"(?<![\w'])(?:[IVXLCDM]{2,}|[VXLCDM])(?![\w'])")
_POLAR = re.compile(r"\W*(?:yes|yeah|yep|no|nope|not|none|nothing|nobody|true|false|correct|incorrect|zero|nil)\b")
_ZERO = re.compile(r"\D*0+(?:[.,]0+)?\D*")
_LABEL = re.compile(r"[(\[]?([a-z])(?:[.:]\s+|[)\]]\.?\s*|\.?$)")
_SPELLED_OUT = re.compile(r"(?<!\S)\S(?: \S)+(?!\S)")
_OPTION = re.compile(r"\b(?:options?|choices?|answers?|alternatives?|candidates?)\b", re.IGNORECASE)
_PLACE = vocabulary("last latter former middle final other others next previous")
_UNSAID = vocabulary("a an the is are was were be of in on at to and or it its with for by")
"""Words that a sentence may leave out and still tell."""

_LOOKALIKES = str.maketrans("аеорсухіјѕԁһıøłđ", "aeopcyxijsdhiold") | {ord("æ"): "ae", ord("œ"): "oe"}
"""Cyrillic letters that look Latin, and Latin ones that Unicode does not take apart."""

_PLURALS = (("ies", "y"), ("ves", "f"), ("ves", "fe"), ("es", ""), ("s", ""), ("men", "man"))
_IRREGULAR = {"children": "child", "people": "person", "feet": "foot", "teeth": "tooth", "geese": "goose"} | {
    "mice": "mouse",
    "gray": "grey",
}


def safe_advice(advice: str, answers: Sequence[str], choices: Sequence[str] = ()) -> str:
    """The advice, or a neutral one where it contains an answer or names an option, in any spelling known to us."""
    advice = " ".join(advice.split())
    if not advice or len(advice) > MAX_ADVICE:
        return NEUTRAL
    return NEUTRAL if gives_away(advice, answers, choices) else advice


def gives_away(advice: str, answers: Sequence[str], choices: Sequence[str] = ()) -> bool:
    """May a text contain one of the answers, or name one of the options (which tells by leaving one out)?

    True for every text where an answer or option is yes, no, none or zero, or has neither a letter nor a digit: no
    comparison of words tells what gives those away.
    """
    shown, secrets = _visible(advice), [*answers, *choices]
    if any(_POLAR.match(meant) or _ZERO.fullmatch(meant) for meant in map(canonical, secrets)):
        return True
    if any(map(_has_number, secrets)) and _has_number(advice):
        return True
    said = _Spellings(advice)
    if any(_tells(said, shown, secret) for secret in secrets):
        return True
    return bool(choices) and _names_option(shown, len(choices))


class _Spellings:
    """A text's words, with signs inside them taken as blanks and taken as nothing, and with letters spelled out."""

    def __init__(self, text: str) -> None:
        text = unicodedata.normalize("NFKD", canonical(text).translate(_LOOKALIKES))
        text = "".join(c for c in text if unicodedata.category(c) != "Mn")
        text = re.sub(r"'s(?!\w)", "", text).replace("'", "")
        apart = " ".join(re.sub(r"[\W_]", " ", text).split())
        joined = re.sub(r"[^\w\s]|_", "", text)
        self.tight = apart.replace(" ", "")
        self.runs = [run.replace(" ", "") for run in _SPELLED_OUT.findall(apart)]
        self.readings = (apart.split(), joined.split())
        self.forms = _forms({word for reading in self.readings for word in reading} | set(self.runs))


def _tells(said: _Spellings, shown: str, secret: str) -> bool:
    """Does a text name the option that an answer is or begins with, or say the rest or the whole of the answer?"""
    meant = canonical(secret)
    label = _LABEL.match(meant)
    if not label:
        return _says(said, meant)
    rest = meant[label.end() :]
    return _names_option(shown, ord(label[1]) - ord("a") + 1) or bool(
        rest and (_says(said, rest) or _says(said, meant))
    )


def _says(said: _Spellings, meant: str) -> bool:
    """Does a text have every word of an answer, in any order, or its letters and digits in a row?"""
    wanted = _Spellings(meant)
    if not wanted.tight:
        return True
    for reading in wanted.readings:
        telling = [word for word in reading if word not in _UNSAID] or reading
        if all(_forms([word]) & said.forms for word in telling):
            return True
    for form in _forms([wanted.tight]):
        if form in said.forms or any(form in run for run in said.runs if len(form) > 1):
            return True
        if (len(form) >= _COMPACT or not form.isascii()) and form in said.tight:
            return True
    return False


def _forms(listed: Iterable[str]) -> set[str]:
    """The words, and what each may be the plural of."""
    found = set(listed)
    for word in list(found):
        found.update(
            word.removesuffix(end) + start
            for end, start in _PLURALS
            if word.endswith(end) and len(word) - len(end) + len(start) > 1
        )
        if word in _IRREGULAR:
            found.add(_IRREGULAR[word])
    return found


def _has_number(text: str) -> bool:
    """Is there a digit, a sign with a numeric value in any script, a number word or a Roman numeral?"""
    shown = _visible(text)
    if any(unicodedata.numeric(c, None) is not None for c in text + shown) or _ROMAN.search(shown):
        return True
    spellings = _Spellings(text)
    found = {word for reading in spellings.readings for word in reading} - {"and"}
    if any(word in _AMOUNTS or _NUMBER.fullmatch(word) for word in found):
        return True
    return any(number in run for run in spellings.runs for number in _LONG_NUMBERS)


def _visible(text: str) -> str:
    """The text in plain characters, with its case."""
    text = unicodedata.normalize("NFKC", text).translate({ord("’"): "'", ord("_"): " ", ord("*"): " "})
    return "".join(c for c in text if unicodedata.category(c) != "Cf")


def _names_option(shown: str, count: int) -> bool:
    """Does a text name one of the first letters as an option, or an option by its place?

    "A" may also be an article, and then a word follows; a lone "i" is a careless "I".
    """
    upper = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"[:count]
    lower = upper.lower()
    named = rf"(?:[(\[]|\b(?:[Oo]ptions?|[Cc]hoices?|[Aa]nswers?|[Ll]etters?)\s*[(\[]?[\"']?)[{upper}{lower}]\b"
    alone = rf"(?<!\w)(?<!\w')[{upper}{lower.replace('i', '')}]\b(?!'\w)(?!(?<=[Aa])\s+[a-z])"
    if re.search(named, shown) or re.search(alone, shown):
        return True
    places = _PLACE & set(re.findall(r"\w+", shown.casefold()))
    return bool(_OPTION.search(shown)) and (bool(places) or _has_number(shown))
