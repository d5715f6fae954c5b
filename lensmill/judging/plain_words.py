"""Which words leave an answer's meaning as it is, and which may turn it round.

An answer is accepted only where every word of it is accounted for: by the reference, by the question, or by the
closed list here. "Far from red" and "5 dozen" have a word that nothing accounts for, whatever it is.
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
"""Words that make another number of the one beside them."""

TURNING = NUMBERS | vocabulary(
    """
    not no never none neither nor cannot cant isnt wasnt arent werent dont doesnt didnt hasnt havent wont wouldnt
    couldnt shouldnt without except excluding excluded unlike instead rather but however although though unless if
    or either maybe perhaps possibly probably unknown unclear unsure wrong incorrect false untrue opposite actually
    wait sorry hmm oops correction hardly barely scarcely almost nearly partly partially mostly sometimes anything
    far more less fewer than above below over under beyond least before after prior following until between up down
    """
)
"""Words that change what is said. Found in an answer, only a judge that can read knows what they do."""

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
"""Words of an option that say how one thing stands to another: turned round they say the opposite."""


def plain(said: Iterable[str], *known: str) -> bool:
    """Whether all the words are plain, or words of the known texts, and none of them turns the meaning."""
    allowed = _PLAIN.union(*(words(text) for text in known)) - TURNING
    return all(word in allowed for word in said)


def plain_unit(unit: str, question: str) -> bool:
    """Whether the words after a number only say what the question counts.

    A noun of the question counts only after its "how many": "5 girls" says another thing than 5 where it is asked how
    many more boys than girls there are. Common nouns do where the question counts nothing by name.
    """
    things, asked = things_counted(question), set(words(question))
    allowed = (_PLAIN | things | (frozenset() if things else _COUNTED - asked)) - TURNING
    stems = {word.removesuffix("s") for word in allowed}
    return all(word in allowed or word.removesuffix("s") in stems for word in words(unit))


def turns(said: Iterable[str]) -> bool:
    """Whether a word among them may turn the meaning round."""
    return not TURNING.isdisjoint(said)


def telling(said: Iterable[str]) -> list[str]:
    """The words that are no closed list's: those that name things."""
    return [word for word in said if word not in _PLAIN | _LINKS]


def in_order(part: Iterable[str], whole: Iterable[str]) -> bool:
    """Whether the words of one text come in the other in that order: "the cat chases the dog" turned round does not."""
    rest = iter(whole)
    return all(word in rest for word in part)
