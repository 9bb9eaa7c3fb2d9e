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


MENU = (
    Item("/home", "Home"),
    Item("/line", "Delivery line", permissions.FINDINGS_READ),
    Item("/findings", "Findings", permissions.FINDINGS_READ),
    Item("/waivers", "Waivers", permissions.WAIVERS_READ),
    Item("/deployments", "Deployments", permissions.DEPLOYMENTS_READ),
    Item("/posture", "Posture", permissions.POSTURE_READ),
    Item("/inventory", "Inventory", permissions.REPOSITORIES_READ),
    Item("/ask", "Ask", permissions.RECORD_ASK),
    Item("/forges", "Forges", permissions.FORGES_READ),
    Item("/jobs", "Jobs", permissions.JOBS_READ),
    Item("/people", "People", permissions.PEOPLE_READ),
    Item("/trail", "Audit trail", permissions.TRAIL_READ),
)
