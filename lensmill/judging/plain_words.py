"""Word lists: words that leave an answer's meaning unchanged, and words that may reverse it.

An answer is accepted only if every word of it comes from the reference, the question, or the closed list here. "Far
from red" and "5 dozen" each have a word that comes from none of them.
"""

from collections.abc import Iterable

from lensmill.judging.questions import things_counted
from lensmill.judging.text import vocabulary, words

NUMBERS = vocabulary(
    """
    half halves third thirds quarter quarters double doubled twice triple thrice dozen dozens hundred hundreds tenth
    tenths hundredth hundredths thousandth thousandths squared cubed minus negative plus times divided per thousand
    thousands million millions billion billions trillion trillions quadrillion mille grand lakh crore
    """
)
"""Words that change the number next to them."""

TURNING = NUMBERS | vocabulary(
    """
    not no never none neither nor cannot cant isnt wasnt arent werent dont doesnt didnt hasnt havent wont wouldnt
    couldnt shouldnt without except excluding excluded unlike instead rather but however although though unless if
    or either maybe perhaps possibly probably unknown unclear unsure wrong incorrect false untrue opposite actually
    wait sorry hmm oops correction hardly barely scarcely almost nearly partly partially mostly sometimes anything
    far more less fewer than above below over under beyond least before after prior following until between up down
    """
)
"""Words that may change the meaning. Only a judge that can read knows their effect in an answer."""

_PLAIN = vocabulary(
    "it its is was were are be been this that there here the in of for on at answer value number amount total "
    "chart graph figure picture image plot shown shows show shown is equals equal which year years"
)
_COUNTED = vocabulary(
    "people persons person respondents adults users customers students workers employees men women children "
    "households countries states cities items units points cases deaths votes votes goals cars books years"
)
_LINKS = vocabulary(
    "and with as does do did has have had they them he she so thats theyre theres who whose how side color "
    "colour kind type"
)
RELATIONS = vocabulary(
    """
    left right above below over under beneath underneath top bottom front behind back before after inside outside
    within in on off near nearer far farther further closer beside next north south east west upper lower up down
    higher lower taller shorter larger smaller bigger longer older younger heavier lighter faster slower greater
    fewer more less better worse earlier later wider narrower brighter darker warmer colder first second last
    """
)
"""Words of an option that relate two things: with the things swapped, they say the opposite."""


def plain(said: Iterable[str], *known: str) -> bool:
    """Whether all words are plain or occur in the known texts, and none of them changes the meaning."""
    allowed = _PLAIN.union(*(words(text) for text in known)) - TURNING
    return all(word in allowed for word in said)


def plain_unit(unit: str, question: str) -> bool:
    """Whether the words after a number only name the counted thing.

    A noun of the question counts only after its "how many": "5 girls" is not 5 if the question asks how many more boys
    than girls there are. Common nouns count if the question names no counted thing.
    """
    things, asked = things_counted(question), set(words(question))
    allowed = (_PLAIN | things | (frozenset() if things else _COUNTED - asked)) - TURNING
    stems = {word.removesuffix("s") for word in allowed}
    return all(word in allowed or word.removesuffix("s") in stems for word in words(unit))


def turns(said: Iterable[str]) -> bool:
    """Whether any of the words may change the meaning."""
    return not TURNING.isdisjoint(said)


def telling(said: Iterable[str]) -> list[str]:
    """The words that are on no closed list: those that name things."""
    return [word for word in said if word not in _PLAIN | _LINKS]


def in_order(part: Iterable[str], whole: Iterable[str]) -> bool:
    """Whether the words of one text occur in the other in the same order. "The cat chases the dog" with the animals
    swapped does not."""
    rest = iter(whole)
    return all(word in rest for word in part)
