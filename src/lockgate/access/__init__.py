"""Who may what: permissions, what each persona is granted, and the ruling on one request. Pure.

``may`` decides; ``permissions`` names everything that can be asked for; ``personas`` is the matrix. Who somebody is
(``store.team.people``) and what they see of a table (``store.row_access``) do not belong.
"""

from __future__ import annotations

from lockgate.access.personas import granted, reference_markdown
from lockgate.access.ruling import Remedy, Ruling, may, owns

__all__ = ["Remedy", "Ruling", "granted", "may", "owns", "reference_markdown"]
