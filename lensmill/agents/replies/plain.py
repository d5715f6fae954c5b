"""Replies as text: what is read of one at all, and whether it ran away."""

import html
import re

MAX_REPLY = 60_000
"""Characters that are read; no reply within a usual token limit is longer."""

_PERIOD = 300
_ENTITY = re.compile(r"&(lt|gt|quot|amp|#39|#x27|apos);")
_SPECIAL = re.compile(r"<\|(?:im_start|start_header_id)\|>\s*assistant(?:<\|end_header_id\|>)?\s*", re.IGNORECASE)
_INVENTED = re.compile(
    r"<\|(?:im_start|im_end|endoftext|eot_id|user|end|vision_start)\|>"
    r"|</?(?:tool_response|tool_result|observation|function_results)>|<image>"
    r"|^[ \t*#]*+(?:user|observation|tool response|tool result)[ \t*]*+\d*+[ \t*]*+(?:[:：]|$)",
    re.IGNORECASE | re.MULTILINE,
)


def readable(reply: str) -> str:
    """The part of a reply that is read: capped, without a role header that a template left in front."""
    text = reply[:MAX_REPLY].replace("\r\n", "\n")
    return _SPECIAL.sub("", text, count=1) if _SPECIAL.match(text) else text


def without_entities(text: str) -> str:
    """HTML entities as their signs, for replies that came through something that escapes."""
    try:
        return html.unescape(text) if _ENTITY.search(text) else text
    except ValueError:  # "&#" and thousands of digits
        return text


def before_invented(text: str, start: int) -> tuple[str, bool]:
    """The text up to the first observation or turn of another role that the model made up, from `start` on."""
    found = _INVENTED.search(text, start)
    return (text[: found.start()], True) if found else (text, False)


def runs_in_circles(text: str) -> bool:
    """Does a text end in the same few words again and again?"""
    text = text[:MAX_REPLY].rstrip()
    for period in range(1, _PERIOD):
        length = max(6 * period, 80)
        if length > len(text):
            break
        tail = text[-length:]
        if tail[period:] == tail[:-period]:
            return True
    return False
