"""Template tokens: texts that a chat template or a trainer reads as structure, and characters that data must not hold.

Tokenisers read a special token wherever its letters stand, in a question as in a reply, and trainers insert a picture
wherever `<image>` is written. There are two kinds:

- *template tokens* of the known families (Qwen, Llama, Mistral, Gemma, Phi, InternVL, LLaVA, MiniCPM, DeepSeek, GLM)
  and trainers (LLaMA-Factory, ms-swift, verl): they must not stand anywhere;
- *protocol tags* (`<think>`, `<tool_call>`, `<answer>` ...): agents write their turns in them, so a tag in other data
  would be read as a thought or a call.

The neutral form puts other brackets around the same name: `<|im_end|>` becomes `‹|im_end|›`. A reader recognises the
token, and no vocabulary contains it. Unicode normalisation (NFKC) does not undo it, as it does for full-width brackets.
No tag parser accepts it, as some accept `< |im_end| >`. It has the same length, and applying it twice changes nothing.
"""

import re

_NAMED = (
    r"/?(?i:image|img|video|audio)|image[ _-]?\d{1,3}|/?(?:image_id|slice|quad|ref|box)"
    r"|bbox|ref-object|cot-process|start-image|image_placeholder|image_soft_token|audio_soft_token"
    r"|(?:start|end)_of_(?:turn|image|audio|utterance)|fake_token_around_image|global-img|row_\d{1,3}_col_\d{1,3}|tile_\w{1,20}|patch_index_\d{4}"
    r"|(?:vision|image|img|video|audio|box|ref|quad|object_ref)_(?:start|end|pad|token|placeholder)"
    r"|IMG_CONTEXT|im_(?:start|end|patch|col|sep)|(?:image|img|video)pad|loc_?\d{1,4}|seg\d{1,3}|unused\d{1,4}"
    r"|/?s|unk|pad|mask|bos|eos|sop|eop|sep|cls"
    r"|/?SYS|/?arg_(?:key|value)|(?:start|end)_function_(?:call|response|declaration)|escape"
    r"|fim_(?:prefix|middle|suffix|pad)|repo_name|file_sep|/?\w{1,24}:(?:function_calls|invoke|parameter)"
)
_BRACKETED = (
    r"/?INST|IMG|IMG_BREAK|IMG_END|/?AVAILABLE_TOOLS|TOOL_CALLS|TOOL_CONTENT|/?TOOL_RESULTS|CALL_ID|ARGS|/?THINK"
    r"|BEGIN_AUDIO|/?SYSTEM_PROMPT|g?MASK|sMASK|multimodal"
)
_TEMPLATE = (
    r"<\|(?P<bars>[^\s|<>]{1,64})\|>"
    r"|<\|(?P<opens>[a-z_]{2,32})>|<(?P<closes>[a-z_]{2,32})\|>"  # Gemma 4's pairs: <|turn> ... <turn|>
    r"|<｜(?P<wide>[^\s｜<>]{1,64})｜>"  # DeepSeek's
    r"|◁(?P<kimi>/?\w{1,24})▷"
    rf"|<(?P<named>{_NAMED})>|\[(?P<bracketed>{_BRACKETED})\]|<<(?P<system>/?SYS)>>"
)
RESULT_TAGS = r"/?(?:tool_responses?|tool_results?|tool_outputs?|observations?|function_results?|function_responses?)"
"""Tags around a tool's result: no model writes them."""

_PROTOCOL = (
    rf"<(?P<tag>(?i:/?(?:think(?:ing)?|thought|reasoning|answer|tool_calls?|function_calls?|tools?|{RESULT_TAGS})"
    r"|/?(?:function|parameter)(?:=[^<>\n]{0,80})?))>"
)
_ANY_TEMPLATE = re.compile(_TEMPLATE)
_ANY = re.compile(f"{_TEMPLATE}|{_PROTOCOL}")

