"""Azure Policy's definitions for Kubernetes as constraints: what its add-on makes of assignments in a cluster.

Definitions, initiatives and assignments come as Azure has them (as ``az policy ... show`` prints them). A definition
points to its ConstraintTemplate by a URL; nothing is fetched, a template among the policies stands for it that lies at
the end of that URL: ``<name>/<version>/template.yaml`` or ``<name>/template.yaml``. What cannot be used is a problem,
for an assignment that is left out would judge nothing in silence.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

from lockgate.dataclass import dataclass
from lockgate.errors import LockgateError
from lockgate.formats.azure_policy import sort_of
from lockgate.gates.admission.placed import Placed
from lockgate.policy.errors import PolicyError
from lockgate.store.waiver import Waiver

if TYPE_CHECKING:
    from lockgate.policy.azure import Exemption

T = TypeVar("T")
_MODE = "microsoft.kubernetes.data"
_MANAGED = "Microsoft.ContainerService/managedClusters"
_UNNAMED = re.compile(r"[^a-z0-9.-]+")
_MAX_NAME = 200
_LOCATION = "resourcelocation"
_MANAGEMENT_GROUPS = "/providers/microsoft.management/managementgroups/"


@dataclass(frozen=True, slots=True)
class FromAzure:
    """What the documents come to."""

    templates: tuple[Placed, ...] = ()
    """Templates that definitions hold themselves."""
    constraints: tuple[Placed, ...] = ()
    waivers: tuple[Waiver, ...] = ()
    """Of constraints that the cluster is exempt from."""
    problems: tuple[LockgateError, ...] = ()


def constraints_of(documents: Sequence[Placed], templates: Sequence[Placed], *, cluster: str = "") -> FromAzure:
    """The constraints that the assignments among ``documents`` ask for.

    ``templates``: every ConstraintTemplate with its place. ``cluster``: the resource id of the cluster; assignments
    whose scope it does not lie in are left out. Without one every assignment counts. Never raises.
    """
    return _Making(templates, cluster).made(documents)


class _Making:
    def __init__(self, templates: Sequence[Placed], cluster: str) -> None:
        self._templates, self._cluster = templates, cluster
        self._own: list[Placed] = []
        self._constraints: dict[tuple[str, str], Placed] = {}
        self._known: set[str] = set()
        """Folded ids of assignments."""
        self._made: dict[str, dict[str, tuple[str]]] = {}
        """Folded id of an assignment -> folded reference of a definition -> the constraint, as waivers name it."""
        self._faulty: set[str] = set()
        """Exemptions that lack something and were told."""
        self._problems: list[LockgateError] = []

    def made(self, documents: Sequence[Placed]) -> FromAzure:
        from lockgate.policy.azure import parse_assignment, parse_definition, parse_exemption, parse_initiative
        from lockgate.policy.azure.bindings import Library

        held: dict[str, list[Placed]] = {}
        for one in documents:
            held.setdefault(sort_of(one.body), []).append(one)
        definitions = [*self._parsed(held.get("definition", ()), parse_definition)]
        initiatives = [*self._parsed(held.get("initiative", ()), parse_initiative)]
        library = Library(definitions, initiatives, any_version=True)
        for one, assignment in self._pairs(held.get("assignment", ()), parse_assignment):
            self._known.add(assignment.id.lower())
            try:
                self._assign(one, library, assignment)
            except LockgateError as error:
                self._problems.append(one.at(error))
        waivers = [waiver for one, given in self._pairs(held.get("exemption", ()), parse_exemption)
                   for waiver in self._waived(one, given)]  # fmt: skip
        if held.get("exemption"):
            waivers += self._waived_rules(documents)
        return FromAzure(tuple(self._own), tuple(self._constraints.values()), tuple(waivers), tuple(self._problems))

    def _waived(self, one: Placed, exemption: Exemption) -> Iterator[Waiver]:
        """The waivers of one exemption: whatever stands in a cluster that is exempt, is."""
        from lockgate.findings.exemptions import waivers_of
        from lockgate.policy.azure.assignments import within

        rules = self._made.get(exemption.assignment_id.lower(), {})
        if exemption.assignment_id.lower() not in self._known:
            told = f"the exemption {exemption.name} is of an assignment that is not among the policies"
            self._problems.append(PolicyError(told, where=one.where, hint="add the assignment, or write a waiver"))
            return
        if not rules:
            return  # of an assignment that makes nothing here: there is nothing to excuse from
        unknown = "" if self._cluster else "which cluster this is is not known"
        if f"{exemption.scope.lower()}/".startswith(_MANAGEMENT_GROUPS):
            unknown = "whether the cluster stands below a management group is not known"
        if unknown:
            told = f"the exemption {exemption.name} cannot be placed: {unknown}"
            hint = "set admission.azure_cluster, or write a waiver"
            self._problems.append(PolicyError(told, where=one.where, hint=hint))
        elif within(self._cluster, exemption.scope):
            for waiver in waivers_of(exemption, rules):
                if waiver.problem:
                    self._fault(one.where, waiver.where, waiver.problem)
                else:
                    yield replace(waiver, scope="", where=f"{one.where}: {exemption.name}")

    def _waived_rules(self, documents: Sequence[Placed]) -> Iterator[Waiver]:
        """The waivers of rules of the rulebook that are mapped to definitions from which the cluster is exempt."""
        from lockgate.findings.exempted import exempted
        from lockgate.formats.azure_policy import Document
        from lockgate.model import Family
        from lockgate.rules import load

        rules = [rule for rule in load((Family.POLICY,), samples=False).rules if "types" not in rule.logic]
        made = exempted([Document(one.where, one.body) for one in documents], rules, cluster=self._cluster)
        for waiver in made.waivers:
            if not waiver.problem:
                yield waiver
            elif waiver.where not in self._faulty:
                self._fault(waiver.where, waiver.where, waiver.problem)

    def _fault(self, where: str, named: str, problem: str) -> None:
        self._faulty.add(named)
        told = f"the exemption {named.rpartition('/')[2]} counts for nothing: {problem}"
        self._problems.append(PolicyError(told, where=where, hint="mend it, or write a waiver"))

    def _parsed(self, documents: Sequence[Placed], parse: Callable[..., T]) -> Iterator[T]:
        return (made for _, made in self._pairs(documents, parse))

    def _pairs(self, documents: Sequence[Placed], parse: Callable[..., T]) -> Iterator[tuple[Placed, T]]:
        for one in documents:
            try:
                yield one, parse(one.body, where=one.where)
            except LockgateError as error:
                self._problems.append(one.at(error))

    def _assign(self, one: Placed, library: Any, assignment: Any) -> None:
        from lockgate.policy.azure import Resource

        name = self._cluster.rstrip("/").rpartition("/")[2]
        resource = Resource({"id": self._cluster, "type": _type(self._cluster), "name": name})
        for bound in library.bind(assignment):
            definition = bound.definition
            if str(definition.mode).lower() != _MODE or not self._in_scope(bound):
                continue
            try:
                _refuse_locations(bound, resource)
                if bound.assignment.selects(resource):
                    definition, values, _ = bound.version_for(resource)
                    self._constrain(one, bound, definition, values, resource)
            except LockgateError as error:
                named = PolicyError(f"{definition.display_name or definition.name}: {error.message}",
                                    where=assignment.where, hint=error.hint)  # fmt: skip
                self._problems.append(one.at(named))

    def _in_scope(self, bound: Any) -> bool:
        from lockgate.policy.azure.assignments import folded_scope

        return not self._cluster or bool(bound.covers((folded_scope(self._cluster),)))

    def _constrain(self, one: Placed, bound: Any, definition: Any, values: Mapping[str, Any], resource: Any) -> None:
        from lockgate.policy.azure import data_plane_policy

        policy = data_plane_policy(definition, values, resource, effect=bound.effect_for(resource))
        if policy is None:  # disabled, or about another sort of cluster
            return
        if policy.mutation:
            raise PolicyError("mutations of Azure Policy are not taken", hint="give the mutator itself")
        if policy.constraint_url:
            raise PolicyError("it points to a constraint with placeholders, as definitions of old did",
                              hint="use a version of the definition with templateInfo")  # fmt: skip
        if not bound.assignment.enforced and policy.enforcement_action == "deny":
            policy = replace(policy, enforcement_action="dryrun")
        kind = self._kind(one, policy)
        name = self._name(bound, kind)
        self._constraints[kind, name] = Placed(one.where, policy.constraint(kind, name))
        made = self._made.setdefault(bound.assignment.id.lower(), {})
        made[bound.reference_id.lower()] = (f"{kind}/{name}",)

    def _kind(self, one: Placed, policy: Any) -> str:
        """The kind of constraint that the definition's template makes."""
        if policy.template_content:
            bodies = _documents(policy.template_content)
        else:
            tails = _tails(policy.template_url)
            bodies = [held.body for tail in tails for held in self._templates if _ends(held.where, tail)][:1]
            if not bodies:
                hint = f"put a copy of it below a folder of policies, as {'/'.join(tails[0])}"
                raise PolicyError(f"its template {policy.template_url} is not among the policies", hint=hint)
        kind = next(filter(None, map(_kind_of, bodies)), "")
        if not kind:
            raise PolicyError("its template names no kind of constraint")
        if policy.template_content:
            self._own += [Placed(one.where, body) for body in bodies if body not in [held.body for held in self._own]]
        return kind

    def _name(self, bound: Any, kind: str) -> str:
        parts = (bound.assignment.name, bound.reference_id)
        name = _UNNAMED.sub("-", "-".join(filter(None, ("azurepolicy", *parts))).lower()).strip("-.")
        if len(name) > _MAX_NAME or (kind, name) in self._constraints:
            told = "\0".join((bound.assignment.id, *parts))
            name = f"{name[:_MAX_NAME]}-{hashlib.sha256(told.encode()).hexdigest()[:12]}"
        return name


