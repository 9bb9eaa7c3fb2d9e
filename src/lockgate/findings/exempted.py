"""Exemptions of Azure Policy as Azure exports them, with the assignments and definitions that they lean on, as waivers.

An exemption names an assignment, that one a definition or an initiative, and a definition is one of the rulebook's when
``lockgate policy export`` made it: by its name, or by the rule that its metadata name. What cannot be followed so far,
or stands where no resource can be told to be, counts for nothing and is told.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from lockgate.dataclass import dataclass
from lockgate.errors import LockgateError
from lockgate.findings.exemptions import waivers_of
from lockgate.formats.azure_policy import Document, sort_of
from lockgate.model import Family, Skip, SkipKind
from lockgate.store.waiver import Waiver

if TYPE_CHECKING:
    from lockgate.policy.azure import Assignment, Exemption, Initiative

_GROUP = "/providers/microsoft.management/managementgroups/"


@dataclass(frozen=True, slots=True)
class Exempted:
    """What came of the documents."""

    waivers: tuple[Waiver, ...] = ()
    skips: tuple[Skip, ...] = ()
    """Exemptions that count for nothing, and documents that could not be read, with why."""


def exempted(documents: Iterable[Document], rules: Iterable[str]) -> Exempted:
    """The waivers that the exemptions among ``documents`` amount to. ``rules``: ids of the rules that judge."""
    return _Matching(rules).made(list(documents))


class _Matching:
    def __init__(self, rules: Iterable[str]) -> None:
        from lockgate.policy.catalogue.export_azure import definition_name

        self._rules = frozenset(rules)
        self._by_definition = {definition_name(rule): rule for rule in self._rules}
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
            self._by_definition |= {_last(name): rule for name in names if isinstance(name, str) and name}

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
        made = waivers_of(exemption, rules)
        if not made:
            self._skip(one, f"{named} counts for nothing: none of its references is of a rule that judges")
        yield from made

    def _judged_by(self, assignment: Assignment) -> dict[str, str]:
        """The rules of an assignment by the folded references that its initiative gives them."""
        rule = self._by_definition.get(_last(assignment.definition_id))
        if rule is not None:
            return {"": rule}
        initiative = self._initiatives.get(assignment.definition_id.lower())
        members = initiative.members if initiative is not None else ()
        pairs = ((one.reference_id.lower(), self._by_definition.get(_last(one.definition_id))) for one in members)
        return {reference: rule for reference, rule in pairs if rule is not None}

    def _skip(self, one: Document, reason: str) -> None:
        self._skips.append(Skip(one.where, SkipKind.UNRESOLVED, reason, Family.POLICY))


def _last(identity: str) -> str:
    return identity.rstrip("/").rpartition("/")[2].lower()
