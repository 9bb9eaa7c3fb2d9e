"""What a rule does when it holds: the effects, and their details read and computed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from lockgate.policy.azure.conditions import Test, compile_condition
from lockgate.policy.azure.evaluation import Closure, Run, compiled
from lockgate.policy.azure.fields import Place, Resource
from lockgate.policy.azure.functions import truth
from lockgate.policy.azure.reader import Reader
from lockgate.policy.azure.rules import MAX_EXISTENCE_CONDITIONS, RuleReader, Template
from lockgate.policy.azure.values import MISSING, Json, ascii_fold, kind
from lockgate.policy.errors import EvaluationError


class Effect(StrEnum):
    """The effects, as the reference spells them."""

    DISABLED = "disabled"
    APPEND = "append"
    MODIFY = "modify"
    DENY = "deny"
    AUDIT = "audit"
    MANUAL = "manual"
    AUDIT_IF_NOT_EXISTS = "auditIfNotExists"
    DENY_ACTION = "denyAction"
    DEPLOY_IF_NOT_EXISTS = "deployIfNotExists"
    MUTATE = "mutate"
    ADD_TO_NETWORK_GROUP = "addToNetworkGroup"
    ENFORCE_OPA_CONSTRAINT = "enforceOPAConstraint"
    ENFORCE_REGO_POLICY = "enforceRegoPolicy"


EFFECTS: Final = {ascii_fold(effect.value): effect for effect in Effect}
IF_NOT_EXISTS: Final = frozenset((Effect.AUDIT_IF_NOT_EXISTS, Effect.DEPLOY_IF_NOT_EXISTS))


@dataclass(frozen=True, slots=True)
class Change:
    """One operation of ``modify`` or one entry of ``append``, computed for a resource."""

    operation: str
    """``addOrReplace``, ``add`` or ``remove``; ``append`` is ``add``."""
    field: str
    """The field that is changed."""
    value: Json
    """What it becomes; MISSING for ``remove``."""
    applies: bool
    """Whether the operation's own condition holds."""
    written_field: str
    """The field as the policy writes it."""
    written_condition: str
    """The condition as the policy writes it; empty when there is none."""


@dataclass(frozen=True, slots=True)
class Modification:
    """The details of ``modify`` and ``append``."""

    changes: tuple[Change, ...]
    """In the order in which they are applied."""
    conflict_effect: str
    """``deny``, ``audit`` or ``disabled``: what happens when an operation cannot be applied."""
    role_definition_ids: tuple[str, ...]
    """The roles that a remediation needs."""


@dataclass(frozen=True, slots=True)
class RelatedQuery:
    """Which related resources an ``IfNotExists`` effect looks for."""

    origin: str
    """The id of the judged resource; empty when it has none."""
    origin_type: str
    """The type of the judged resource."""
    type: str
    """Their resource type."""
    name: str
    """Their name, which may be ``parent/child``, with ``?`` for any last part; empty for any."""
    kind: str
    """Their kind; empty for any."""
    resource_group: str
    """The resource group to look in; empty for that of the judged resource."""
    scope: str
    """``ResourceGroup`` or ``Subscription``, as written; ``ResourceGroup`` when it is not."""


@dataclass(frozen=True, slots=True)
class Deployment:
    """What ``deployIfNotExists`` would deploy."""

    template: Json
    """The template, as written: its expressions belong to the deployment."""
    parameters: Mapping[str, Json]
    """The template's parameters, computed, as ``{name: {"value": ...}}``."""
    mode: str
    """``incremental`` or ``complete``."""
    scope: str
    """``subscription`` or ``resourceGroup``: where it is deployed."""
    location: str
    """Where a deployment on a subscription is kept; else empty."""
    resource_group: str
    """The resource group that it is sent to, when the policy names one."""


@dataclass(frozen=True, slots=True)
class Related:
    """The details of ``auditIfNotExists`` and ``deployIfNotExists``."""

    query: RelatedQuery
    """What was looked for."""
    found: int
    """How many related resources there are; none of them met the condition."""
    role_definition_ids: tuple[str, ...]
    """The roles that a remediation needs."""
    evaluation_delay: str
    """How long Azure waits before it looks, as written."""
    deployment: Deployment | None
    """What would be deployed; None for an audit."""


@dataclass(frozen=True, slots=True)
class ActionDenial:
    """The details of ``denyAction``."""

    actions: tuple[str, ...]
    """The actions that are denied; Azure knows ``delete``."""
    cascades: Mapping[str, str]
    """By ``resourceGroup`` and ``subscription``: ``deny`` or ``allow`` when what is deleted holds the resource."""


@dataclass(frozen=True, slots=True)
class Manual:
    """The details of ``manual``."""

    default_state: str
    """``Unknown``, ``Compliant`` or ``NonCompliant`` without an attestation."""


@dataclass(frozen=True, slots=True)
class Other:
    """Details of the other effects, computed as they stand (a message, a data plane's values)."""

    values: Json
    """The details."""


Details = Modification | Related | ActionDenial | Manual | Other
Lookup = Callable[[RelatedQuery], list[Json]]
"""Finds related resources, as Resource Manager JSON, for the judged resource."""


