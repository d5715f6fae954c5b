"""Normalises written forms with the same meaning: Unicode variants, quotes, dashes, markup around an answer."""

import re
import unicodedata

from lensmill.template_tokens import is_plain

_DASHES = dict.fromkeys(map(ord, "‐‑‒–—―−﹣－"), "-")
_QUOTES = {**dict.fromkeys(map(ord, "‘’‚‛′`´"), "'"), **dict.fromkeys(map(ord, "“”„‟″«»"), '"')}
_INVISIBLE = dict.fromkeys(map(ord, "\u200b\u200c\u200d\u200e\u200f\u2060\ufeff\u00ad"))
_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")
_SUPERSCRIPT = re.compile("[⁰¹²³⁴⁵⁶⁷⁸⁹⁻]+")
_VULGAR = re.compile(r"(?<=\d)(?=[¼½¾⅐-⅞])")
_MARKUP = tuple(
    re.compile(shape)
    for shape in (
        r"\\boxed\{(.*)\}",
        r"\\text\{(.*)\}",
        r"\\\((.*)\\\)",
        r"<(?:answer|b|strong|i|em)>(.*)</(?:answer|b|strong|i|em)>",
        r"\*\*([^*]*)\*\*",
        r"\*([^*]*)\*",
        r"`([^`]*)`",
        r"\$(.*)\$",
        r"\[ ?[\"']([^\"']*)[\"'] ?\]",
        r"\{ ?[\"'](?:final[ _])?answer[\"'] ?: ?[\"']?([^\"'{}]*)[\"']? ?\}",
        r"#{1,6} (.*)",
    )
)
_ANSWER_TAGS = re.compile(r"</?answer>")
_BOLD = re.compile(r"\*\*([^*]+)\*\*")
_ANSWER = r"(?:(?:final|correct|right|best) )?(?:answer|choice|option)"
_LEAD = re.compile(
    r"(?:(?:so|thus|hence|therefore|then),? |based on (?:the|this) [a-z]+, )?"
    rf"(?:(?:the |my )?{_ANSWER}(?: is)? ?[:=]"
    rf"|(?:the |my )?{_ANSWER} (?:is|would be|must be|should be)\b(?: that\b)?"
    r"|final answer\b"
    r"|i(?: would| will|'d|'ll)? (?:choose|pick|select|say|go with|answer|think|believe)\b"
    r"(?: that)?(?: it is\b| it's\b)?"
    r"|(?:it|this|that)(?: is|'s)\b"
    r"|(?:正确)?答案(?:是|为|应该是)?:?|选择?"
    r"|(?:antwort|respuesta|réponse|risposta|resposta):"
    r") ?:? ?"
)
_CONNECTIVE = re.compile(r"(?:so|thus|hence|therefore)\b,? ?:? ?(?=\S{1,3}$)")
_FIGURES = re.compile(r"(?<![\w.])-(?=\d)|\d+(?:[.,:/-]\d+)*|'(?:re|ll|ve|d|m)\b")
_ARTICLE = re.compile(r"(?<![^\s\"'(*\[])(the|an?)\s+(?=[\"'(*\[]?([^\s\"'()*\[\],.;:!?]+))")
_LAST_WORD = re.compile(r"([^\W_]+)[\s\"'(*\[]*$")
_SIGNS = re.compile(
    r"(?<=[^\W_])-+(?![^\s.,;:!?)/\]])"  # "aa-", "o-"
    r"|(?<=(?<![\w*'])[^\W_])[*'](?!\w)"  # "a*", "a'": of a letter alone
    r"|(?<=\()-(?=\))"  # "rh(-)"
    r"|(?<=\s)-(?=\W*$)"  # "rh -"
    r"|(?<![^\s(])[-!](?=[^\W\d_])"  # "-red", "!red"
)


def vocabulary(listed: str) -> frozenset[str]:
    """The set of words in a text."""
    return frozenset(listed.split())


_BEFORE_ARTICLE = vocabulary(
    """
    is was are were be been being it's that's there's there it this that s of in on at to for with without by from as
    and or nor but than like not only has have had having having shows show shown showing wearing holding makes made
    called named about near over under into onto behind beside between above below after before says said say has
    contains means became become becomes per such what which half all both quite rather just also if so because
    """
)
_LONGEST_LINK = 20
"""Characters before an article that are examined: more than the longest word of `_BEFORE_ARTICLE`."""
_NOT_AFTER_ARTICLE = vocabulary(
    "and or is are was were has have had to than in on of at by for from with as the an but nor vs versus not "
    "few little"
)


