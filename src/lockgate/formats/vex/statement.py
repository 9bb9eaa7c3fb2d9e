"""What a VEX document says: of which flaw, in which product, it is so or not, by whom, since when, and why."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum

from lockgate.dataclass import dataclass
from lockgate.formats.moments import moment_of

JUSTIFICATIONS = (
    "component_not_present", "vulnerable_code_not_present", "vulnerable_code_not_in_execute_path",
    "vulnerable_code_cannot_be_controlled_by_adversary", "inline_mitigations_already_exist",
)  # fmt: skip
"""The labels of VEX (CISA, Status Justifications), which OpenVEX and CSAF share."""


class Status(StrEnum):
    """Labels of VEX, the most careful one first."""

    AFFECTED = "affected"
    UNDER_INVESTIGATION = "under_investigation"
    FIXED = "fixed"
    NOT_AFFECTED = "not_affected"


@dataclass(frozen=True, slots=True)
class Product:
    """What a statement is about."""

    names: tuple[str, ...]
    """Package URLs, names of images, digests (``sha256:...``) and CPEs; any of them is enough."""
    parts: tuple[str, ...] = ()
    """Package URLs of the components in it that are meant; none: all of it."""


@dataclass(frozen=True, slots=True)
class Statement:
    """One assertion."""

    flaws: tuple[str, ...]
    """Every name of the flaw."""
    status: Status
    products: tuple[Product, ...]
    author: str
    moment: datetime
    """When it was known to be so, in UTC."""
    where: str
    """The document, for people."""
    justification: str = ""
    """Of ``JUSTIFICATIONS``, or CycloneDX's word; empty where there is none."""
    text: str = ""
    """Why, or what to do, in words."""

    @property
    def reason(self) -> str:
        """Status, justification and words, on one line."""
        return ": ".join(filter(None, (self.status.value, self.justification, " ".join(self.text.split())[:500])))

    @property
    def fault(self) -> str:
        """Why it does not count, in a clause; empty where it does."""
        if self.status is Status.NOT_AFFECTED and not (self.justification or self.text.strip()):
            return "it says 'not_affected' without saying why"
        if not self.flaws:
            return "it names no vulnerability"
        return "" if self.products else "it names no product that can be recognised"


def first_moment(*texts: object) -> datetime:
    """The first that is a time; 1970 where none is, so that any dated statement goes before."""
    found = (moment_of(text) for text in texts if isinstance(text, str) and text)
    return next((moment for moment in found if moment is not None), datetime(1970, 1, 1, tzinfo=UTC))
