"""Policy definitions: read once, then put to resources.

definition = parse_definition(text, where="deny-public.json")
outcome = evaluate(definition, resource, {"effect": "Deny"}, Context())
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from lockgate.policy.azure.aliases import Catalogue
from lockgate.policy.azure.conditions import Test, compile_condition
from lockgate.policy.azure.effects import (
    IF_NOT_EXISTS,
    Details,
    Doing,
    Effect,
    Lookup,
    RelatedQuery,
    effect_named,
    read_then,
)
from lockgate.policy.azure.evaluation import Context, Reason, Run
from lockgate.policy.azure.fields import Place, Resource
from lockgate.policy.azure.parameters import Parameter, read_parameters
from lockgate.policy.azure.paths import is_tag
from lockgate.policy.azure.reader import Reader
from lockgate.policy.azure.rules import Condition, RuleReader
from lockgate.policy.azure.values import MISSING, Json, ascii_fold
from lockgate.policy.errors import EvaluationError, PolicyError

RESOURCE_MANAGER_MODES: Final = frozenset(("all", "indexed"))


@dataclass(frozen=True, slots=True)
class Definition:
    """One policy definition."""

    id: str
    """Its resource id, or empty."""
    name: str
    """Its name (the last part of its id), or empty."""
    display_name: str
    """What people call it."""
    mode: str
    """``All``, ``Indexed`` or a resource provider's mode such as ``Microsoft.Kubernetes.Data``, as written."""
    version: str
    """Its version from ``version`` or the metadata, or empty."""
    metadata: Mapping[str, Json]
    """Its metadata, as written."""
    parameters: Mapping[str, Parameter]
    """Its parameters by folded name."""
    condition: Condition
    """The tree of ``if``."""
    is_resource_manager: bool
    """Whether it judges Resource Manager resources and not a data plane."""
    where: str
    """What errors call the document."""
    test: Test = field(repr=False, compare=False)
    """``if``, compiled."""
    doing: Doing = field(repr=False, compare=False)
    """``then``, compiled."""
    defaults: Mapping[str, Json] = field(repr=False, compare=False)
    """Default values of the parameters that have one, by folded name."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one definition says about one resource."""

    effect: Effect | None
    """The effect that the rule has; None when it has none here. An error has the effect ``deny``, as in Azure."""
    written: str
    """The effect's name as the policy or its parameter writes it, also when the rule did not hold."""
    matched: bool
    """Whether ``if`` held."""
    details: Details | None = None
    """The effect's details, computed."""
    reasons: tuple[Reason, ...] = ()
    """The conditions that decided, in the order of the rule."""
    error: EvaluationError | None = None
    """Why the evaluation failed; None when it did not."""
    unknown: RelatedQuery | None = None
    """The related resources that would have to be known to decide; then ``effect`` is what holds if there are none."""

    @property
    def disabled(self) -> bool:
        """Whether the effect was ``disabled``, so that nothing was evaluated."""
        return ascii_fold(self.written) == Effect.DISABLED


def parse_definition(source: Json, *, where: str = "") -> Definition:
    """Read a policy definition: text, bytes or JSON; with or without the envelope ``{id, name, properties}``.

    Raises :class:`PolicyError` with the JSON pointer of what is wrong, and line and column when text was given.
    """
    reader = Reader(source, where=where)
    members, place = enveloped(reader, "a policy definition")
    if "policyrule" not in members:
        raise reader.error("a policy definition needs a policyRule", place)
    name, rule = members["policyrule"]
    parameters = read_parameters(reader, members, place)
    return _definition(reader, members, parameters, rule, (place, name), checked=True)


def parse_rule(source: Json, *, where: str = "") -> Definition:
    """Read a bare policy rule, ``{"if": ..., "then": ...}``. Any parameter may be given to it."""
    reader = Reader(source, where=where)
    return _definition(reader, {}, {}, reader.json, (), checked=False)


def enveloped(reader: Reader, what: str) -> tuple[dict[str, tuple[str, Json]], Place]:
    """The members of a policy object: those of its envelope and those of ``properties``, each by folded name.

    A name that stands in both is refused, because it is not clear which is meant.
    """
    outer = reader.members(reader.json, (), what)
    if "properties" not in outer:
        return outer, ()
    written, properties = outer.pop("properties")
    place: Place = ((), written)
    inner = reader.members(properties, place, "properties")
    for folded in outer:
        if folded in inner:
            raise reader.error(f"{inner[folded][0]!r} stands inside properties and outside", (place, inner[folded][0]))
    return {**outer, **inner}, place


def text_member(members: Mapping[str, tuple[str, Json]], name: str, otherwise: str = "") -> str:
    """A member that is text; otherwise the default."""
    value = members.get(name, ("", None))[1]
    return value if isinstance(value, str) else otherwise


