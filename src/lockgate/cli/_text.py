"""Text that came from a repository, made harmless for a terminal."""

from __future__ import annotations

import re

_HARMFUL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")


def safe(text: str) -> str:
    """``text`` with control and bidirectional characters written as escapes."""
    return _HARMFUL.sub(lambda match: f"\\x{ord(match.group()):02x}", str(text))
