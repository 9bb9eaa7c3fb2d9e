"""Judges Kubernetes manifests as they stand in files, by the policies of the rulebook.

Options: the parameters that rules of the family name. Files that need others beside them to be understood (kustomize,
charts, Bicep, Terraform) are judged by ``infrastructure``, objects of a cluster by ``objects``; all three put the same
policies to the same noun.
"""

from __future__ import annotations

from collections.abc import Sequence

from lockgate.model import Family, File, Rule
from lockgate.scanners import ScanContext, Scanner, Session


def _wants(path: str, size: int) -> bool:  # noqa: ARG001 -- one that is too large gives a Skip
    return path.endswith((".yaml", ".yml", ".json"))


def _start(rules: Sequence[Rule], context: ScanContext) -> Session:
    from lockgate.scanners.policy._session import start  # an unchanged tree never needs it

    return start(rules, context)


SCANNER = Scanner(Family.POLICY, File, _start, _wants, takes_parameters=True)
