"""Halves of UTF-16 pairs, which JSON may write and no text may hold: each becomes U+FFFD, as in OPA."""

from __future__ import annotations

from typing import Any


def without_surrogates(value: Any) -> Any:
    """JSON values with whole characters alone."""
    if isinstance(value, str):
        return valid(value)
    if isinstance(value, dict):
        return {without_surrogates(key): without_surrogates(item) for key, item in value.items()}
    if isinstance(value, list):
        return [without_surrogates(item) for item in value]
    return value


def valid(text: str, instead: str = "\N{REPLACEMENT CHARACTER}") -> str:
    """The text, with ``instead`` for each half of a pair."""
    return "".join(instead if "\ud800" <= c <= "\udfff" else c for c in text)
