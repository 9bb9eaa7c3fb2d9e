"""Values that look like credentials are made when a test runs, so that none stands in the repository."""

from __future__ import annotations

import base64
import random
import string

import pytest


class Maker:
    """A source of made-up values; the same seed gives the same values."""

    def __init__(self, seed: int = 7) -> None:
        self._random = random.Random(seed)

    def word(self, length: int = 24, letters: str = string.ascii_letters + string.digits) -> str:
        return "".join(self._random.choice(letters) for _ in range(length))

    def hex(self, length: int) -> str:
        return self.word(length, "0123456789abcdef")

    def upper(self, length: int) -> str:
        return self.word(length, string.ascii_uppercase)

    def base64(self, text: str) -> str:
        return base64.b64encode(text.encode()).decode()

    def pem(self, label: str = "RSA PRIVATE" + " KEY", head: str = "") -> str:
        body = "\n".join(self.word(64) for _ in range(8))
        return f"-----BEGIN {label}-----\n{head}{body}\n-----END {label}-----\n"


@pytest.fixture
def made() -> Maker:
    return Maker()
