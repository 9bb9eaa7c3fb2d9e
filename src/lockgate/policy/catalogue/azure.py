"""A policy of ours for Azure resources: types, and the condition of an Azure Policy rule that says what is denied.

::

    logic:
      types: [Microsoft.ContainerRegistry/registries]
      deny: {field: Microsoft.ContainerRegistry/registries/adminUserEnabled, equals: true}
      message: the registry has an administrator account
      field: properties.adminUserEnabled     # optional; otherwise the field that decided
      parameters: {minimumTls: "1.2"}        # optional; read as [parameters('minimumTls')]
      missing:                               # optional; denied only when no such resource stands beside it
        type: Microsoft.Insights/diagnosticSettings
        existenceCondition: {...}

The same rule is judged on a resource that was exported, and on one that a template, Bicep or Terraform would make.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lockgate.model import Object, Rule
from lockgate.policy.azure import Catalogue, Context, Definition, Reason, RelatedQuery, Resource, evaluate, parse_rule
from lockgate.policy.azure.effects import Related
from lockgate.policy.azure.fields import pointer
from lockgate.policy.catalogue._beside import at, candidates
from lockgate.policy.catalogue._form import check_keys, field_pointer, parameters_of
from lockgate.policy.catalogue.hit import Hit

_REFERENCES = ("azurerm_", "data.azurerm_", "[resourceId(", "[reference(", "[subscriptionResourceId(")
"""How the attributes of other resources begin in Terraform and in templates; variables may be null, they may not."""
KEYS = ("types", "deny", "message", "field", "parameters", "missing")


@dataclass(frozen=True, slots=True)
class AzurePolicy:
    """One rule, compiled."""

    rule: Rule
    types: frozenset[str]
    """Resource types in lower case; ``*`` for any."""
    definition: Definition
    message: str
    field: str
    """JSON pointer, or empty."""
    parameters: Mapping[str, Any]
    existence: Definition | None = None
    """What a resource beside it must be like, so that nothing is missed; None when any will do."""

    def judge(self, facts: AzureFacts) -> Iterator[Hit]:
        """What it denies of one resource. What depends on a value that only the deployment knows is a failed Hit."""
        judged = facts.judged
        outcome = evaluate(
            self.definition, facts.resource, self.parameters, facts.context,
            related=facts.related, explain=bool(judged.unresolved) or judged.partial,
        )  # fmt: skip
        stated = _stated(outcome.reasons, judged, self.field) if judged.partial else [True]
        if not any(stated):
            return  # nothing that decides stands in the piece; what it belongs to is judged where it stands
        if outcome.error is not None:
            yield self._failed(outcome.error.message, "")
            return
        hidden = _first_hidden(outcome.reasons, judged)
        if hidden is not None:
            yield self._failed(f"{hidden} is known only when it is deployed", hidden)
        elif outcome.matched and outcome.effect is not None and not all(stated):
            yield self._failed("the resource that it is a piece of is known only when it is deployed", "")
        elif outcome.matched and outcome.effect is not None:
            doubt = self._doubt(facts, outcome.details.query) if isinstance(outcome.details, Related) else ""
            if doubt:
                yield self._failed(f"{doubt} is known only when it is deployed", "")
                return
            for place, item in [(self.field, "")] if self.field else self._decided(facts):
                yield Hit(self.rule, self.message, place, item)

    def _doubt(self, facts: AzureFacts, query: RelatedQuery) -> str:
        """What would have to be known to say that nothing of the kind belongs to the resource; empty when all is."""
        for other, _ in facts.beside(query):
            shown = other.body.get("name", other.body["type"])
            if self.existence is None:
                return f"whether {shown} belongs to it"
            resource = Resource(dict(other.body), facts.catalogue)
            outcome = evaluate(self.existence, resource, self.parameters, facts.context, explain=True)
            if outcome.matched:
                return f"whether {shown} belongs to it"
            hidden = _first_hidden(outcome.reasons, other)
            if hidden is not None:
                return f"{hidden} of {shown}"
        return f"what {facts.judged.handed} adds to it" if facts.judged.handed else ""

    def _decided(self, facts: AzureFacts) -> list[tuple[str, str]]:
        """Where the last condition that held stands, the resource's type apart; and, in a list, the member's name.

        Each member that was counted is a place of its own.
        """
        outcome = evaluate(self.definition, facts.resource, self.parameters, facts.context, related=lambda _: [])
        decided = [one for one in outcome.reasons if one.subject.lower() != "type" and not one.related and one.read]
        if not decided:
            return [("", "")]
        last = decided[-1]
        places = last.places[-1:]
        if last.members and last.held:
            why = (reasons for counted, reasons in last.members if counted)
            found = zip(last.read, why, strict=False)  # of what was read, the first members are kept
            places = tuple(pointer(one) for one, reasons in found if not _first_hidden(reasons, facts.judged)) or places
        return [_named(facts.judged, place) for place in dict.fromkeys(places)]

    def _failed(self, why: str, pointer: str) -> Hit:
        return Hit(self.rule, f"the policy {self.rule.id} could not be evaluated: {why}", pointer, "", why)


def _hidden(reason: Reason, judged: Object) -> str | None:
    """The place of an unresolved value that may have decided a condition; None when what decided is known."""
    if reason.related:
        return None
    for place, by_value in reason.depends:
        where = pointer(place)
        if where == "/name":  # the last part is what a policy reads, whoever the parent is
            known = judged.reaches(where)
        else:
            known = judged.knows(where) if by_value else judged.reaches(where) or _refers(judged, where)
        if not known:
            return where or "the resource"
    members = [(counted, _first_hidden(why, judged)) for counted, why in reason.members]
    sure = any(counted and not unsure for counted, unsure in members)
    if sure and reason.expected == 0 and reason.held is (reason.operator == "greater"):
        return None  # one member that is known is enough to be more than none
    return next((unsure for _, unsure in members if unsure), None)


def _stated(reasons: Sequence[Reason], judged: Object, field: str) -> list[bool]:
    """Of each condition that decided, whether what it read stands in a piece of a resource; a type says nothing.

    What is missing is read at the nearest object around it, and conditions compare no objects. Where the field that
    the policy is about stands in the piece, the others are taken as they are when nothing is said.
    """
    read = [one for one in reasons if one.subject.lower() != "type" and not one.related]
    stand = [bool(one.read) and not any(isinstance(at(judged.body, it), dict) for it in one.places) for one in read]
    about = any(field in one.places for one, stands in zip(read, stand, strict=True) if stands)
    return [True] if about else stand


def _refers(judged: Object, where: str) -> bool:
    """Whether a value that is not known is the attribute of another resource, so that there will be one."""
    if where not in judged.unresolved:
        return False
    text = at(judged.body, where)
    return isinstance(text, str) and (text.startswith(_REFERENCES) or text.endswith(".id"))


def _named(judged: Object, place: str) -> tuple[str, str]:
    """A place and what is there by its name, where it is a member of a list."""
    member = at(judged.body, place)
    if place.rpartition("/")[2].isdigit() and isinstance(member, dict) and isinstance(member.get("name"), str):
        return f"{place}/name", member["name"]
    return place, ""


def _first_hidden(reasons: Sequence[Reason], judged: Object) -> str | None:
    return next(filter(None, (_hidden(one, judged) for one in reasons)), None)


class AzureFacts:
    """One resource, and what several policies ask of it."""

    __slots__ = ("_around", "catalogue", "context", "judged", "resource")

    def __init__(self, judged: Object, around: Sequence[Object], context: Context, catalogue: Catalogue | None) -> None:
        self.judged = judged
        self.resource = Resource(dict(judged.body), catalogue)
        self.context = context
        self.catalogue = catalogue
        self._around = around

    def related(self, query: RelatedQuery) -> list[Any]:
        """Resources of the wanted type that stand beside this one and are known to belong to it, or to its group."""
        return [dict(other.body) for other, sure in self.beside(query) if sure]

    def beside(self, query: RelatedQuery) -> Iterator[tuple[Object, bool]]:
        """Resources of the wanted type that may belong to this one, and whether they are known to."""
        return candidates(self.judged, self._around, query.type.lower())


def compile_policy(rule: Rule, options: Mapping[str, Any]) -> AzurePolicy:
    """Compile one rule. ``options`` replaces parameters by name. Raises :class:`PolicyError` that names the rule."""
    logic = rule.logic
    check_keys(rule, KEYS, needed=("types", "deny", "message"))
    then: dict[str, Any] = {"effect": "audit"}
    condition = logic["missing"].get("existenceCondition") if "missing" in logic else None
    existence = parse_rule({"if": condition, "then": then}, where=str(rule.id)) if condition is not None else None
    if "missing" in logic:
        then = {"effect": "auditIfNotExists", "details": logic["missing"]}
    return AzurePolicy(
        rule=rule,
        types=frozenset(str(one).lower() for one in logic["types"]),
        definition=parse_rule({"if": logic["deny"], "then": then}, where=str(rule.id)),
        message=str(logic["message"]),
        field=field_pointer(rule),
        parameters=parameters_of(rule, options),
        existence=existence,
    )
