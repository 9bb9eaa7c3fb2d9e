"""Kubernetes' regex library: ``find`` and ``findAll``."""

from __future__ import annotations

from lockgate.policy.cel.functions import method
from lockgate.policy.cel.metering import charge
from lockgate.policy.cel.regex import compiled


def _find(text: str, pattern: str) -> str:
    charge(len(text) + len(pattern))
    match = compiled(pattern).search(text)
    return "" if match is None else str(match.group())


def _find_all(text: str, pattern: str, limit: int = -1) -> list[str]:
    charge(len(text) + len(pattern))
    found: list[str] = []
    for match in compiled(pattern).finditer(text):
        if len(found) == limit:
            break
        found.append(str(match.group()))
    charge(len(found))
    return found


LIBRARY = [
    method("find", "string", "string", do=_find, result="string"),
    method("findAll", "string", "string", do=_find_all, result="list"),
    method("findAll", "string", "string", "int", do=_find_all, result="list"),
]
