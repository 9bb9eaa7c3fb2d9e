"""How a table of Azure Monitor is written down here: its columns as text, the common ones by exception."""

from __future__ import annotations

from lockgate.dataclass import dataclass
from lockgate.tables import Column, ColumnType, Table

PAGES = "https://learn.microsoft.com/azure/azure-monitor/reference/tables"
"""The pages that most shapes come from, one a table."""
COMMON = (
    Column("Type", ColumnType.STRING, "Name of the table"),
    Column("TenantId", ColumnType.STRING, "Id of the workspace, not of an Entra tenant"),
    Column("SourceSystem", ColumnType.STRING, "Kind of agent or service that collected the row"),
    Column("_ResourceId", ColumnType.STRING, "Azure resource that the row is about; empty for none"),
    Column("_SubscriptionId", ColumnType.STRING, "Subscription that the row is about"),
    Column("_BilledSize", ColumnType.REAL, "Bytes of the row that are billed"),
    Column("_IsBillable", ColumnType.STRING, "Whether the row is billed, as text: true or false"),
)
GENERATED = Column("TimeGenerated", ColumnType.DATETIME, "When it happened or was seen, UTC; retention counts from it")


@dataclass(frozen=True, slots=True)
class Declared:
    """One adopted table as it is written down."""

    about: str
    """One line on what a row is, and what it is for."""
    columns: str
    """A type and names a line, then, where the names do not say it, a colon and what they hold.

    Their order is of no account: a table lists them by name, as the pages do, after ``TimeGenerated`` and before the
    common ones. A name that ends in ``_CF`` is a column of ours, as Azure Monitor itself has columns end that are added
    to a table of its own.
    """
    source: str = ""
    """What defines the shape, where that is not the page of the table."""
    plans: str = "Analytics"
    """Plans that the service has for it."""
    omits: str = ""
    """Common columns that the page lacks. ``TenantId`` is never one: every workspace gives it."""

    def table(self, name: str) -> Table:
        """The table, with its common columns. Raises :class:`ConfigurationError` for a wrong declaration."""
        own = [column for line in self.columns.strip().splitlines() for column in _columns(line)]
        own.sort(key=lambda column: (column.name.lower(), column.name))
        given = {column.name for column in own} | set(self.omits.split())
        common = [column for column in COMMON if column.name not in given]
        return Table(
            name, (GENERATED, *own, *common), self.source or f"{PAGES}/{name.lower()}", self.about,
            plans=tuple(self.plans.split(", ")),
        )  # fmt: skip


def _columns(line: str) -> list[Column]:
    head, _, about = line.strip().partition(": ")
    kind, *names = head.split()
    return [Column(name, ColumnType(kind), about, ours=name.endswith("_CF")) for name in names]
