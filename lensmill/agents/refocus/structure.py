"""The protocol of ReFocus as a regular expression."""

from collections.abc import Mapping, Sequence
from typing import Any

from lensmill.agents.structure import WORDS, either


def refocus_structure(labels: Mapping[str, Sequence[str]], last: bool) -> dict[str, Any]:
    """A thought, then one edit of a labelled part or an answer. `labels`: kind of part -> its labels."""
    answer = f"ANSWER: {WORDS}\nFINAL ANSWER: [A-Za-z0-9][A-Za-z0-9 ,.%]{{0,60}}\nTERMINATE"
    edits = [
        rf"display\(focus_on_{kind}_with_(draw|highlight|mask)\(image_1, \[({either(names)})\], {kind}_bbox\)\)"
        for kind, names in labels.items()
        if names
    ]
    if last or not edits:
        return {"regex": f"THOUGHT: {WORDS}\n{answer}"}
    return {"regex": f"THOUGHT: {WORDS}\n(ACTION:\n```python\n({'|'.join(edits)})\n```|{answer})"}