_FLAG = "\U0001f3f4[\U000e0020-\U000e007e]{1,8}\U000e007f"
_REFUSED = re.compile(
    f"(?P<flag>{_FLAG})"
    "|[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufeff"  # C0 and C1 without tab and line ends; the byte order mark
    "\ud800-\udfff"  # lone surrogates
    "\u202d\u202e"  # the shown order differs from the stored order
    "\ufff9-\ufffb\ufdd0-\ufdef\ufffe\uffff"  # annotation marks and non-characters
    "\U000e0000-\U000e007f]"  # tag characters: invisible text, except in the flags of countries
)
_BLANKS = re.compile("[\x0b\x0c\x85\ufeff]")
_INVISIBLE = re.compile(
    "[\u00ad\u200b-\u200f\u2060-\u2064\u2066-\u2069\u202a-\u202c\ufeff\ufe00-\ufe0f\U000e0000-\U000e007f]"
)


def template_tokens(text: str, tags: bool = True) -> tuple[str, ...]:
    """Every template token in a text, in order, also those whose letters are separated by invisible characters.

    Args:
        text: any text.
        tags: count protocol tags, too.
    """
    if not _suspicious(text):
        return ()
    pattern = _ANY if tags else _ANY_TEMPLATE
    found = [match.group() for match in pattern.finditer(text)]
    if not text.isascii() and len(seen := _INVISIBLE.sub("", text)) < len(text):
        found = max(found, [match.group() for match in pattern.finditer(seen)], key=len)
    return tuple(found)


def holds_template_token(text: str, tags: bool = True) -> bool:
    """Whether a text holds a template token, or (with `tags`) a protocol tag."""
    return bool(template_tokens(text, tags))


def bad_character(text: str) -> str | None:
    """The first character that data must not hold, as "U+001B"; None without one.

    Refused are control characters, lone surrogates, overrides of the writing direction, non-characters, and tag
    characters, which can hide a text in another. Joiners and direction marks, which scripts need, are allowed.
    """
    if text.isascii() and text.isprintable():
        return None
    return next((code_point(match.group()) for match in _REFUSED.finditer(text) if not match["flag"]), None)


def is_plain(text: str) -> bool:
    """Whether a text holds no template token, no protocol tag and no character that data must not hold."""
    return not holds_template_token(text) and bad_character(text) is None


def code_point(character: str) -> str:
    """A character as its number, e.g. "U+001B"."""
    return f"U+{ord(character):04X}"


def neutral(text: str, tags: bool = True) -> str:
    """The text with each template token in its neutral form; other texts stay unchanged.

    A token with invisible characters between its letters stays, too, and `template_tokens` still reports it.

    Args:
        text: any text.
        tags: neutralise protocol tags, too.
    """
    if not _suspicious(text):
        return text
    return (_ANY if tags else _ANY_TEMPLATE).sub(_neutral, text)


def neutralised(text: str) -> tuple[str, tuple[str, ...]]:
    """A source's text as data may hold it, and the list of changes: neutral forms, and the number of replaced blanks.

    Vertical tab, form feed and NEL become a blank; a byte order mark is removed.
    """
    blanks = [code_point(match.group()) for match in _BLANKS.finditer(text)]
    if blanks:
        text = _BLANKS.sub(lambda match: "" if match.group() == "\ufeff" else " ", text).strip()
    tokens = [_neutral(match) for match in _ANY.finditer(text)] if _suspicious(text) else []
    return (_ANY.sub(_neutral, text) if tokens else text), tuple(dict.fromkeys([*blanks, *tokens]))


def _suspicious(text: str) -> bool:
    return ("<" in text and ">" in text) or "[" in text or "◁" in text


def _neutral(match: re.Match[str]) -> str:
    whole = match.group()
    if match["bracketed"]:
        return f"⟦{whole[1:-1]}⟧"
    if match["kimi"]:
        return f"‹{whole[1:-1]}›"
    return whole.replace("<", "‹").replace(">", "›")