def _refuse_locations(bound: Any, resource: Any) -> None:
    """Raises :class:`PolicyError` where something hangs on the cluster's location, which nobody told: to leave the
    assignment out, or to take an override that makes it milder, could let through what Azure would deny."""

    def hangs(parts: Sequence[Any], reference: str) -> bool:
        others = [part for part in parts if part.kind != _LOCATION]
        return len(others) < len(parts) and all(part.admits(resource, reference) for part in others)

    groups = bound.assignment.selectors
    sure = any(all(part.kind != _LOCATION and part.admits(resource, "") for part in parts) for parts in groups)
    if (not sure and any(hangs(parts, "") for parts in groups)) or any(
        hangs(override.selectors, bound.reference_id) for override in bound.assignment.overrides
    ):
        raise PolicyError("its assignment selects by location, and where the cluster stands is not known",
                          hint="take the selector off this copy, or leave the assignment out")  # fmt: skip


def _documents(content: str) -> list[Mapping[str, Any]]:
    from lockgate.formats.yaml_safe import FormatError, load_all

    try:
        return [body for body in load_all(content.encode()) if isinstance(body, dict)]
    except FormatError as error:
        raise PolicyError(f"its template is no YAML: {error}") from None


def _type(identity: str) -> str:
    parts = identity.strip("/").split("/")
    at = next((at for at, part in enumerate(parts) if part.lower() == "providers"), -1)
    return "/".join(parts[at + 1 : at + 3]) if 0 <= at < len(parts) - 2 else _MANAGED


def _tails(url: str) -> list[tuple[str, ...]]:
    """The ends of paths that a copy of a template may have, the most telling first."""
    parts = [part for part in url.partition("?")[0].split("/") if part]
    if len(parts) > 2 and re.fullmatch(r"v[0-9]{1,6}", parts[-2]):
        return [tuple(parts[-3:]), (parts[-3], parts[-1])]
    return [tuple(parts[-2:])]


def _ends(where: str, tail: tuple[str, ...]) -> bool:
    return tuple(where.replace("\\", "/").replace(": ", "/").split("/"))[-len(tail) :] == tail


def _kind_of(template: Any) -> str:
    value = template
    for name in ("spec", "crd", "spec", "names", "kind"):
        value = value.get(name) if isinstance(value, dict) else None
    return value if isinstance(value, str) else ""
