"""Words of questions and labels: tokens with their places, and a light stemmer."""

import functools
import re
from dataclasses import dataclass

_TOKEN = re.compile(r"\d+(?:st|nd|rd|th)\b|\d[\d.,/]*\d|[^\W_]+(?:['’](?!s\b)[^\W_]+)*")
_SHORT_FORMS = (
    (
        re.compile(r"\bunited states of america\b|\bunited states\b|\bu\.\s?s\.\s?a\b\.?|\bu\.\s?s\b\.?|\busa\b", re.I),
        "us",
    ),
    (re.compile(r"\bunited kingdom\b|\bgreat britain\b|\bu\.\s?k\b\.?", re.I), "uk"),
    (re.compile(r"\beuropean union\b|\be\.\s?u\b\.?", re.I), "eu"),
)
_UNIT = re.compile(r"(?<=\d)(?=(?:km|kg|cm|mm|mi|ft|kw|mw|gw|years?|days?|hours?)\b)", re.IGNORECASE)
"""Where a number and its unit were read as one word."""

_STOP = """
    a an the of in on at to for from by with and or as is are was were be been do does did has have had i my you your
    we our they their them it its this that these those who which what when where how s t so if than per via there me
    into about
"""
STOP_WORDS = frozenset(_STOP.split())
_IRREGULAR = {
    "men": "man",
    "women": "woman",
    "people": "person",
    "persons": "person",
    "children": "child",
    "kids": "child",
    "male": "man",
    "males": "man",
    "female": "woman",
    "females": "woman",
    "percentage": "percent",
    "asia": "asia",
    "others": "other",
    "dont": "don't",
    "arent": "aren't",
    "photos": "photo",
    "movies": "movie",
    "cookies": "cookie",
    "series": "series",
    "species": "species",
}
_DEMONYMS = {
    "american": "us",
    "british": "uk",
    "french": "france",
    "german": "germany",
    "spanish": "spain",
    "italian": "italy",
    "dutch": "netherlands",
    "swiss": "switzerland",
    "swedish": "sweden",
    "danish": "denmark",
    "norwegian": "norway",
    "finnish": "finland",
    "polish": "poland",
    "portuguese": "portugal",
    "greek": "greece",
    "irish": "ireland",
    "scottish": "scotland",
    "welsh": "wales",
    "turkish": "turkey",
    "russian": "russia",
    "chinese": "china",
    "japanese": "japan",
    "indian": "india",
    "canadian": "canada",
    "mexican": "mexico",
    "brazilian": "brazil",
    "argentinian": "argentina",
    "chilean": "chile",
    "colombian": "colombia",
    "peruvian": "peru",
    "egyptian": "egypt",
    "israeli": "israel",
    "australian": "australia",
    "austrian": "austria",
    "belgian": "belgium",
    "czech": "czechia",
    "hungarian": "hungary",
    "romanian": "romania",
    "bulgarian": "bulgaria",
    "croatian": "croatia",
    "slovenian": "slovenia",
    "ukrainian": "ukraine",
    "korean": "korea",
    "vietnamese": "vietnam",
    "thai": "thailand",
    "indonesian": "indonesia",
    "malaysian": "malaysia",
    "filipino": "philippines",
    "african": "africa",
    "asian": "asia",
    "european": "europe",
    "northern": "north",
    "southern": "south",
    "eastern": "east",
    "western": "west",
}
_ENDINGS = frozenset(
    {"", "e", "i", "y", "al", "ial", "ion", "ation", "action", "ition", "ment", "ance", "ence", "ity", "ly"}
)
_ROOT = 5  # letters that derived words must share


@dataclass(frozen=True, slots=True)
class Token:
    """A word or number: lower case, its stem, and where it stands in the text (characters)."""

    text: str
    stem: str
    start: int
    end: int


def plain(text: str) -> str:
    """The text with a few countries' long and dotted names in one short form, and straight apostrophes."""
    for pattern, short in _SHORT_FORMS:
        text = pattern.sub(short, text)
    text = re.sub(r"(?<!\w)(?:no\.?|number|#)\s?(?:1|one)\b(?![\d.,])", "top", text, flags=re.IGNORECASE)
    text = _UNIT.sub(" ", text)
    return text.replace("’", "'").replace("–", "-").replace("—", "-")


def tokens(text: str) -> tuple[Token, ...]:
    """The words of a text with their stems and positions."""
    found = []
    for match in _TOKEN.finditer(text):
        word = match.group().lower()
        if word[0].isdigit():
            word = re.sub(r",(?=\d{3})", "", word)
        found.append(Token(word, stem(word), match.start(), match.end()))
    return tuple(found)


def stem(word: str) -> str:
    """A word without its plural or verb ending; crude, but the same for question and label."""
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    if word[0].isdigit() or len(word) < 4:
        return word
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if re.search(r"(?:ss|x|ch|sh)es$", word):
        return word[:-2]
    if word.endswith("s") and not word.endswith(("ss", "us", "is")):
        word = word[:-1]
    for ending in ("ing", "ed"):
        if word.endswith(ending) and len(word) - len(ending) >= 4:
            word = word[: -len(ending)]
            break
    return word[:-1] if word.endswith("e") and len(word) > 4 else word


@functools.lru_cache(maxsize=1 << 16)
def alike(one: str, other: str) -> bool:
    """Whether two stems mean the same word: equal, a country and its people, or one slip of the reader apart."""
    if one == other:
        return True
    if stem(_DEMONYMS.get(one, one)) == stem(_DEMONYMS.get(other, other)):
        return True
    if one[0].isdigit() or other[0].isdigit():
        return False
    if _derived(one, other):
        return True
    shorter, longer = sorted((one, other), key=len)
    if len(shorter) >= 6 and longer.startswith(shorter[: max(6, round(0.8 * len(longer)))]):
        return True
    return len(shorter) >= 7 and len(longer) - len(shorter) <= 1 and _one_slip(shorter, longer)


def _derived(one: str, other: str) -> bool:
    """Whether two words differ in their endings only ("approval" and "approve")."""
    root = next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    return root >= _ROOT and {one[root:], other[root:]} <= _ENDINGS


def _one_slip(shorter: str, longer: str) -> bool:
    """One letter replaced, missing or added, or two swapped, but not the first."""
    if shorter[0] != longer[0]:
        return False
    for place, (a, b) in enumerate(zip(shorter, longer, strict=False)):
        if a != b:
            if len(shorter) == len(longer):
                if shorter[place : place + 2] == longer[place + 1 : place - 1 if place else None : -1]:
                    return shorter[place + 2 :] == longer[place + 2 :]
                return shorter[place + 1 :] == longer[place + 1 :]
            return shorter[place:] == longer[place + 1 :]
    return True