@dataclass(frozen=True, slots=True)
class _Operation:
    operation: str
    field: Template
    value: Template | None
    condition: Template | None


@dataclass(frozen=True, slots=True)
class Then:
    """The ``then`` of a rule, read."""

    effect: Template
    """The effect's name or the expression that gives it."""
    details: Json
    """The details, as written; None when there are none."""
    operations: tuple[_Operation, ...]
    """Of ``modify`` and ``append``."""
    members: Mapping[str, Template]
    """The other details by folded name, with their expressions read, deployments and conditions left out."""
    existence: Test | None
    """The existence condition; None when any related resource will do."""
    deployment: Mapping[str, Template | Json]
    """``template`` as written, and the rest with expressions read."""


def read_then(reader: Reader, rules: RuleReader, value: Json, place: Place) -> Then:
    """Read ``then``. Raises :class:`PolicyError` at what is wrong."""
    members = reader.members(value, place, "then")
    if "effect" not in members:
        raise reader.error("then has no effect", place)
    written, effect = members["effect"]
    at: Place = (place, written)
    template = rules.template(reader.string(effect, at, "effect"), at)
    if template.constant and ascii_fold(effect) not in EFFECTS:
        raise reader.error(f"there is no effect {effect!r}", at, hint=f"the effects are {', '.join(Effect)}")
    details_name, details = members.get("details", ("details", None))
    then = _read_details(reader, rules, template, details, (place, details_name))
    known = EFFECTS.get(ascii_fold(effect))
    if known in IF_NOT_EXISTS and "type" not in then.members:
        raise reader.error(f"{known} needs the type of the related resource in its details", place)
    return then


def _read_details(reader: Reader, rules: RuleReader, effect: Template, details: Json, place: Place) -> Then:
    if details is None:
        return Then(effect, None, (), {}, None, {})
    if isinstance(details, list):
        operations = tuple(
            _operation(reader, rules, one, (place, index), append=True) for index, one in enumerate(details)
        )
        return Then(effect, details, operations, {}, None, {})
    members = reader.members(details, place, "details")
    operations = ()
    existence: Test | None = None
    deployment: dict[str, Template | Json] = {}
    others: dict[str, Template] = {}
    for folded, (name, value) in members.items():
        at: Place = (place, name)
        if folded == "operations":
            listed = reader.array(value, at, name)
            operations = tuple(
                _operation(reader, rules, one, (at, index), append=False) for index, one in enumerate(listed)
            )
        elif folded == "existencecondition":
            rules.conditions, rules.most_conditions = 0, MAX_EXISTENCE_CONDITIONS
            existence = compile_condition(rules.condition(value, at))
        elif folded == "deployment":
            deployment = _deployment(reader, rules, value, at)
        else:
            others[folded] = rules.template(value, at)
    return Then(effect, details, operations, others, existence, deployment)


def _operation(reader: Reader, rules: RuleReader, value: Json, place: Place, *, append: bool) -> _Operation:
    members = reader.members(value, place, "an entry of append" if append else "an operation")
    if "field" not in members:
        raise reader.error("a change needs a field", place)
    field_name, field = members["field"]
    reader.string(field, (place, field_name), "field")
    operation = "add"
    if not append:
        name, given = members.get("operation", ("operation", None))
        operation = _OPERATIONS.get(ascii_fold(given) if isinstance(given, str) else "", "")
        if not operation:
            raise reader.error("an operation is addOrReplace, add or remove", (place, name))
    if operation != "remove" and "value" not in members:
        raise reader.error(f"{operation} needs a value", place)
    read = {
        name: rules.template(members[name][1], (place, members[name][0]))
        for name in ("field", "value", "condition")
        if name in members
    }
    condition = read.get("condition")
    if condition is not None and not isinstance(condition.value, str | bool):
        raise reader.error("an operation's condition must be an expression", condition.place)
    return _Operation(operation, read["field"], read.get("value"), condition)


_OPERATIONS = {"addorreplace": "addOrReplace", "add": "add", "remove": "remove"}


def _deployment(reader: Reader, rules: RuleReader, value: Json, place: Place) -> dict[str, Template | Json]:
    members = reader.members(value, place, "deployment")
    found: dict[str, Template | Json] = {
        folded: rules.template(one, (place, name)) for folded, (name, one) in members.items() if folded != "properties"
    }
    if "properties" in members:
        name, properties = members["properties"]
        at: Place = (place, name)
        for folded, (inner, one) in reader.members(properties, at, "deployment.properties").items():
            found[folded] = one if folded == "template" else rules.template(one, (at, inner))
    return found


def effect_named(written: Json) -> Effect:
    """The effect of this name, in any case. Raises :class:`EvaluationError` for a name that is none."""
    found = EFFECTS.get(ascii_fold(written)) if isinstance(written, str) else None
    if found is None:
        raise EvaluationError(f"there is no effect {written!r}")
    return found


