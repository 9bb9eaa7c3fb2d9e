"""The one error that the shared readers (``json_safe``, ``yaml_safe``) raise; callers turn it into a Skip."""

from __future__ import annotations

from lockgate.model import SkipKind


class FormatError(ValueError):
    """The content cannot be read. ``reason`` never quotes the content, so it may be printed anywhere."""

    def __init__(self, reason: str, line: int = 0, *, kind: SkipKind = SkipKind.MALFORMED) -> None:
        super().__init__(reason if not line else f"line {line}: {reason}")
        self.reason = reason
        self.line = line
        """From 1; 0 when not known."""
        self.kind = kind
        """``MALFORMED``, ``TOO_LARGE`` (size, depth, expansion) or ``UNSUPPORTED`` (a tag we do not know)."""
