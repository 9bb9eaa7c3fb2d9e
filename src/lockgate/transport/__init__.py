"""Requests to servers elsewhere: connections to checked addresses. What is asked, and by whom, is the callers' matter.

Registries, forges, identity providers and whoever takes notices are asked through it alike. Stands below ``sources``,
whose members do not know each other and share it.
"""

from lockgate.transport.connections import Transport, Trust, shown
from lockgate.transport.errors import AbsentError, RefusedError, UnansweredError

__all__ = ["AbsentError", "RefusedError", "Transport", "Trust", "UnansweredError", "shown"]
