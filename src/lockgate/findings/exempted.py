"""Exemptions of Azure Policy as Azure exports them, with the assignments and definitions that they lean on, as waivers.

An exemption names an assignment, that one a definition or an initiative, and a definition is one of the rulebook's when
``lockgate policy export`` made it, by its name or the rule that its metadata name, or when it is a built-in one that
rules are mapped to by a tag ``azure-<name>``. What cannot be followed so far, or stands where no resource can be told
to be, counts for nothing and is told.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from lockgate.dataclass import dataclass
from lockgate.errors import LockgateError
from lockgate.findings.exemptions import waivers_of
from lockgate.formats.azure_policy import Document, sort_of
from lockgate.model import Family, Rule, Skip, SkipKind
from lockgate.store.waiver import Waiver

if TYPE_CHECKING:
    from lockgate.policy.azure import Assignment, Exemption, Initiative

_GROUP = "/providers/microsoft.management/managementgroups/"
_TAG = "azure-"


@dataclass(frozen=True, slots=True)
class Exempted:
    """What came of the documents."""

    waivers: tuple[Waiver, ...] = ()
    skips: tuple[Skip, ...] = ()
    """Exemptions that count for nothing, and documents that could not be read, with why."""


def exempted(documents: Iterable[Document], rules: Iterable[Rule], *, cluster: str = "") -> Exempted:
    """The waivers that the exemptions among ``documents`` amount to.

    ``rules``: those of the rulebook that judge. ``cluster``: the resource id of the cluster that objects of Kubernetes
    are for; rules about these are waived in it as a whole when an exemption's scope holds it, and not at all otherwise.
    """
    return _Matching(rules, cluster).made(list(documents))


class _Matching:
    def __init__(self, rules: Iterable[Rule], cluster: str) -> None:
        from lockgate.policy.catalogue.export_azure import definition_name

        self._cluster = cluster
        self._inside: set[str] = set()
        """Rules about what is in a cluster, not about a resource of Azure."""
        self._by_definition: dict[str, tuple[str, ...]] = {}
        """Last part of a definition's id, folded -> ids of rules."""
        self._rules: set[str] = set()
        for rule in rules:
            id = str(rule.id)
            if "types" in rule.logic:
                self._rules.add(id)
                self._by_definition[definition_name(id)] = (id,)
            else:
                self._inside.add(id)
            for tag in rule.tags:
                if tag.startswith(_TAG):
                    built_in = tag.removeprefix(_TAG)
                    self._by_definition[built_in] = (*self._by_definition.get(built_in, ()), id)
        self._assignments: dict[str, Assignment] = {}
        self._initiatives: dict[str, Initiative] = {}
        self._skips: list[Skip] = []

    def made(self, documents: list[Document]) -> Exempted:
        from lockgate.policy.azure import parse_assignment, parse_exemption, parse_initiative

        for one in documents:
            sort = sort_of(one.body)
            if sort == "definition":
                self._define(one)
            elif sort == "initiative":
                made = self._parsed(one, parse_initiative)
                self._initiatives |= {made.id.lower(): made} if made is not None else {}
            elif sort == "assignment":
                given = self._parsed(one, parse_assignment)
                self._assignments |= {given.id.lower(): given} if given is not None else {}
        waivers: list[Waiver] = []
        for one in documents:
            if sort_of(one.body) == "exemption":
                exemption = self._parsed(one, parse_exemption, scope=one.scope)
                waivers += self._waived(one, exemption) if exemption is not None else ()
        return Exempted(tuple(dict.fromkeys(waivers)), tuple(self._skips))

    def _parsed(self, one: Document, parse: Any, **more: str) -> Any:
        try:
            return parse(one.body, where=one.where, **more)
        except LockgateError as error:
            self._skip(one, f"{sort_of(one.body)} of Azure Policy: {error.message}")
            return None

    def _define(self, one: Document) -> None:
        held = one.body.get("properties")
        metadata = (held if isinstance(held, Mapping) else one.body).get("metadata")
        rule = metadata.get("rule") if isinstance(metadata, Mapping) else None
        if isinstance(rule, str) and rule in self._rules:
            names = (one.body.get("id"), one.body.get("name"))
            self._by_definition |= {_last(name): (rule,) for name in names if isinstance(name, str) and name}

    def _waived(self, one: Document, exemption: Exemption) -> Iterator[Waiver]:
        named = f"the exemption {exemption.name or exemption.id}"
        assignment = self._assignments.get(exemption.assignment_id.lower())
        if assignment is None:
            self._skip(one, f"{named} counts for nothing: its assignment {exemption.assignment_id} is not in the files")
            return
        rules = self._judged_by(assignment)
        if not rules:
            told = f"no rule that judges is known to be its definition {assignment.definition_id}"
            self._skip(one, f"{named} counts for nothing: {told}")
            return
        if f"{exemption.scope.lower()}/".startswith(_GROUP):
            told = "it exempts a management group, and what stands below it is not known here"
            self._skip(one, f"{named} counts for nothing: {told}")
            return
        made = [placed for one in waivers_of(exemption, rules) if (placed := self._placed(one)) is not None]
        if not made:
            self._skip(one, f"{named} counts for nothing: {self._missed(exemption, rules)}")
        yield from made

    def _placed(self, waiver: Waiver) -> Waiver | None:
        """The waiver where it holds; None for one of a cluster that its scope does not hold."""
        from lockgate.policy.azure.assignments import within

        if waiver.rule not in self._inside:
            return waiver
        return replace(waiver, scope="") if self._cluster and within(self._cluster, waiver.scope) else None

    def _missed(self, exemption: Exemption, rules: Mapping[str, tuple[str, ...]]) -> str:
        if not waivers_of(exemption, rules):
            return "none of its references is of a rule that judges"
        if not self._cluster:
            return "it is about what is in a cluster, and which cluster that is is not known (admission.azure_cluster)"
        return "it is about what is in another cluster than that of admission.azure_cluster"

    def _judged_by(self, assignment: Assignment) -> dict[str, tuple[str, ...]]:
        """The rules of an assignment by the folded references that its initiative gives them."""
        rules = self._by_definition.get(_last(assignment.definition_id), ())
        if rules:
            return {"": rules}
        initiative = self._initiatives.get(assignment.definition_id.lower())
        members = initiative.members if initiative is not None else ()
        pairs = ((one.reference_id.lower(), self._by_definition.get(_last(one.definition_id), ())) for one in members)
        return {reference: rules for reference, rules in pairs if rules}

    def _skip(self, one: Document, reason: str) -> None:
        self._skips.append(Skip(one.where, SkipKind.UNRESOLVED, reason, Family.POLICY))


def _last(identity: str) -> str:
    """The name that an id ends with, folded; of one version of a definition, the definition's."""
    identity = identity.lower().rpartition("/versions/")[0] or identity
    return identity.rstrip("/").rpartition("/")[2].lower()
