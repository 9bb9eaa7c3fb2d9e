"""The rulebook's own policies put to one object: the same verdict in an editor, a check, an admission and an audit.

A policy is a rule of the family ``policy``. Its ``logic`` says which kinds it judges and, in CEL, what is denied
(``kubernetes``), or holds an Azure Policy rule (``azure``); one of the family ``posture`` says besides what mends it
(``forge``). Pure: an object in, hits out.
"""

from __future__ import annotations

from collections.abc import Iterable

from lockgate.model import Rule
from lockgate.policy.catalogue.by_kind import PoliciesByKind
from lockgate.policy.catalogue.forge_policies import ForgePolicies
from lockgate.policy.catalogue.hit import Hit
from lockgate.policy.catalogue.policies import Policies

__all__ = ["ForgePolicies", "Hit", "Policies", "PoliciesByKind", "prepared_modules"]


def prepared_modules(rules: Iterable[Rule]) -> dict[str, str]:
    """Those of the rules that are about Kubernetes objects, compiled, as modules of Python by name.

    ``hatch_build.py`` puts them into a wheel.
    """
    from lockgate.policy.catalogue._plan import guards_of
    from lockgate.policy.catalogue._prepared import modules_of
    from lockgate.policy.catalogue.kubernetes import compile_policy

    policies = [compile_policy(rule, {}) for rule in rules if "kinds" in rule.logic]
    guards = guards_of((one for one in policies if one.among is None), {})
    return modules_of(policies, {text: one for (_, text), one in guards.items()})
