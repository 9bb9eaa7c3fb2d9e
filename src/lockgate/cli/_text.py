"""Text for a terminal: what came from a repository, made harmless, and bars."""

from __future__ import annotations

import re

_EIGHTHS = " ▏▎▍▌▋▊▉█"
_HARMFUL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")


def safe(text: str) -> str:
    """``text`` with control and bidirectional characters written as escapes."""
    return _HARMFUL.sub(lambda match: f"\\x{ord(match.group()):02x}", str(text))


def bar(share: float, room: int) -> str:
    """A bar over ``share`` (0 to 1) of ``room`` columns, in eighths of one."""
    eighths = round(share * room * 8)
    return "█" * (eighths // 8) + (_EIGHTHS[eighths % 8] if eighths % 8 else "")
