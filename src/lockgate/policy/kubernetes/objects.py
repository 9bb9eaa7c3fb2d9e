"""Policy objects of ``admissionregistration.k8s.io``, read and checked: policies and their bindings.

Shapes are those of ``k8s.io/api/admissionregistration`` v1, v1beta1 and v1alpha1, which agree in all that is read
here. A field that is not known is refused: passing over it could change what the policy means.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from lockgate.dataclass import dataclass
from lockgate.policy.cel import Expression, compile_expression
from lockgate.policy.cel.program import Program, parse_program
from lockgate.policy.errors import PolicyError
from lockgate.policy.kubernetes.fields import Fields
from lockgate.policy.kubernetes.matching import MatchResources, parse_match_resources
from lockgate.policy.selectors import LabelSelector, parse_selector

GROUP = "admissionregistration.k8s.io"
_VERSIONS = tuple(f"{GROUP}/{version}" for version in ("v1", "v1beta1", "v1alpha1"))
_BASE = ("object", "oldObject", "request", "namespaceObject", "authorizer")
_SPEC = ("paramKind", "matchConstraints", "matchConditions", "variables", "failurePolicy")
_VALIDATING = (*_SPEC, "validations", "auditAnnotations")
_MUTATING = (*_SPEC, "mutations", "reinvocationPolicy")
_BINDING = ("policyName", "paramRef", "matchResources")
_PARAM_REF = ("name", "namespace", "selector", "parameterNotFoundAction")
_MUTATION = ("patchType", "applyConfiguration", "jsonPatch")
_REASONS = ("", "Unauthorized", "Forbidden", "Invalid", "RequestEntityTooLarge")
_MUTABLE = ("CREATE", "UPDATE", "CONNECT")
_STRUCTS = ("Object", "JSONPatch")


@dataclass(frozen=True, slots=True)
class Policy:
    """What both kinds of policy have."""

    name: str
    """The object's name."""
    constraints: MatchResources
    """Requests that it is about."""
    program: Program
    """Its conditions and variables, and for a validating policy its validations and audit annotations."""
    param_kind: tuple[str, str] | None
    """apiVersion and kind of its parameters, ``None`` when it takes none."""
    fails: bool
    """Whether an error refuses the request (``failurePolicy: Fail``) or is passed over (``Ignore``)."""

    def expressions(self) -> Iterator[Expression]:
        """All of its expressions."""
        return self.program.expressions()

    @property
    def asks(self) -> bool:
        """Whether it may ask the authorizer who may do what."""
        return any("authorizers" in one.libraries for one in self.expressions())


@dataclass(frozen=True, slots=True)
class ValidatingPolicy(Policy):
    """A ``ValidatingAdmissionPolicy``."""


@dataclass(frozen=True, slots=True)
class Mutation:
    """One entry of ``mutations``."""

    patch_type: str
    """``ApplyConfiguration`` or ``JSONPatch``."""
    expression: Expression
    """Computes the configuration or the list of operations."""


@dataclass(frozen=True, slots=True)
class MutatingPolicy(Policy):
    """A ``MutatingAdmissionPolicy``."""

    mutations: tuple[Mutation, ...]
    """Changes, in order."""
    reinvoked: bool
    """Whether it runs once more when a policy after it changed the object (``reinvocationPolicy: IfNeeded``)."""

    def expressions(self) -> Iterator[Expression]:
        """All of its expressions."""
        yield from self.program.expressions()
        for one in self.mutations:
            yield one.expression


@dataclass(frozen=True, slots=True)
class ParamRef:
    """Which parameters a binding uses."""

    name: str
    """Name of the one object, or empty when ``selector`` chooses."""
    namespace: str
    """Its namespace; empty means that of the request."""
    selector: LabelSelector | None
    """Labels of the objects, each of which is judged with."""
    denies: bool
    """Whether finding none is an error (``Deny``) or means that there is nothing to judge (``Allow``)."""


@dataclass(frozen=True, slots=True)
class Binding:
    """A binding of either kind of policy."""

    name: str
    """The object's name."""
    policy: str
    """Name of the policy that it puts to work."""
    resources: MatchResources
    """Requests among the policy's that it is about."""
    param_ref: ParamRef | None
    """Parameters, ``None`` when it names none."""
    actions: tuple[str, ...] = ()
    """``Deny``, ``Warn``, ``Audit``: what a violation leads to. Empty for bindings of mutating policies."""
    validating: bool = True
    """Whether it binds a validating policy."""


def parse_object(obj: Mapping[str, Any], *, where: str = "") -> ValidatingPolicy | MutatingPolicy | Binding | None:
    """The policy or binding in ``obj``, ``None`` when it is an object of another kind. Raises :class:`PolicyError`."""
    readers: dict[str, Callable[[str, Fields], ValidatingPolicy | MutatingPolicy | Binding]] = {
        "ValidatingAdmissionPolicy": _validating,
        "ValidatingAdmissionPolicyBinding": _validating_binding,
        "MutatingAdmissionPolicy": _mutating,
        "MutatingAdmissionPolicyBinding": _mutating_binding,
    }
    kind, version = obj.get("kind"), obj.get("apiVersion")
    if not isinstance(kind, str) or kind not in readers or not str(version).startswith(f"{GROUP}/"):
        return None
    if version not in _VERSIONS:
        raise PolicyError(f"{version} is not a version of {kind} that Lockgate knows", where=where)
    top = Fields(obj, at="", where=where)
    metadata = top.map("metadata")
    if metadata is None:
        raise top.fault("metadata", "is missing")
    name, spec = metadata.text("name"), top.map("spec")
    if spec is None:
        raise top.fault("spec", "is missing")
    return readers[kind](name, spec)


