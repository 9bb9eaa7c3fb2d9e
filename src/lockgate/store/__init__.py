"""The record and what is kept beside it; the one part that may import a database.

``Record`` appends runs to Delta Lake tables and reads them back; ``Ledger`` holds what changes in place (known
findings, acknowledgements, jobs, bypasses); ``cache`` holds what can be made again. What does not belong: deciding
anything about a finding. Heavy packages are imported inside the functions that need them, because a second check of an
unchanged tree has half a second in all.
"""

from lockgate.store.known import KnownFinding
from lockgate.store.ledger import Ledger
from lockgate.store.record import Record
from lockgate.store.waiver import Waiver

__all__ = ["KnownFinding", "Ledger", "Record", "Waiver"]
