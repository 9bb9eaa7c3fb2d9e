"""Policies of the rulebook for Azure resources as definitions that Azure Policy enforces without us."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from lockgate.policy.catalogue._cluster_cel import NotExportableError
from lockgate.policy.catalogue.azure import AzurePolicy
from lockgate.policy.catalogue.export import Exported, slug

_SPACE = uuid.UUID("7d4e5f0c-5b4d-4c8e-9a57-2b1c0f6f7a10")
"""Names of definitions are made of it and of the rule, so that another export replaces what the first one made."""
_PLAIN = re.compile(r"(?i)(name|fullName|kind|type|location|id|tags(\..+|\[.+)?|identity\.type)\Z")
_ALIAS = re.compile(r"(?i)[\w.]+/[\w./*\[\]-]+\Z")
_FIELD = re.compile(r"(?i)\bfield\(\s*'([^']*)'\s*\)")


def export(policies: Iterable[AzurePolicy]) -> list[Exported]:
    """Every policy as one definition (Resource Manager JSON); a rule that reads no alias cannot be one."""
    made = []
    for policy in policies:
        try:
            made.append(Exported(policy.rule, slug(policy.rule), (_definition(policy),)))
        except NotExportableError as error:
            made.append(Exported(policy.rule, slug(policy.rule), reason=error.message))
    return made


def definition_name(rule: str) -> str:
    """The name of the definition that a rule is exported as."""
    return str(uuid.uuid5(_SPACE, rule))


def _definition(policy: AzurePolicy) -> dict[str, Any]:
    rule, logic = policy.rule, policy.rule.logic
    condition: Any = logic["deny"]
    for name in _fields(condition):
        if not (_PLAIN.match(name) or _ALIAS.match(name)):
            raise NotExportableError(f"it reads {name}, which is no alias")
    types = [str(one) for one in logic["types"]]
    if "*" not in types:
        mine = {"field": "type", "equals": types[0]} if len(types) == 1 else {"field": "type", "in": types}
        condition = {"allOf": [mine, condition]}
    missing = "missing" in logic
    effects = ["AuditIfNotExists", "Disabled"] if missing else ["Audit", "Deny", "Disabled"]
    then: dict[str, Any] = {"effect": "[parameters('effect')]"}
    if missing:
        then["details"] = logic["missing"]
    parameters = {"effect": {"type": "String", "allowedValues": effects, "defaultValue": effects[0]}}
    if any(name.lower() == "effect" for name in policy.parameters):
        raise NotExportableError("it has a parameter of the name effect")
    parameters |= {name: {"type": _type(value), "defaultValue": value} for name, value in policy.parameters.items()}
    return {
        "name": definition_name(str(rule.id)),
        "type": "Microsoft.Authorization/policyDefinitions",
        "properties": {
            "displayName": rule.title[:128],
            "description": f"{rule.why} {rule.fix}"[:512],
            "policyType": "Custom",
            "mode": "All",
            "metadata": {
                "category": "Lockgate",
                "version": "1.0.0",
                "rule": str(rule.id),
                "severity": str(rule.severity),
            },
            "parameters": parameters,
            "policyRule": {"if": condition, "then": then},
        },
    }


def _fields(condition: Any) -> Iterator[str]:
    pending = [condition]
    while pending:
        one = pending.pop()
        if isinstance(one, Mapping):
            if isinstance(one.get("field"), str) and not one["field"].startswith("["):
                yield one["field"]
            pending.extend(one.values())
        elif isinstance(one, list):
            pending.extend(one)
        elif isinstance(one, str) and one.startswith("["):
            yield from _FIELD.findall(one)


def _type(value: Any) -> str:
    names = ((bool, "Boolean"), (int, "Integer"), (float, "Float"), (str, "String"), (list, "Array"), (dict, "Object"))
    for kind, name in names:
        if isinstance(value, kind):
            return name
    raise NotExportableError(f"a parameter of type {type(value).__name__} has no form in Azure Policy")
