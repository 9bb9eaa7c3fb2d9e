"""The noun Waiver: who accepts a finding, why, until when.

It lives here, below ``findings`` which reads, matches and counts waivers, because the cache of scan results keeps the
inline waivers of a file with its findings (``docs/decisions/0003-store.md``). ``lockgate.findings`` re-exports it.
"""

from __future__ import annotations

from lockgate.dataclass import dataclass

MAX_DAYS = 731
"""Two years ahead; a waiver that lasts longer does not count until its day is nearer."""


@dataclass(frozen=True, slots=True)
class Waiver:
    """One waiver, as a reviewed file or a comment states it."""

    by: str
    reason: str
    expires: str
    """ISO date, the last day on which it counts."""
    where: str
    """``file:line`` of the waiver."""
    rule: str = ""
    """The rule it accepts; empty: any."""
    identity: str = ""
    """The one finding it accepts; empty: any."""
    alias: str = ""
    """A vulnerability it accepts, by any of its names; empty: any. At least one of the three is set."""
    path: str = ""
    """Glob over the path (``**`` crosses folders); empty: everywhere. For an inline waiver the very path."""
    package: str = ""
    """Name of the package, for components; empty: any."""
    line: int = 0
    """Inline only: the line (from 1) it covers; 0: the whole of ``path``."""
    problem: str = ""
    """What is wrong with it; such a waiver covers nothing and is told as a notice."""

    namespace: str = ""
    """Objects only: glob over the namespace; empty: any."""
    name: str = ""
    """Objects only: glob over the name of the object, or of the controller that made it; empty: any."""
    kind: str = ""
    """Objects only: ``Deployment`` or ``apps/Deployment``, of the object or of the controller that made it."""
    selector: str = ""
    """Objects only: a label selector as ``kubectl get -l`` takes it; empty: any labels."""
    cluster: str = ""
    """Objects only: glob over the name of the cluster; empty: any, and files."""
    scope: str = ""
    """Azure only: the resource id, or the group, subscription or management group it stands in; empty: anywhere."""

    justification: str = ""
    """Label of VEX, where it says that a flaw is not there: why. Empty: the risk is accepted."""

    @property
    def id(self) -> str:
        """What it accepts, in few words."""
        target = (self.identity, self.alias, self.rule, self.package, self.path)
        kind_name = "/".join(filter(None, (self.kind, self.name)))
        place = (self.cluster, self.namespace, kind_name, self.selector, self.scope)
        return " ".join(filter(None, (*target, *place)))

    @property
    def of_objects(self) -> bool:
        """Whether it covers nothing but objects."""
        return bool(self.namespace or self.name or self.kind or self.selector or self.cluster or self.scope)
