"""Whether a TOML text can be handed to ``tomllib``, whose time grows with the square of the parts of a dotted name.

A name ends on its line, so the dots of a line bound its parts, whatever is quoted around them.
"""

from __future__ import annotations

MAX_DOTTED_COST = 50_000_000
"""Sum over the lines of the square of their dots: seconds at most. A lock file of 100,000 packages needs 5 million."""


def too_dotted(content: bytes) -> bool:
    """Whether names of so many parts stand there that reading them would take too long. Linear."""
    return sum(line.count(b".") ** 2 for line in content.split(b"\n")) > MAX_DOTTED_COST