def canonical(text: str) -> str:
    """One spelling for texts that differ only in Unicode form, case, blanks, surrounding quotes or a final full stop.

    Fullwidth digits and decimal digits of other scripts become ASCII, every dash and minus sign "-", thin and no-break
    spaces " ", superscripts "^2", vulgar fractions "1/2". The result is never empty for a text that is not blank.
    """
    text = _VULGAR.sub(" ", text.translate(_INVISIBLE))
    text = _SUPERSCRIPT.sub(lambda found: "^" + found.group().translate(_SUPERSCRIPTS), text)
    text = unicodedata.normalize("NFKC", text.translate(_QUOTES)).translate(_DASHES).translate(_QUOTES)
    text = unicodedata.normalize("NFKC", text.replace("⁄", "/").casefold())
    text = "".join(_ascii_digit(c) for c in text)
    text = " ".join(text.replace("٫", ".").replace("٬", ",").replace("٪", "%").replace("。", ".").split())
    start, end = 0, len(text)  # bounds of the shorter text, which is cut once: quotes may be nested deeply
    while end - start > 1 and (text[start] == text[end - 1] in "\"'" or text[end - 1] == "." != text[end - 2]):
        start, end = start + (text[end - 1] != "."), end - 1
        while start < end and text[start] == " ":
            start += 1
        while start < end and text[end - 1] == " ":
            end -= 1
    return text[start:end] or text


def unwrapped(text: str) -> str:
    """A canonical answer without the usual wrapping of models: "the answer is", \\boxed{}, **bold**, $math$, JSON."""
    for _ in range(6):
        before, text = text, canonical(_peeled(text))
        if text == before:
            break
    return text


def _peeled(text: str) -> str:
    text = _BOLD.sub(r"\1", text).replace("\\%", "%").replace("\\$", "$")
    for lead in (_LEAD.match(text), _CONNECTIVE.match(text)):
        if lead and lead.end() < len(text):
            return text[lead.end() :]
    if text.endswith("!") and len(text) > 1:
        return text.rstrip("!") or text
    for markup in _MARKUP:
        inside = markup.fullmatch(text)
        if inside and inside.group(1).strip():
            return inside.group(1).strip()
    return text


def words(text: str) -> list[str]:
    """The words of a canonical text without punctuation and articles.

    Signs with a meaning (+ < % $ #) stay, and so do the minus of "AA-" or "-red", the star of "A*", and the letter A as
    a name ("Plan A").
    """
    bare = _bare(text)
    signs = {i for found in _SIGNS.finditer(bare) for i in range(*found.span())}
    kept = "".join(c if i in signs else _word_character(bare, i) for i, c in enumerate(bare))
    return kept.replace("&", " and ").split()


def _is_article(before: str, article: str, after: str) -> bool:
    """Whether "a", "an" or "the" is an article, not the letter in "Vitamin A deficiency", "Plan A" or "A and B"."""
    if article == "the":
        return True
    previous = _LAST_WORD.search(before)
    return len(after) > 1 and after not in _NOT_AFTER_ARTICLE and (not previous or previous[1] in _BEFORE_ARTICLE)


def _bare(text: str) -> str:
    """A canonical text without its articles."""

    def kept(found: re.Match[str]) -> str:
        before = text[max(0, found.start() - _LONGEST_LINK) : found.start()]
        return "" if _is_article(before, found[1], found[2]) else found.group()

    return _ARTICLE.sub(kept, text)


def digits_of(text: str) -> list[str]:
    """Every run of digits in a text, in order."""
    return re.findall(r"\d+", text)


def figures_of(text: str) -> list[str]:
    """Figures of a canonical text with their signs, and its contractions: differences that `words` drops."""
    return _FIGURES.findall(text)


def _ascii_digit(character: str) -> str:
    if character.isascii() or not character.isdecimal():
        return character
    return str(unicodedata.decimal(character))


def _word_character(text: str, index: int) -> str:
    character = text[index]
    category = unicodedata.category(character)
    if category[0] in "LNMS" or character in "#%&‰‱":
        return character
    between_digits = 0 < index < len(text) - 1 and text[index - 1].isdigit() and text[index + 1].isdigit()
    if character in ".,:" and between_digits:
        return character
    return "" if character == "'" else " "


def is_plain_answer(answer: str) -> bool:
    """Whether an answer may become data: see `lensmill.template_tokens.is_plain`. The tags that agents write around an
    answer are ignored."""
    return is_plain(_ANSWER_TAGS.sub("", answer))
