"""What a policy says of one object."""

from __future__ import annotations

from lockgate.dataclass import dataclass
from lockgate.model import Rule
from lockgate.model.quick import quick


@quick
@dataclass(frozen=True, slots=True)
class Hit:
    """One thing that one policy denies."""

    rule: Rule
    message: str
    """For a person; the same wherever the object is met."""
    pointer: str = ""
    """JSON pointer of the field at fault; the nearest field that exists may stand above it."""
    item: str = ""
    """Name of the container, port, rule or subject at fault; empty when it is the object as a whole."""
    failed: str = ""
    """Why the policy could not be evaluated; then ``message`` says so too, and the caller's failure mode decides."""
