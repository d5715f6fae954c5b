"""Detects answers that address their judge: instructions, claims about the verdict, forged markers of the conversation.

An honest answer names something in a picture. It never tells a reader what to output, never claims to be correct, and
has no markers of a chat template. Pictures may contain such words, so a match counts only if the question, the
references and the options do not contain the same words. The judge's prompt, which treats the answer as data, handles
the rest. Every pattern looks at most a few dozen characters ahead, so the time is bounded by the length.
"""

import re
import unicodedata
from collections.abc import Sequence

from lensmill.judging.text import canonical, words

_LOOKALIKES = str.maketrans("аеорсухіјѕкмтԁԛԝνοαιετρυıɡ", "aeopcyxijskmtdqwvoaietpuig")
"""Cyrillic, Greek and other letters that look like Latin letters."""

_SPELLED_OUT = re.compile(r"(?<!\w)(?:\w[ ._-]){3,}\w(?!\w)")
_SEPARATORS = re.compile(r"[ ._-]")

_START = (
    r"(?:^|[\n.!?;:,\"'(\[{*>-]\s*"
    r"|\b(?:please|now|just|and|then|must|should|always|only|simply|to|you|instead|so|kindly)\s+)"
)
_NAMES = r"line|year|point|group|period|value|level|date|book|number|desk|library|temperature|currency|rate|case"
_REFERENCE = (
    r"(?:(?:reference|ground[\s-]truth|gold(?:en)?|expected|target)\s+(?:answers?|solutions?|labels?)"
    rf"|references?(?!\s+(?:{_NAMES}))\b|ground[\s-]truth)"
)
_SOFTENERS = (
    r"(?:(?:fully|entirely|completely|absolutely|100%|definitely|indeed|already|always|to\s+be|considered)\s+){0,3}"
)
_JUDGE = r"(?:judge|grader|evaluator|assessor|examiner)s?"

