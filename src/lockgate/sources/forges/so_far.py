"""Answers of a long piece of work that were given so far, so that it goes on after a restart where it stood.

Where they are kept does not belong here: whoever does the work brings them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Protocol


class GivenAnswer(Protocol):
    """One answer of success."""

    @property
    def headers(self) -> Mapping[str, str]:
        """Those that lead to the next page, by name in lower case."""

    @property
    def content(self) -> bytes:
        """The body."""


class AnswersSoFar(Protocol):
    """Those of one piece of work under one identity."""

    def find(self, key: str) -> GivenAnswer | None:
        """What was answered; None where it was not asked yet."""

    def keep(self, key: str, headers: Mapping[str, str], content: bytes) -> None:
        """Keep one."""


def key_of(method: str, address: str, body: bytes | None) -> str:
    """By which the same question is known again."""
    return hashlib.sha256(b"\0".join((method.encode(), address.encode(), body or b""))).hexdigest()
