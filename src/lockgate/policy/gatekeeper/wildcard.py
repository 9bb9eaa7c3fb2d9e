"""Names with a ``*`` as first or last character, as Gatekeeper matches namespaces and names.

``*x*`` contains, ``*x`` ends with, ``x*`` begins with, anything else is the name itself; a star elsewhere is a plain
character. Source: gatekeeper ``pkg/wildcard/wildcard.go``.
"""

from __future__ import annotations

from collections.abc import Iterable


def matches(pattern: str, name: str) -> bool:
    """Whether ``pattern`` covers ``name``."""
    if pattern.startswith("*"):
        if pattern.endswith("*"):
            return _inner(pattern) in name
        return name.endswith(pattern[1:])
    if pattern.endswith("*"):
        return name.startswith(pattern[:-1])
    return pattern == name


def matches_generated(pattern: str, prefix: str) -> bool:
    """Whether ``pattern`` covers names that the API server will make of ``metadata.generateName``.

    Only a pattern that ends in a star can, because the end of such a name is random.
    """
    if not pattern.endswith("*"):
        return False
    return _inner(pattern) in prefix if pattern.startswith("*") else prefix.startswith(pattern[:-1])


def matches_any(patterns: Iterable[str], name: str) -> bool:
    """Whether one of ``patterns`` covers ``name``."""
    return any(matches(pattern, name) for pattern in patterns)


def _inner(pattern: str) -> str:
    return pattern.removeprefix("*").removesuffix("*")