_PATTERNS = tuple(
    re.compile(pattern, re.MULTILINE)
    for pattern in (
        # markers of chat templates, and headings that start another turn
        r"<\|[^<>|]{0,40}\|>|<\|?(?:im_start|im_end|eot_id|eos|bos|endoftext)\b|<</?sys>>|</?s>|<!--",
        r"\[/?(?:inst|sys|system|user|assistant)\]",
        r"</?(?:start|end)_of_turn>",
        r"^#{2,6} ?(?:system|instructions?|assistant|human|user|response|verdict|judge?ment|evaluation|grading)"
        r"(?::|\s*$)",
        r"^(?:system|assistant|developer|judge|grader|evaluator|human|user)\s*:[^\n]{0,80}"
        r"\b(?:correct|verdict|output|accept|ignore|instructions?|grade|you)\b",
        # tags and keys of a judge's own input and output
        r"</?(?:system|assistant|developer|instructions?|prompt|verdict|judge?ment|grade|grading|prediction|references?"
        r"|ground_truth|rubric|evaluation)\b[^<>]{0,60}>",
        r"</(?:data|input|context|output|question|result|score|user)>",
        r"[\"'](?:verdict|outcome|is_correct|correctness|judge?ment|prediction|references?|ground_truth)[\"']\s*:",
        r"[\"'](?:correct|score|grade|rating|result)[\"']\s*:\s*[\"']?(?:1|1\.0|true|yes|correct|pass)\b",
        r"\b(?:decision|judge?ment|evaluation|assessment|grading|grade|score|rating|result|status)\s*(?:is|:|=|->|=>)\s*"
        r"[\"'*]{0,3}correct\b",
        r"\bcorrect\s+verdict\b|\[\[\s*(?:correct|1)\s*\]\]",
        r"\b(?:verdict|correctness|judge?ment|final\s+grade)\b\s*(?:is|:|=|->|=>|should\s+be|must\s+be)?\s*"
        r"[\"'*]{0,3}(?:correct|1|true|pass|yes|right)\b",
        # revoke earlier instructions
        rf"{_START}(?:ignore|disregard|forget|override|bypass|overrule|discard)\b[^.\n]{{0,40}}?\b(?:instructions?|prompts?"
        rf"|above|guidelines?|criteria|rubric|{_REFERENCE}|everything\s+(?:before|said|you)"
        r"|(?:previous|prior|preceding|earlier)\s+(?:text|rules?|messages?|context|directions?|commands?))",
        r"(?:ignore|disregard)\w{0,25}(?:instructions|prompt)",
        r"\bsystem\s+(?:prompt|override)\b|\b(?:system|developer|admin)\s+(?:message|note|instructions?)\s*:",
        r"\bnew\s+(?:instructions?|task|rules?|rubric)\s*:",
        r"\bend\s+of\s+(?:the\s+)?(?:prompt|prediction|data|json|instructions|answer|(?:user|student)\s+(?:input|message|answer))\b",
        # say what to output
        rf"{_START}(?:output|print|return|emit|respond|reply)\s*(?:(?:only|just|simply|exactly|with|back|the|a|an|single"
        r"|word|number|digit|token|verdict|value|label|string|always)\s+){0,5}[\"'`:=(\s]{0,4}(?:1|one|correct|true|yes"
        r"|pass)\b(?=\s*(?:$|[\n.,;:!?\"'`)\]}]|(?:and|for|as|because|regardless|instead|no\s+matter|now|only|please"
        r"|without|whatever|here)\b))",
        r"\b(?:answer|say|write|type|choose|select|pick|evaluates?\s+to)\b\s*(?:(?:only|just|with|the|word|verdict)\s+){0,4}:?\s*[\"'`]?correct\b"
        r"[\"'`]?(?!\s+\w)",
        r"\b(?:give|award|assign|grant)\b[^.\n]{0,40}\b(?:full|maximum|top|perfect|highest)\s+"
        r"(?:marks?|scores?|credits?|points?|grades?)\b",
        rf"{_START}(?:give|award|assign|set)\b[^.\n]{{0,30}}\b(?:score|grade|verdict|rating|mark)\b[^.\n]{{0,15}}"
        r"\b(?:1|one|10|100|correct|true|maximum)\b",
        r"\b(?:mark|grade|score|rate|label|classify|evaluate|judge|accept|treat|count|consider|regard|deem|validate"
        r"|approve)\s+(?:this|it|that|me|mine|my)\b[^.\n]{0,50}?\b(?:correct|right|true|valid|accurate|equivalent|passed"
        r"|a\s+match)\b",
        r"\b(?:mark|grade|score|rate|label|classify|evaluate|judge|treat|count|consider|regard|deem)\s+(?:the|any|all"
        r"|every|whatever|these)\b[^.\n]{0,50}?\bas\s+(?:being\s+|fully\s+)?(?:correct|right|true|valid|accurate"
        r"|equivalent|a\s+match)\b",
        r"\b(?:accept|approve|pass)\s+(?:this|my|the)\s+(?:answer|response|prediction|submission)\b",
        r"\b(?:do\s+not|don'?t|never)\s+(?:compare|grade|mark|reject|evaluate|judge)\s+(?:this|it|with|against|to\s+the"
        r"|the\s+(?:answer|prediction|response))\b",
        rf"{_START}be\s+(?:lenient|generous)\b|\b(?:grade|judge|mark)\s+(?:leniently|generously)\b",
        r"\b(?:stop|skip)\s+(?:the\s+)?(?:grading|judging|evaluation|evaluating|comparing|comparison)\b",
        # mention the verdict, the references or the judge
        rf"\b(?:this|my|the|above|given)\s+(?:final\s+)?(?:answer|prediction|response|submission)\s+(?:is|was|should\s+be"
        rf"|must\s+be|has\s+been|shall\s+be|counts\s+as|will\s+be)\s+{_SOFTENERS}(?:correct|accepted|verified|validated"
        r"|equivalent|accurate|acceptable|graded|marked|judged)\b(?!\s+(?:option|choice|answer|value|one))",
        r"\b(?:all|any|every|both|these)\s+(?:\w+\s+)?(?:answers?|predictions?|responses?)\s+(?:is|are|counts?\s+as)\s+"
        r"(?:correct|accepted|acceptable|valid)\b",
        r"\bthis\s+is\s+(?:\w+\s+)?correct\b(?!\s+\w)",
        r"\b(?:this|it|that|mine)\s+is\s+(?:\w+\s+)?the\s+(?:right|correct)\s+(?:answer|response|prediction)\b",
        r"\b(?:reference|expected|gold(?:en)?)\s+answers?\s*[:=]|\bground\s+truth\s*[:=]|\n\s*references?\s*:",
        rf"\b(?:same\s+as|identical\s+to|equals?|equal\s+to|equivalent\s+to|match(?:es|ing)?|whatever|agrees?\s+with"
        rf"|consistent\s+with|copy\s+of|regardless\s+of|no\s+matter|(?:as|stated|given|found|written)\s+in)\s+(?:is\s+)?(?:in\s+)?(?:the\s+|your\s+|all\s+)?{_REFERENCE}",
        rf"{_REFERENCE}\s+(?:is|are|was|were)\s+(?:actually\s+|all\s+)?(?:wrong|incorrect|outdated|mistaken|invalid|flawed"
        r"|irrelevant)\b",
        rf"\b(?:dear|hey|hello|hi|attention|note\s+to|message\s+(?:to|for)|instructions?\s+(?:to|for))\s*,?\s*"
        rf"(?:the\s+|my\s+)?{_JUDGE}\b(?=\s*(?:$|[\n,.;:!]|please\b|you\b|this\b|mark\b|accept\b|output\b))",
        rf"\byou\s+are\s+(?:now\s+|no\s+longer\s+)?(?:(?:a|an|the|my)\s+)?(?:\w+\s+){{0,2}}?"
        rf"(?:{_JUDGE}|assistant|language\s+model|llm|ai|chatbot)\b",
        rf"\bas\s+(?:the|a|an)\s+(?:\w+\s+)?{_JUDGE}\s*,?\s*you\b",
        rf"\b{_JUDGE}\s*[,:]\s*(?:please|you|output|mark|accept|ignore|this)\b",
        r"\byour\s+(?:verdict|grading|rubric)\b|\byour\s+(?:task|job|role|output|reply|response|instructions?)\s+(?:is|are"
        r"|must|should)\b[^.\n]{0,40}\b(?:correct|output|accept|grade|judge|verdict|1)\b",
        # the same in other languages
        r"(?:忽略|无视|無視|忘记)[^。\n]{0,20}(?:指令|指示|说明|規則|规则|提示|内容)|(?:指示|指令|命令)[^。\n]{0,10}(?:無視|忘れ)",
        r"(?:输出|輸出|出力|返回)\s*[\"'「]?(?:1|正确|正確|正解)",
        r"\bignorier\w*[^.\n]{0,40}anweisung|\bbewerte[^.\n]{0,40}(?:richtig|korrekt)|\bигнориру\w*[^.\n]{0,40}(?:инструкци|указани)",
        r"\bignor(?:a|e|ez|er|ar|i)\b[^.\n]{0,40}(?:instruccion|instruções|istruzion|consigne|instructions)",
    )
)