class Doing:
    """``then`` compiled: tells the effect, and computes details."""

    __slots__ = ("_deploy", "_effect", "_members", "_names", "_operations", "then")

    def __init__(self, then: Then) -> None:
        self.then = then
        self._effect = compiled(then.effect)
        self._members = {name: compiled(template) for name, template in then.members.items()}
        written = then.details if isinstance(then.details, dict) else {}
        self._names = {ascii_fold(name): name for name in written}
        self._deploy = {name: compiled(part) for name, part in then.deployment.items() if isinstance(part, Template)}
        self._operations = [
            (
                one,
                compiled(one.field),
                compiled(one.value) if one.value is not None else None,
                compiled(one.condition) if one.condition is not None else None,
            )
            for one in then.operations
        ]

    def effect(self, run: Run) -> tuple[Effect, str]:
        """The effect and its name as written. Raises :class:`EvaluationError` for a name that is none."""
        written = self._effect(run)
        return effect_named(written), written

    def _text(self, run: Run, name: str, otherwise: str = "") -> str:
        closure = self._members.get(name)
        value = closure(run) if closure is not None else None
        return value if isinstance(value, str) and value else otherwise

    def _texts(self, run: Run, name: str) -> tuple[str, ...]:
        closure = self._members.get(name)
        value = closure(run) if closure is not None else None
        return tuple(one for one in value if isinstance(one, str)) if isinstance(value, list) else ()

    def query(self, run: Run) -> RelatedQuery:
        """Which related resources to look for."""
        wanted = self._text(run, "type")
        if not wanted:
            raise EvaluationError("the type of the related resource is empty")
        return RelatedQuery(
            origin=run.origin.id,
            origin_type=run.origin.type,
            type=wanted,
            name=self._text(run, "name"),
            kind=self._text(run, "kind"),
            resource_group=self._text(run, "resourcegroupname"),
            scope=self._text(run, "existencescope", "ResourceGroup"),
        )

    def satisfied(self, run: Run, related: list[Json], wanted: str) -> bool:
        """Whether any related resource meets the existence condition; ``wanted`` is its type where it names none."""
        if self.then.existence is None:
            return bool(related)
        for one in related:
            if not isinstance(one, dict):
                continue
            given = one if any(ascii_fold(key) == "type" for key in one) else {**one, "type": wanted}
            view = Resource(given, run.origin.catalogue)
            inner = Run(view, run.parameters, run.context, origin=run.origin)
            inner.budget = run.budget
            if self.then.existence(inner):
                return True
        return False

    def details(self, run: Run, effect: Effect, *, found: int = 0) -> Details | None:
        """The details of the effect, computed; None when the policy gives none."""
        if self.then.details is None:
            return None
        if effect in (Effect.MODIFY, Effect.APPEND):
            return self._modification(run)
        if effect in IF_NOT_EXISTS:
            deployment = self._deployment(run) if effect is Effect.DEPLOY_IF_NOT_EXISTS else None
            return Related(
                self.query(run), found, self._texts(run, "roledefinitionids"), self._text(run, "evaluationdelay"),
                deployment,
            )  # fmt: skip
        if effect is Effect.DENY_ACTION:
            return self._action_denial(run)
        if effect is Effect.MANUAL:
            return Manual(self._text(run, "defaultstate", "Unknown"))
        return Other({self._names[name]: _none(closure(run)) for name, closure in self._members.items()})

    def _action_denial(self, run: Run) -> ActionDenial:
        closure = self._members.get("cascadebehaviors")
        cascades = closure(run) if closure is not None else {}
        given = cascades.items() if isinstance(cascades, dict) else ()
        by_scope = {str(scope): str(behaviour).lower() for scope, behaviour in given}
        return ActionDenial(tuple(one.lower() for one in self._texts(run, "actionnames")), by_scope)

    def _modification(self, run: Run) -> Modification:
        changes = []
        for written, field_of, value_of, condition_of in self._operations:
            name = field_of(run)
            if not isinstance(name, str) or not name:
                raise EvaluationError(f"a changed field needs a name, not {kind(name)}")
            value = _none(value_of(run)) if value_of is not None else MISSING
            applies = truth(condition_of(run)) if condition_of is not None else True
            condition = "" if written.condition is None else str(written.condition.value)
            changes.append(Change(written.operation, name, value, applies, written.field.value, condition))
        conflict = self._text(run, "conflicteffect", "deny").lower()
        return Modification(tuple(changes), conflict, self._texts(run, "roledefinitionids"))

    def _deployment(self, run: Run) -> Deployment | None:
        if not self.then.deployment:
            return None
        parts = {name: _none(closure(run)) for name, closure in self._deploy.items()}
        parameters = parts.get("parameters")
        return Deployment(
            self.then.deployment.get("template"),
            parameters if isinstance(parameters, dict) else {},
            str(parts.get("mode") or "incremental"),
            self._text(run, "deploymentscope", "resourceGroup"),
            str(parts.get("location") or ""),
            str(parts.get("resourcegroup") or self._text(run, "resourcegroupname")),
        )


def _none(value: Json) -> Json:
    return None if value is MISSING else value


__all__ = ["EFFECTS", "Closure", "Details", "Doing", "Effect", "Lookup", "Then", "read_then"]