def _validating(name: str, spec: Fields) -> ValidatingPolicy:
    common = _common(spec, _VALIDATING)
    if not common["program"].validations and not common["program"].annotations:
        raise spec.fault("validations", "or auditAnnotations must say something")
    for rule in spec.maps("validations"):
        rule.choice("reason", _REASONS, "")
    return ValidatingPolicy(name, **common)


def _common(spec: Fields, known: tuple[str, ...], *, mutable: bool = False) -> dict[str, Any]:
    spec = Fields(spec.value, at=spec.at, where=spec.where, known=known)
    constraints = spec.map("matchConstraints")
    if constraints is None:
        raise spec.fault("matchConstraints", "is missing")
    matched = parse_match_resources(constraints, operations=_MUTABLE) if mutable else parse_match_resources(constraints)
    if not matched.rules:
        raise constraints.fault("resourceRules", "must name at least one")
    kind = spec.map("paramKind", ("apiVersion", "kind"))
    param_kind = None if kind is None else (kind.text("apiVersion"), kind.text("kind"))
    return {
        "constraints": matched,
        "program": parse_program(spec.value, variables=_variables(param_kind), where=_at(spec)),
        "param_kind": param_kind,
        "fails": spec.choice("failurePolicy", ("Fail", "Ignore"), "Fail") == "Fail",
    }


def _variables(param_kind: tuple[str, str] | None) -> tuple[str, ...]:
    return _BASE if param_kind is None else (*_BASE, "params")


def _at(fields: Fields) -> str:
    return f"{fields.where}: {fields.at}" if fields.where else fields.at


def _mutating(name: str, spec: Fields) -> MutatingPolicy:
    common = _common(spec, _MUTATING, mutable=True)
    names = [variable for variable, _ in common["program"].variables]
    variables = (*_variables(common["param_kind"]), "variables")
    entries = spec.maps("mutations", _MUTATION)
    if not entries:
        raise spec.fault("mutations", "must hold at least one")
    return MutatingPolicy(
        name,
        **common,
        mutations=tuple(_mutation(entry, variables, names) for entry in entries),
        reinvoked=spec.choice("reinvocationPolicy", ("Never", "IfNeeded"), "Never") == "IfNeeded",
    )


def _mutation(entry: Fields, variables: tuple[str, ...], names: list[str]) -> Mutation:
    kind = entry.choice("patchType", ("ApplyConfiguration", "JSONPatch"))
    field = "applyConfiguration" if kind == "ApplyConfiguration" else "jsonPatch"
    holder = entry.map(field, ("expression",))
    if holder is None:
        raise entry.fault(field, f"is missing for the patchType {kind}")
    expression = compile_expression(
        holder.text("expression"),
        variables=variables,
        where=f"{_at(holder)}.expression",
        structs=_STRUCTS,
        fields={"variables": names},
    )
    wanted = "object" if kind == "ApplyConfiguration" else "list"
    if expression.kind not in (wanted, "any"):
        raise holder.fault("expression", f"must give {'an Object' if wanted == 'object' else 'a list of JSONPatch'}")
    return Mutation(kind, expression)


def _validating_binding(name: str, spec: Fields) -> Binding:
    spec = Fields(spec.value, at=spec.at, where=spec.where, known=(*_BINDING, "validationActions"))
    actions = spec.texts("validationActions", ("Deny", "Warn", "Audit"))
    if not actions or len(set(actions)) < len(actions):
        raise spec.fault("validationActions", "must name at least one action, and each once")
    if "Deny" in actions and "Warn" in actions:
        raise spec.fault("validationActions", "must not hold both Deny and Warn", hint="a denial is a warning already")
    return _binding(name, spec, actions=actions, validating=True)


def _mutating_binding(name: str, spec: Fields) -> Binding:
    known = Fields(spec.value, at=spec.at, where=spec.where, known=_BINDING)
    return _binding(name, known, actions=(), validating=False)


def _binding(name: str, spec: Fields, *, actions: tuple[str, ...], validating: bool) -> Binding:
    resources = spec.map("matchResources")
    operations = {} if validating else {"operations": _MUTABLE}
    return Binding(
        name,
        spec.text("policyName"),
        MatchResources() if resources is None else parse_match_resources(resources, **operations),
        _param_ref(spec),
        actions,
        validating,
    )


def _param_ref(spec: Fields) -> ParamRef | None:
    ref = spec.map("paramRef", _PARAM_REF)
    if ref is None:
        return None
    name, selector = ref.text("name", ""), ref.value.get("selector")
    if bool(name) == (selector is not None):
        raise ref.fault("name", "or selector must be given, and not both")
    return ParamRef(
        name,
        ref.text("namespace", ""),
        None if selector is None else parse_selector(selector, where=f"{_at(ref)}.selector"),
        ref.choice("parameterNotFoundAction", ("Allow", "Deny")) == "Deny",
    )
