"""Two spellings of one word: without accents, British and American forms, regular plurals.

A missing or extra letter is never accepted: "Iceland" is not a typo of "Ireland", and no word list has all names of
places, people, drugs and brands. Only differences that cannot make another word are accepted.
"""

import unicodedata

from lensmill.judging.text import vocabulary

_PAIRS = """
grey gray, colour color, coloured colored, favour favor, favourite favorite, favourable favorable,
unfavourable unfavorable, behaviour behavior, labour labor, neighbour neighbor, harbour harbor, honour honor,
humour humor, flavour flavor, rumour rumor, vapour vapor, tumour tumor, armour armor, endeavour endeavor,
centre center, theatre theater, metre meter, litre liter, kilometre kilometer, centimetre centimeter,
millimetre millimeter, fibre fiber, defence defense, offence offense, licence license, aluminium aluminum,
sulphur sulfur, organisation organization, organise organize, organised organized, realise realize,
recognise recognize, recognised recognized, privatisation privatization, urbanisation urbanization,
globalisation globalization, immunisation immunization, hospitalisation hospitalization, hospitalised hospitalized,
industrialised industrialized, digitalisation digitalization, modernisation modernization,
civilisation civilization, specialised specialized, catalogue catalog, dialogue dialog, jewellery jewelry,
travelling traveling, traveller traveler, cancelled canceled, labelled labeled, modelling modeling,
counselling counseling, fuelled fueled, aeroplane airplane, anaemia anemia, anaesthesia anesthesia,
paediatric pediatric, gynaecology gynecology, orthopaedic orthopedic, oestrogen estrogen, oesophagus esophagus,
diarrhoea diarrhea, leukaemia leukemia, haemorrhage hemorrhage, haemoglobin hemoglobin, foetus fetus, foetal fetal,
cosy cozy, moustache mustache, pyjamas pajamas, sceptical skeptical, plough plow, skilful skillful,
enrolment enrollment, fulfilment fulfillment, instalment installment, ageing aging
"""
_AMERICAN = {
    british + ending: american + ending
    for british, american in (pair.split() for pair in _PAIRS.split(","))
    for ending in ("", "s")
}
_PLURAL_OF = ("ican", "ian", "ean", "crat", "ment", "tion", "sion", "ship", "ology", "spondent", "student", "migrant")
_NOUNS = vocabulary(
    """
    adult teen teenager child boy girl male female worker voter user student teacher customer consumer employee
    employer visitor driver player retailer supplier manufacturer country state city town school house home car truck
    bus bike book movie film game song phone smartphone computer laptop tablet product service food drink fruit
    vegetable apple banana orange animal cat dog horse bird plant flower tree bottle line bar graph chart group year
    month week hour minute death birth case patient doctor nurse hospital company household parent father mother
    friend conservative liberal independent catholic protestant muslim christian hispanic asian
    """
)


def same_word(mine: str, theirs: str) -> bool:
    """Whether two words (of `lensmill.judging.text.words`) are spellings of one word."""
    mine, theirs = (_AMERICAN.get(word, word) for word in (without_accents(mine), without_accents(theirs)))
    return mine == theirs or _plural(mine, theirs) or _plural(theirs, mine)


def without_accents(word: str) -> str:
    """A word with its Latin letters without accents. Other scripts stay unchanged: a mark may be a separate letter
    there."""
    kept: list[str] = []
    for character in unicodedata.normalize("NFD", word):
        if unicodedata.category(character) == "Mn" and kept and kept[-1].isascii():
            continue
        kept.append(character)
    return unicodedata.normalize("NFC", "".join(kept))


def _plural(one: str, many: str) -> bool:
    """Whether `many` is the regular plural of a common noun. Names have none: "Williams" is not "William", "Wales" is
    not "Wale"."""
    if many not in (one + "s", one[:-1] + "ies" if one.endswith("y") else one + "es"):
        return False
    return one in _NOUNS or (len(one) >= 6 and one.endswith(_PLURAL_OF))
