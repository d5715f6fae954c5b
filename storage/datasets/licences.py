"""What the licences of a version's parts imply for all of it. No legal advice: the terms that a reader must look at."""

import re
from collections.abc import Iterator, Mapping

Origin = tuple[str, str, str, str]
"""Source, subset, split and licence."""

COPYLEFT = "**Copyleft**: what derives from it may be passed on only under the same licence"
SHARE_ALIKE = "**Share alike**: what derives from it may be passed on only under the same or a compatible licence"
NON_COMMERCIAL = "**Non-commercial**: no commercial use, of models trained on it too where the owner says so"
NO_DERIVATIVES = "**No derivatives**: edited pictures and crops of it may not be passed on"
RESERVED = "**Rights reserved**: a part belongs to its authors: ask them before you pass that part on"
UNNAMED = "**No licence is named**: ask the owner before you pass anything on"

_TERMS = (
    (re.compile(r"\ba?gpl", re.IGNORECASE), COPYLEFT),
    (re.compile(r"\bsa\b|share.?alike", re.IGNORECASE), SHARE_ALIKE),
    (re.compile(r"\bnc\b|non.?commercial|research.only|academic", re.IGNORECASE), NON_COMMERCIAL),
    (re.compile(r"\bnd\b|no.?deriv", re.IGNORECASE), NO_DERIVATIVES),
    (re.compile(r"\bcopyright\b|rights.reserved|\bproprietary\b", re.IGNORECASE), RESERVED),
)


def terms(origins: Mapping[Origin, int]) -> Iterator[str]:
    """A line for each kind of terms that some part brings, with the parts; then one if terms cannot all be met at once.

    Args:
        origins: accepted episodes by origin.
    """
    found: dict[str, dict[str, int]] = {}
    for (source, _, _, licence), count in sorted(origins.items()):
        for kind in _kinds(licence):
            parts = found.setdefault(kind, {})
            name = f"{source} ({licence})" if licence else source
            parts[name] = parts.get(name, 0) + count
    for kind in (COPYLEFT, SHARE_ALIKE, NON_COMMERCIAL, NO_DERIVATIVES, RESERVED, UNNAMED):
        if kind in found:
            named = ", ".join(f"{name}: {count:,} trajectories" for name, count in found[kind].items())
            yield f"{kind}: {named}."
    same = {licence.lower() for *_, licence in origins if {COPYLEFT, SHARE_ALIKE} & set(_kinds(licence))}
    if len(same) > 1 or (COPYLEFT in found and NON_COMMERCIAL in found):
        yield (
            "These terms cannot all be met by one licence of the whole: pass the parts on apart from each other "
            "(every row names its licence)."
        )


def _kinds(licence: str) -> list[str]:
    if not licence.strip():
        return [UNNAMED]
    plain = re.sub(r"[^A-Za-z0-9]+", " ", licence)
    return [
        kind for pattern, kind in _TERMS if pattern.search(plain) and not (kind == COPYLEFT and "lgpl" in plain.lower())
    ]