def _definition(
    reader: Reader,
    members: Mapping[str, tuple[str, Json]],
    parameters: dict[str, Parameter],
    rule: Json,
    place: Place,
    *,
    checked: bool,
) -> Definition:
    parts = reader.members(rule, place, "a policy rule")
    for name in ("if", "then"):
        if name not in parts:
            raise reader.error(f"a policy rule needs {name!r}", place)
    rules = RuleReader(reader, parameters=frozenset(parameters) if checked else None)
    condition = rules.condition(parts["if"][1], (place, parts["if"][0]))
    then = read_then(reader, rules, parts["then"][1], (place, parts["then"][0]))
    metadata = members.get("metadata", ("", None))[1]
    metadata = metadata if isinstance(metadata, dict) else {}
    version = metadata.get("version")
    return Definition(
        id=text_member(members, "id"),
        name=text_member(members, "name"),
        display_name=text_member(members, "displayname"),
        mode=text_member(members, "mode", "All"),
        version=text_member(members, "version") or (version if isinstance(version, str) else ""),
        metadata=metadata,
        parameters=parameters,
        condition=condition,
        is_resource_manager=ascii_fold(text_member(members, "mode", "All")) in RESOURCE_MANAGER_MODES,
        where=reader.where,
        test=compile_condition(condition),
        doing=Doing(then),
        defaults={name: one.default for name, one in parameters.items() if one.default is not MISSING},
    )


def check_modifiable(definition: Definition, catalogue: Catalogue) -> None:
    """Refuse a ``modify`` of an alias that the catalogue marks as not modifiable. Raises :class:`PolicyError`."""
    effect = definition.doing.then.effect
    names = {ascii_fold(str(effect.value))} if effect.constant else set()
    for parameter in definition.parameters.values() if not effect.constant else ():
        given = [parameter.default, *(parameter.allowed or ())]
        names |= {ascii_fold(one) for one in given if isinstance(one, str)}
    if Effect.MODIFY not in names:
        return
    for one in definition.doing.then.operations:
        name = one.field.value
        if not one.field.constant or is_tag(name):
            continue
        alias = catalogue.find(name)
        if alias is not None and alias.modifiable is False:
            raise PolicyError(
                f"modify may not change {name}", where=definition.where,
                hint="the alias is not marked Modifiable; use append, or audit and remediate by hand",
            )  # fmt: skip


def evaluate(
    definition: Definition,
    resource: Resource | Json,
    parameters: Mapping[str, Json] | None = None,
    context: Context | None = None,
    *,
    related: Lookup | None = None,
    explain: bool = True,
    effect: str = "",
) -> Outcome:
    """Put a definition to one resource (Resource Manager JSON, or a :class:`Resource` that is kept for many).

    ``parameters`` are plain values by name. ``related`` finds what ``auditIfNotExists`` looks for. ``explain`` fills
    the reasons, at about the cost of a second evaluation. ``effect`` stands in for the rule's own (an assignment's
    override). Never raises for what a policy or a resource holds: a rule
    that fails has the effect ``deny`` and an ``error``.
    """
    view = resource if isinstance(resource, Resource) else Resource(resource)
    values = dict(definition.defaults)
    if parameters:
        values.update((ascii_fold(name), value) for name, value in parameters.items())
    return run_definition(definition, Run(view, values, context or Context()), related, explain=explain, effect=effect)


def run_definition(
    definition: Definition, run: Run, related: Lookup | None, *, explain: bool = False, effect: str = ""
) -> Outcome:
    """:func:`evaluate` for a run that is made: its parameters are complete and by folded name."""
    written = ""
    try:
        known, written = definition.doing.effect(run) if not effect else (effect_named(effect), effect)
        return _decide(definition, run, known, written, related, explain=explain)
    except EvaluationError as error:
        return Outcome(Effect.DENY, written, matched=False, error=error)
    except RecursionError:
        return Outcome(Effect.DENY, written, matched=False, error=EvaluationError("the resource is nested too deeply"))


def reasons(definition: Definition, run: Run) -> tuple[Reason, ...]:
    """The conditions of ``if`` that decided; those up to the failure when it fails."""
    found: list[Reason] = []
    run.trace = found
    with contextlib.suppress(EvaluationError, RecursionError):
        definition.test(run)
    run.trace = None
    return tuple(found)


def _decide(
    definition: Definition, run: Run, effect: Effect, written: str, related: Lookup | None, *, explain: bool
) -> Outcome:
    if effect is Effect.DISABLED:
        return Outcome(None, written, matched=False)
    run.trace = [] if explain else None
    matched = definition.test(run)
    reasons = tuple(run.trace or ())
    run.trace = None
    if not matched:
        return Outcome(None, written, matched=False, reasons=reasons)
    if effect not in IF_NOT_EXISTS or "type" not in definition.doing.then.members:
        return Outcome(effect, written, True, _details(definition, run, effect), reasons)
    query = definition.doing.query(run)
    if related is None:
        return Outcome(effect, written, True, _details(definition, run, effect), reasons, unknown=query)
    found = related(query)
    if definition.doing.satisfied(run, found, query.type):
        return Outcome(None, written, True, None, reasons)
    return Outcome(effect, written, True, definition.doing.details(run, effect, found=len(found)), reasons)


def _details(definition: Definition, run: Run, effect: Effect) -> Details | None:
    """Details of Resource Manager rules; those of a data plane are its agent's (``kubernetes_data``)."""
    return definition.doing.details(run, effect) if definition.is_resource_manager else None