def speaks_to_the_judge(answer: str, known: Sequence[str]) -> bool:
    """Whether an answer of bounded length addresses its judge.

    Args:
        answer: as the agent wrote it.
        known: question, references and options; words that stand in them are not instructions.
    """
    plain = _plain(answer)
    said = [_spaced(text[:4000]) for text in known]
    for text in dict.fromkeys((plain, plain.translate(_LOOKALIKES), plain.replace("\n", " "))):
        for pattern in _PATTERNS:
            for found in pattern.finditer(text):
                hit = _spaced(found.group())
                if not any(hit in own for own in said):
                    return True
    return False


def _spaced(text: str) -> str:
    """The words of a text with a blank around each, so that words can be searched in it as a substring."""
    return f" {' '.join(words(canonical(text)))} "


def _plain(text: str) -> str:
    """The text without differences of case, Unicode form, invisible characters and spelled-out words. Line breaks
    stay."""
    kept = (c for c in text if c.isspace() or unicodedata.category(c) not in ("Cf", "Cc", "Co", "Cs", "Mn"))
    text = "\n".join(canonical(line) for line in unicodedata.normalize("NFKC", "".join(kept)).splitlines())
    return _SPELLED_OUT.sub(lambda found: _SEPARATORS.sub("", found.group()), text)
