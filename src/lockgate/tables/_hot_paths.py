"""Paths of JSON columns that queries ask for again and again; compaction keeps them as columns of their own.

Those of the audit tables and of Entra's are what public queries filter and group by most.
"""

from __future__ import annotations

from lockgate.dataclass import dataclass
from lockgate.errors import ConfigurationError
from lockgate.lazy_pattern import lazy_pattern

MOST = 32
"""Paths of one table."""
_AUDIT = (
    "ObjectRef.namespace", "ObjectRef.resource", "ObjectRef.name", "User.username", "ResponseStatus.code",
)  # fmt: skip
HOT_PATHS = {
    "AKSAudit": _AUDIT,
    "AKSAuditAdmin": _AUDIT,
    "AzureDiagnostics": (
        "log_s.verb", "log_s.user.username", "log_s.objectRef.namespace", "log_s.objectRef.resource",
        "log_s.objectRef.name", "log_s.responseStatus.code",
    ),
    "ContainerLogV2": ("LogMessage.level",),
    "SigninLogs": ("Status.errorCode", "LocationDetails.countryOrRegion", "DeviceDetail.trustType"),
    "AuditLogs": ("InitiatedBy.user.userPrincipalName",),
}  # fmt: skip
"""Of each table its paths, where the settings name none."""
_COLUMN = lazy_pattern(r"[A-Za-z_][A-Za-z0-9_]{0,127}")
_STEP = lazy_pattern(r"""\.([A-Za-z_][A-Za-z0-9_-]{0,127})|\[(?:'([^'"\\\[\]]{1,200})'|"([^'"\\\[\]]{1,200})")\]""")


@dataclass(frozen=True, slots=True)
class HotPath:
    """A path below a column."""

    column: str
    """A dynamic column, or a text that holds JSON."""
    path: str
    """The path below it as SQL engines write it: ``$."objectRef"."namespace"``."""


def parsed(text: str) -> HotPath:
    """The path that ``Column.a.b`` or ``Column['a b'].c`` is. Raises :class:`ConfigurationError`."""
    column = _COLUMN.match(text)
    at = column.end() if column is not None else 0
    steps: list[str] = []
    while at and at < len(text):
        step = _STEP.match(text, at)
        if step is None:
            break
        steps.append(next(one for one in step.groups() if one is not None))
        at = step.end()
    if column is None or not steps or at < len(text):
        raise ConfigurationError(
            f"{text[:200]!r} is no path below a column", where="paths", hint="write it as User.username or User['a b']"
        )
    return HotPath(column[0], "$" + "".join(f'."{step}"' for step in steps))
