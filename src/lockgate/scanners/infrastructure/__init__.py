"""Judges infrastructure code, by the policies of the rulebook: ARM templates, Bicep and Terraform of Azure.

Such a file is understood with the files beside it (parameters, modules, variables), so its answers are not kept by
file. Options: as of ``policy``.
"""

from __future__ import annotations

from collections.abc import Sequence

from lockgate.formats import azure
from lockgate.model import Family, File, Rule
from lockgate.scanners import ScanContext, Scanner, Session
from lockgate.settings import ScannerOption


def _wants(path: str, size: int) -> bool:  # noqa: ARG001 -- one that is too large gives a Skip
    return azure.wants(path)


def _start(rules: Sequence[Rule], context: ScanContext) -> Session:
    from lockgate.scanners.infrastructure._session import start  # an unchanged tree never needs it

    return start(rules, context)


SCANNER = Scanner(
    Family.POLICY, File, _start, _wants, cacheable=False, kept_whole=True, starts_alike=True,
    takes_parameters=True,
    options=(ScannerOption(
        "azure_scopes", str, "What files of Azure resources are deployed to, first match first: `infra/prod/**="
        "/subscriptions/.../resourceGroups/shop`, or a scope alone for all. Exemptions and waivers by scope need it.",
        many=True, default=""),),
)  # fmt: skip
