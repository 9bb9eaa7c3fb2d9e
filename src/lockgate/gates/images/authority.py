"""Those whose signature counts: one contract, whatever the form of the signature."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from datetime import datetime
from typing import Protocol

from lockgate.dataclass import dataclass
from lockgate.formats.signatures.in_toto import COSIGN_SIGN, Statement
from lockgate.formats.signatures.testimony import Form, Subject, Testimony


@dataclass(frozen=True, slots=True)
class Signed:
    """A signature or attestation that holds, and is by whom it should be."""

    by: str
    """For people: the key, or the name in the certificate with who vouched for it."""
    where: str
    """What it lay under."""
    form: Form
    statement: Statement | None = None
    """What is said of the image; None for a plain signature."""
    logged: bool = False
    """Whether a transparency log that is trusted holds it."""
    moments: tuple[datetime, ...] = ()
    """When it is proved to have been there."""
    claims: Mapping[str, str] = field(default_factory=dict)
    """What the certificate says of the run that signed."""
    index: str = ""
    """Digest of the index that it is of, which has the image; empty where it is of the image itself."""

    @property
    def is_signature(self) -> bool:
        """Whether it says no more than that somebody has signed the image."""
        return self.statement is None or self.statement.predicate_type == COSIGN_SIGN


class Authority(Protocol):
    """Somebody whose signature counts."""

    @property
    def forms(self) -> frozenset[Form]:
        """The forms of signatures it can have."""

    def check(self, found: Testimony, image: Subject) -> Signed:
        """What ``found``, of one of its forms, says of ``image``.

        Raises ``lockgate.signing.refused.RefusedError`` where it does not hold, is by somebody else, or of another
        image.
        """
