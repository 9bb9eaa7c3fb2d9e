"""The rulebook's own policies put to one object: the same verdict in an editor, a check, an admission and an audit.

A policy is a rule of the family ``policy``. Its ``logic`` says which kinds it judges and, in CEL, what is denied
(``kubernetes``), or holds an Azure Policy rule (``azure``). Pure: an object in, hits out.
"""

from lockgate.policy.catalogue.by_kind import PoliciesByKind
from lockgate.policy.catalogue.hit import Hit
from lockgate.policy.catalogue.policies import Policies

__all__ = ["Hit", "Policies", "PoliciesByKind"]
