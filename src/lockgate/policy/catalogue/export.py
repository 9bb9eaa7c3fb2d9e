"""Policies of the rulebook as objects that a cluster enforces without us.

Gatekeeper's ConstraintTemplate and constraint (engine ``K8sNativeValidation``), or Kubernetes'
ValidatingAdmissionPolicy and binding. The differential tests put generated objects to both and to our own judging. Rego
is not written: the policies are CEL, and a translation would be a second meaning that can drift. What does not belong:
Azure's definitions (``export_azure``) and writing files.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from lockgate.model import Rule
from lockgate.policy.catalogue._cluster_cel import ClusterCel, NotExportableError, cluster_cel, constant
from lockgate.policy.catalogue.kubernetes import KubernetesPolicy, kinds_of

ACTIONS: Mapping[str, Mapping[str, str]] = {
    "gatekeeper": {"deny": "deny", "warn": "warn", "audit": "dryrun"},
    "vap": {"deny": "Deny", "warn": "Warn", "audit": "Audit"},
}
"""What follows from a violation, in the words of each form."""
_PLURALS = {"Endpoints": "endpoints", "Gateway": "gateways"}
_NEVER_ASKED = frozenset(
    ("admissionregistration.k8s.io", f"{what}AdmissionPolicy{binding}")
    for what in ("Validating", "Mutating")
    for binding in ("", "Binding")
)
"""Kinds about which Kubernetes asks no admission policy, so that nobody can lock himself out."""
_WITH_EPHEMERAL = "pods/ephemeralcontainers"
"""The subresource through which containers are added to a running Pod: its object is the whole Pod."""


@dataclass(frozen=True, slots=True)
class Exported:
    """What became of one rule."""

    rule: Rule
    name: str
    """Name of the files and of the objects."""
    documents: tuple[Mapping[str, Any], ...] = ()
    """Objects to apply, in order; none when it could not be exported."""
    reason: str = ""
    """Why it could not be."""


def export(policies: Iterable[KubernetesPolicy], form: str, *, action: str = "deny") -> list[Exported]:
    """Every policy as ``gatekeeper`` or ``vap``; ``action`` is ``deny``, ``warn`` or ``audit``."""
    write = {"gatekeeper": _gatekeeper, "vap": _vap}[form]
    made = []
    for policy in policies:
        name = slug(policy.rule)
        try:
            made.append(Exported(policy.rule, name, write(policy, name, cluster_cel(policy), ACTIONS[form][action])))
        except NotExportableError as error:
            made.append(Exported(policy.rule, name, reason=error.message))
    return made


def slug(rule: Rule) -> str:
    """``lockgate-privileged-container`` of ``policy/privileged-container``."""
    return "lockgate-" + str(rule.id).rpartition("/")[2]


def template_kind(rule: Rule) -> str:
    """``LockgatePrivilegedContainer``: the kind of its constraints."""
    return "".join(part.capitalize() for part in slug(rule).split("-"))


def _annotations(rule: Rule, extra: Mapping[str, str] | None = None) -> dict[str, str]:
    return {
        **(extra or {}),
        "lockgate/rule": str(rule.id),
        "lockgate/severity": str(rule.severity),
        "lockgate/fix": rule.fix,
    }


def _validation(rule: Rule, cel: ClusterCel) -> dict[str, str]:
    """The fixed message is said where the computed one fails or is too long."""
    return {"expression": cel.validation, "message": rule.title, "messageExpression": cel.message}


def _gatekeeper(policy: KubernetesPolicy, name: str, cel: ClusterCel, action: str) -> tuple[Mapping[str, Any], ...]:
    rule, kind = policy.rule, template_kind(policy.rule)
    if len(kind) > 63:
        raise NotExportableError(f"the kind {kind} would be longer than 63 characters")
    crd: dict[str, Any] = {"spec": {"names": {"kind": kind}}}
    if policy.parameters:
        properties = {key: _schema(value) for key, value in policy.parameters.items()}
        crd["spec"]["validation"] = {"openAPIV3Schema": {"type": "object", "properties": properties}}
    source: dict[str, Any] = {
        # An object that goes is not judged; Gatekeeper's webhook may be asked about deletions too.
        "matchCondition": [{"name": "an-object-comes", "expression": "object != null"}],
        "variables": [{"name": key, "expression": text} for key, text in cel.variables],
        "validations": [_validation(rule, cel)],
        "failurePolicy": "Fail",
    }
    if not source["variables"]:
        del source["variables"]
    described = {"metadata.gatekeeper.sh/title": rule.title, "description": rule.why}
    template = {
        "apiVersion": "templates.gatekeeper.sh/v1",
        "kind": "ConstraintTemplate",
        "metadata": {"name": kind.lower(), "annotations": _annotations(rule, described)},
        "spec": {
            "crd": crd,
            "targets": [
                {
                    "target": "admission.k8s.gatekeeper.sh",
                    "code": [{"engine": "K8sNativeValidation", "source": source}],
                }
            ],
        },
    }
    constraint: dict[str, Any] = {
        "apiVersion": "constraints.gatekeeper.sh/v1beta1",
        "kind": kind,
        "metadata": {"name": name},
        "spec": {"enforcementAction": action, "match": {"kinds": _match_kinds(policy)}},
    }
    if policy.parameters:
        constraint["spec"]["parameters"] = dict(policy.parameters)
    return template, constraint


def _match_kinds(policy: KubernetesPolicy) -> list[dict[str, list[str]]]:
    by_group: dict[str, list[str]] = {}
    for group, kind in dict.fromkeys(kinds_of(policy)):
        by_group.setdefault(group, []).append(kind)
    return [{"apiGroups": [group], "kinds": kinds} for group, kinds in by_group.items()]


def _schema(value: Any) -> dict[str, Any]:
    match value:
        case bool():
            return {"type": "boolean"}
        case int():
            return {"type": "integer"}
        case float():
            return {"type": "number"}
        case str():
            return {"type": "string"}
        case list() | tuple() if len({type(item) for item in value}) == 1:
            return {"type": "array", "items": _schema(value[0])}
    return {"x-kubernetes-preserve-unknown-fields": True}


def _vap(policy: KubernetesPolicy, name: str, cel: ClusterCel, action: str) -> tuple[Mapping[str, Any], ...]:
    rule = policy.rule
    if _NEVER_ASKED.issuperset(kinds_of(policy)):
        raise NotExportableError("Kubernetes asks no admission policy about admission policies and their bindings")
    variables = [{"name": key, "expression": text} for key, text in cel.variables]
    if policy.parameters:
        variables.insert(0, {"name": "params", "expression": constant(policy.parameters)})
    spec: dict[str, Any] = {
        "failurePolicy": "Fail",
        "matchConstraints": {"resourceRules": _resource_rules(policy, cel)},
        "variables": variables,
        "validations": [_validation(rule, cel)],
    }
    if not variables:
        del spec["variables"]
    described = {"lockgate/title": rule.title, "lockgate/why": rule.why}
    whole = {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingAdmissionPolicy",
        "metadata": {"name": name, "annotations": _annotations(rule, described)},
        "spec": spec,
    }
    binding = {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingAdmissionPolicyBinding",
        "metadata": {"name": name},
        "spec": {"policyName": name, "validationActions": [action]},
    }
    return whole, binding


def _resource_rules(policy: KubernetesPolicy, cel: ClusterCel) -> list[dict[str, Any]]:
    """Every version, since our judging asks for group and kind alone."""
    by_group: dict[str, list[str]] = {}
    for group, kind in dict.fromkeys(pair for pair in kinds_of(policy) if pair not in _NEVER_ASKED):
        resources = by_group.setdefault(group, [])
        resources.append(plural(kind))
        if kind == "Pod" and any(name == "containers" for name, _ in cel.variables):
            resources.append(_WITH_EPHEMERAL)
    return [
        {"apiGroups": [group], "apiVersions": ["*"], "operations": ["CREATE", "UPDATE"], "resources": resources}
        for group, resources in by_group.items()
    ]


def plural(kind: str) -> str:
    """The resource of a kind, as Kubernetes names those of its own and by far the most others."""
    if kind in _PLURALS:
        return _PLURALS[kind]
    name = kind.lower()
    if name.endswith(("s", "x", "ch", "sh")):
        return f"{name}es"
    if name.endswith("y") and name[-2:-1] not in "aeiou":
        return f"{name[:-1]}ies"
    return f"{name}s" if name != "*" else "*"
