"""Constraint: a template put to use, for which objects, with which parameters, and what follows a violation.

What does not belong: matching (``match``) and judging (``library``).
"""

from __future__ import annotations

import marshal
from collections.abc import Mapping
from typing import Any, TypeAlias

from lockgate.dataclass import dataclass
from lockgate.policy.errors import PolicyError
from lockgate.policy.gatekeeper.fields import Field, group_version_kind, manifest
from lockgate.policy.gatekeeper.match import Match, parse_match
from lockgate.policy.gatekeeper.schema import Schema
from lockgate.policy.gatekeeper.template import Template

GROUP = "constraints.gatekeeper.sh"
ACTIONS = ("deny", "warn", "dryrun")
"""What may follow a violation, the strictest first."""
WEBHOOK, AUDIT, GATOR, VAP = (
    "validation.gatekeeper.sh", "audit.gatekeeper.sh", "gator.gatekeeper.sh", "vap.k8s.io",
)  # fmt: skip
POINTS = (WEBHOOK, AUDIT, GATOR, VAP)
"""Where constraints are enforced; a scoped constraint names the ones it means."""
_VERSIONS = ("v1beta1", "v1alpha1")
_FIELDS = frozenset({"match", "parameters", "enforcementAction", "scopedEnforcementActions"})
_NAME_CHARACTERS = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-.")
_MAX_NAME = 63


@dataclass(frozen=True, slots=True)
class Enforcement:
    """What follows a violation at each point."""

    action: str = "deny"
    """``deny``, ``warn``, ``dryrun`` or ``scoped``."""
    scoped: tuple[tuple[str, str], ...] = ()
    """(point, action) of a scoped constraint; the point may be ``*``."""

    def at(self, point: str) -> tuple[str, ...]:
        """The actions at ``point``, the strictest first; none when the constraint is not enforced there."""
        if self.action != "scoped":
            return (self.action,)
        found = {action for at, action in self.scoped if at in ("*", point)}
        return tuple(action for action in ACTIONS if action in found)


@dataclass(frozen=True, slots=True)
class Constraint:
    """One constraint."""

    kind: str
    name: str
    match: Match
    enforcement: Enforcement
    parameters: Mapping[str, Any]
    """``spec.parameters`` with the defaults of the template's schema; empty when there are none."""
    body: Mapping[str, Any]
    """The whole constraint, defaults applied; CEL reads its parameters from here."""

    @property
    def key(self) -> str:
        """``Kind/name``, which is unique in a library."""
        return f"{self.kind}/{self.name}"


class SchemaError(PolicyError):
    """A constraint does not fit its template's schema."""

    code = "schema"


Checked: TypeAlias = "dict[tuple[str, bytes], dict[str, Any] | None]"
"""Parameters with defaults by the kind of their template and how a constraint spells them."""
_MAX_CHECKED = 4096


def is_constraint(body: object) -> bool:
    """Whether an object is a constraint of any kind."""
    return isinstance(body, dict) and group_version_kind(body)[0] == GROUP


def parse_constraint(body: object, template: Template, checked: Checked | None = None) -> Constraint:
    """The constraint that a manifest spells, checked against its template. ``checked`` holds parameters of constraints
    of this very template that fit it, and takes these.

    Raises :class:`PolicyError` with the place; :class:`SchemaError` when it is the schema that it does not fit.
    """
    root = manifest(body, kind=template.kind)
    group, version, kind = group_version_kind(root.mapping())
    if group != GROUP or version not in _VERSIONS:
        raise root.get("apiVersion").error(f"is {group}/{version}"[:120], hint=f"use {GROUP}/{_VERSIONS[0]}")
    if kind != template.kind:
        raise root.get("kind").error(f"is {kind[:80]!r}, but the template is for {template.kind!r}")
    name = root.get("metadata").get("name")
    text = name.text()
    if not (_NAME_CHARACTERS.issuperset(text) and text[0].isalnum() and text[-1].isalnum() and len(text) <= _MAX_NAME):
        raise name.error("is not a DNS name", hint=f"lower-case letters, digits, - and ., at most {_MAX_NAME}")
    spec = root.get("spec")
    for field in spec.mapping():
        if field not in _FIELDS:
            raise spec.get(str(field)).error("is an unknown field", hint=f"spec has {', '.join(sorted(_FIELDS))}")
    parameters = _parameters(spec, template, {} if checked is None else checked)
    whole = {**root.mapping(), "spec": {**spec.mapping()}}
    whole.pop("status", None)
    if parameters is not None:
        whole["spec"]["parameters"] = parameters
    return Constraint(
        kind=kind,
        name=text,
        match=parse_match(spec.get("match")),
        enforcement=_enforcement(spec),
        parameters=parameters or {},
        body=whole,
    )


def _parameters(spec: Field, template: Template, checked: Checked) -> dict[str, Any] | None:
    """Defaulted and checked parameters; None when there are none at all. The same object for the same: many constraints
    of a template differ in what they match alone."""
    field = spec.get("parameters")
    try:
        key = template.kind, marshal.dumps(field.value, 2)
    except ValueError:  # a value that a file can hold and JSON cannot
        return _fitting(spec, field, template)
    if key not in checked:
        if len(checked) >= _MAX_CHECKED:
            checked.clear()
        checked[key] = _fitting(spec, field, template)
    return checked[key]


def _fitting(spec: Field, field: Field, template: Template) -> dict[str, Any] | None:
    schema = template.schema
    if schema is None:
        if field.mapping():
            raise SchemaError(
                "is given, but the template's schema knows no parameters", where=f"{field.owner}: {field.path}"
            )
        return None
    around = {"parameters": field.value} if field else {}
    value = Schema(properties={"parameters": schema}).defaulted(around).get("parameters")
    if value is None:
        return None
    wrong = list(schema.problems(value, field.path))
    if wrong:
        more = f" (and {len(wrong) - 1} more)" if len(wrong) > 1 else ""
        raise SchemaError(wrong[0].message + more, where=f"{spec.owner}: {wrong[0].path}")
    if not isinstance(value, dict):
        raise field.error("must be a mapping")
    return value


def _enforcement(spec: Field) -> Enforcement:
    action = spec.get("enforcementAction").choice((*ACTIONS, "scoped"), "deny")
    if action != "scoped":
        return Enforcement(action)
    field = spec.get("scopedEnforcementActions")
    if not field:
        raise field.error("is missing", hint="enforcementAction: scoped needs it")
    pairs = [
        (point.get("name").choice((*POINTS, "*")), entry.get("action").choice(ACTIONS))
        for entry in field.items()
        for point in entry.get("enforcementPoints").items()
    ]
    if any(not point or not action_ for point, action_ in pairs):
        raise field.error("has an entry without action or name")
    return Enforcement(action, tuple(pairs))
