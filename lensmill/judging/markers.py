"""Tokens of chat templates and control characters: an answer that holds one never becomes data."""

import re
import unicodedata

_TOKEN = re.compile(
    r"<[|｜][^<>]{0,60}[|｜]>"
    r"|</?(?:s|pad|unk|bos|eos|mask|cls|sep|image|images|img|video|audio|image_soft_token|img_context|think|thinking"
    r"|tool_call|tool_response|tool_calls|tools|function_call|(?:start|end|begin)_of_[a-z_]{1,20}"
    r"|(?:vision|image|img|video|audio|box|ref|quad|object_ref)_(?:start|end|pad|token|placeholder))>"
    r"|<</?sys>>|\[/?(?:inst|img|img_break|img_end|system_prompt|available_tools|tool_calls|tool_results|think)\]",
    re.IGNORECASE,
)
_BLANKS = frozenset("\t\n\r")


def holds_marker(text: str) -> bool:
    """Whether a text holds a chat template's token ("<|im_end|>", "<image>", "[INST]") or a control character."""
    return bool(_TOKEN.search(text)) or any(unicodedata.category(c) == "Cc" and c not in _BLANKS for c in text)
