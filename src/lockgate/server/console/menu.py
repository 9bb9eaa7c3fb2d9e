"""What stands in the menu of every page, in this order; each for those who may see it."""

from __future__ import annotations

from lockgate.access import permissions
from lockgate.dataclass import dataclass
from lockgate.model.actor import Permission


@dataclass(frozen=True, slots=True)
class Item:
    """One place."""

    address: str
    label: str
    needs: Permission | None = None
    """None: everybody who is signed in."""
    key: str = ""
    """Which letter leads there behind ``g``; each once."""


MENU = (
    Item("/home", "Home", key="h"),
    Item("/line", "Delivery line", permissions.FINDINGS_READ, key="l"),
    Item("/findings", "Findings", permissions.FINDINGS_READ, key="f"),
    Item("/waivers", "Waivers", permissions.WAIVERS_READ, key="w"),
    Item("/deployments", "Deployments", permissions.DEPLOYMENTS_READ, key="d"),
    Item("/posture", "Posture", permissions.POSTURE_READ, key="s"),
    Item("/inventory", "Inventory", permissions.REPOSITORIES_READ, key="i"),
    Item("/ask", "Ask", permissions.RECORD_ASK, key="a"),
    Item("/forges", "Forges", permissions.FORGES_READ, key="o"),
    Item("/jobs", "Jobs", permissions.JOBS_READ, key="j"),
    Item("/people", "People", permissions.PEOPLE_READ, key="p"),
    Item("/trail", "Audit trail", permissions.TRAIL_READ, key="t"),
)
