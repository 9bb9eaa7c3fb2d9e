"""Makes findings known again: identity, what is new or fixed, waivers, owners, who brought it.

``settle`` joins it all and is pure but for the introductions it is handed as a callable. What does not belong: judging
(scanners), verdicts (gates), storing (store).
"""

from lockgate.findings.blame import Introduction, Introductions, introductions
from lockgate.findings.identity import fingerprint
from lockgate.findings.inline import inline_waivers
from lockgate.findings.owners import Owners
from lockgate.findings.settle import Settled, settle
from lockgate.findings.waivers import Waivers
from lockgate.store.known import KnownFinding
from lockgate.store.waiver import Waiver

__all__ = [
    "Introduction", "Introductions", "KnownFinding", "Owners", "Settled", "Waiver", "Waivers", "fingerprint",
    "inline_waivers", "introductions", "settle",
]  # fmt: skip
