"""ConstraintTemplate: a kind of constraint, the schema of its parameters, and its logic in Rego, CEL or both.

Versions v1, v1beta1 and v1alpha1 of ``templates.gatekeeper.sh``; they differ in the default of ``legacySchema``. When
both engines are given, CEL alone runs, as in Gatekeeper. What does not belong: compiling the logic (``engines``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from lockgate.dataclass import dataclass
from lockgate.policy.gatekeeper.fields import Field, group_version_kind, manifest
from lockgate.policy.gatekeeper.schema import Schema, parse_schema

GROUP = "templates.gatekeeper.sh"
TARGET = "admission.k8s.gatekeeper.sh"
REGO, CEL = "Rego", "K8sNativeValidation"
_VERSIONS = ("v1", "v1beta1", "v1alpha1")
_OPERATIONS = ("*", "CREATE", "UPDATE", "DELETE", "CONNECT")
_RESERVED_PREFIX = "gatekeeper_internal_"
_RESERVED_VARIABLES = ("params", "anyObject")
_MAX_KIND = 63


@dataclass(frozen=True, slots=True)
class RegoSource:
    """Logic in Rego."""

    module: str
    """The module with the rule ``violation``; its package is of no importance."""
    libs: tuple[str, ...] = ()
    """Modules under ``package lib.<name>`` that it may import; they are its own and shared with no other template."""
    version: str = "v0"
    """``v0`` or ``v1``: the dialect. Never guessed."""
    where: str = ""
    """Place of the source in the template."""


@dataclass(frozen=True, slots=True)
class CelSource:
    """Logic in CEL, with the fields of a ValidatingAdmissionPolicy."""

    fields: Mapping[str, Any]
    """``validations``, ``variables``, ``matchCondition`` (in the singular), as they are written."""
    ignore_errors: bool = False
    """``failurePolicy: Ignore``: an expression that fails says nothing. Otherwise it is a violation."""
    where: str = ""
    """Place of the source in the template."""


@dataclass(frozen=True, slots=True)
class Template:
    """One kind of constraint."""

    name: str
    """The kind in lower case."""
    kind: str
    """Kind of its constraints."""
    schema: Schema | None
    """Of ``spec.parameters``; None when constraints take none."""
    rego: RegoSource | None = None
    cel: CelSource | None = None
    operations: tuple[str, ...] = ()
    """Operations that the webhook judges by it; empty or ``*`` for all."""

    @property
    def engine(self) -> str:
        """Whose logic runs: ``K8sNativeValidation`` whenever it is given, else ``Rego``."""
        return CEL if self.cel is not None else REGO

    def without_cel(self) -> Template:
        """The same with Rego alone. Only for a template that has both."""
        assert self.rego is not None
        return replace(self, cel=None)

    def judges(self, operation: str) -> bool:
        """Whether the webhook uses it for ``operation``."""
        return not self.operations or operation in self.operations or "*" in self.operations


def is_template(body: object) -> bool:
    """Whether an object is a ConstraintTemplate of any version."""
    return isinstance(body, dict) and group_version_kind(body)[::2] == (GROUP, "ConstraintTemplate")


def parse_template(body: object) -> Template:
    """The template that a manifest spells. Raises :class:`PolicyError` with the place.

    The logic is only read here, and compiled when the template is added to a library.
    """
    root = manifest(body, kind="ConstraintTemplate")
    group, version, kind_of_object = group_version_kind(root.mapping())
    if (group, kind_of_object) != (GROUP, "ConstraintTemplate") or version not in _VERSIONS:
        raise root.get("apiVersion").error(
            f"is no ConstraintTemplate that is known here: {group}/{version} {kind_of_object}"[:200],
            hint=f"use {GROUP}/{_VERSIONS[0]}",
        )
    crd = root.get("spec").get("crd").get("spec")
    kind = _kind(root, crd.get("names").get("kind"))
    target = _target(root.get("spec").get("targets"))
    rego, cel = _logic(target)
    return Template(
        name=root.get("metadata").get("name").text(),
        kind=kind,
        schema=_schema(crd.get("validation"), legacy=version != "v1"),
        rego=rego,
        cel=cel,
        operations=tuple(entry.choice(_OPERATIONS) for entry in target.get("operations").items()),
    )


def _kind(root: Field, field: Field) -> str:
    kind = field.filled()
    if not (kind.isascii() and kind.isalnum() and kind[0].isalpha() and len(kind) <= _MAX_KIND):
        raise field.error(f"is {kind[:80]!r}", hint=f"letters and digits, at most {_MAX_KIND}")
    name = root.get("metadata").get("name")
    if name.text() != kind.lower():
        raise name.error(f"must be the kind in lower case, {kind.lower()!r}")
    return kind


def _schema(validation: Field, *, legacy: bool) -> Schema | None:
    spec = validation.get("openAPIV3Schema")
    legacy = validation.get("legacySchema").flag(legacy)
    if not spec:
        return Schema(preserve=True) if legacy else None
    return parse_schema(spec, legacy=legacy)


def _target(targets: Field) -> Field:
    found = list(targets.items())
    if len(found) != 1:
        raise targets.error(f"must have one entry, not {len(found)}")
    if found[0].get("target").text() != TARGET:
        raise found[0].get("target").error(f"must be {TARGET!r}")
    return found[0]


def _logic(target: Field) -> tuple[RegoSource | None, CelSource | None]:
    rego: RegoSource | None = None
    cel: CelSource | None = None
    if target.get("rego").text():
        rego = RegoSource(
            target.get("rego").text(), target.get("libs").texts(), where=f"{target.owner}: {target.path}.rego"
        )  # fmt: skip
    for code in target.get("code").items():
        engine = code.get("engine").choice((REGO, CEL))
        if (rego if engine == REGO else cel) is not None:
            raise code.error(f"gives a second source for {engine}")
        if engine == REGO:
            rego = _rego(code.get("source"))
        elif engine == CEL:
            cel = _cel(code.get("source"))
        else:
            raise code.get("engine").error("is missing", hint=f"use {REGO} or {CEL}")
    if rego is None and cel is None:
        raise target.error("has no logic", hint="give rego, or code with an engine and a source")
    return rego, cel


def _rego(source: Field) -> RegoSource:
    return RegoSource(
        module=source.get("rego").filled(),
        libs=source.get("libs").texts(),
        version=source.get("version").choice(("v0", "v1"), "v0"),
        where=f"{source.owner}: {source.path}.rego",
    )


def _cel(source: Field) -> CelSource:
    for variable in source.get("variables").items():
        name = variable.get("name")
        if name.text() in _RESERVED_VARIABLES:
            raise name.error(f"may not be {name.text()!r}, which Gatekeeper defines")
    for named in (*source.get("variables").items(), *source.get("matchCondition").items()):
        if named.get("name").filled().startswith(_RESERVED_PREFIX):
            raise named.get("name").error(f"may not begin with {_RESERVED_PREFIX!r}")
    return CelSource(
        fields=source.mapping(),
        ignore_errors=source.get("failurePolicy").choice(("Fail", "Ignore"), "Fail") == "Ignore",
        where=f"{source.owner}: {source.path}",
    )
