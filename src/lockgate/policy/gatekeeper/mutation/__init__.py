"""Gatekeeper's mutators: read, found to agree or not, applied until an object comes to rest."""

from __future__ import annotations

from lockgate.policy.gatekeeper.mutation.apply import MutationError, apply
from lockgate.policy.gatekeeper.mutation.conflicts import conflicts
from lockgate.policy.gatekeeper.mutation.location import Location, parse_location, spelled
from lockgate.policy.gatekeeper.mutation.mutator import Mutator, is_mutator, parse_mutator
from lockgate.policy.gatekeeper.mutation.patch import patch
from lockgate.policy.gatekeeper.mutation.system import Mutation, Mutators

__all__ = [
    "Location",
    "Mutation",
    "MutationError",
    "Mutator",
    "Mutators",
    "apply",
    "conflicts",
    "is_mutator",
    "parse_location",
    "parse_mutator",
    "patch",
    "spelled",
]
