"""Assignments bound to definitions and values, one binding for each definition that an assignment brings."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeVar

from lockgate.policy.azure.applicability import compile_applicability
from lockgate.policy.azure.assignments import Assignment, Override, folded_scope
from lockgate.policy.azure.conditions import Test
from lockgate.policy.azure.definitions import Definition
from lockgate.policy.azure.effects import Effect
from lockgate.policy.azure.fields import Resource
from lockgate.policy.azure.initiatives import Initiative, Member
from lockgate.policy.azure.parameters import bind
from lockgate.policy.azure.values import Json, ascii_fold
from lockgate.policy.errors import PolicyError

_Versioned = TypeVar("_Versioned", Definition, Initiative)


@dataclass(frozen=True, slots=True)
class Bound:
    """One definition under one assignment."""

    assignment: Assignment
    """The assignment."""
    initiative: Initiative | None
    """The initiative that brought the definition; None when it is assigned itself."""
    reference_id: str
    """What the initiative calls it; empty outside one."""
    groups: tuple[str, ...]
    """The initiative's groups that it belongs to."""
    definition: Definition
    """The definition."""
    values: Mapping[str, Json]
    """Its parameters by folded name, defaults included."""
    applicable: Test
    """Whether it concerns a resource, by type, name and kind."""
    version_note: str
    """What version was wanted and is not there, when another stands in; else empty."""
    others: tuple[tuple[Override, Definition, Mapping[str, Json], Test], ...]
    """Other versions, and the overrides under which they stand in."""
    scope: str
    """The assignment's scope, folded."""
    not_scopes: tuple[str, ...]
    """The assignment's excluded scopes, folded."""

    @property
    def usual(self) -> tuple[Definition, Mapping[str, Json], Test]:
        """Definition, values and applicability where no version override admits."""
        return self.definition, self.values, self.applicable

    def covers(self, scopes: tuple[str, ...]) -> bool:
        """Whether a resource lies in the scope and in no excluded one.

        ``scopes`` are its id and the ids of its management groups, folded (:func:`assignments.folded_scope`).
        """
        if not any(one.startswith(self.scope) for one in scopes):
            return False
        return not any(one.startswith(excluded) for one in scopes for excluded in self.not_scopes)

    def version_for(self, resource: Resource) -> tuple[Definition, Mapping[str, Json], Test]:
        """Definition, values and applicability for a resource: those of the first version override that admits."""
        for override, definition, values, applicable in self.others:
            if override.admits(resource, self.reference_id):
                return definition, values, applicable
        return self.usual

    def effect_for(self, resource: Resource) -> str:
        """The effect of the first effect override that admits; empty for the rule's own."""
        for override in self.assignment.overrides:
            if override.kind == "policyEffect" and override.admits(resource, self.reference_id):
                return override.value
        return ""

    @property
    def ids(self) -> dict[str, Json]:
        """What ``policy()`` returns in its rule."""
        return {
            "assignmentId": self.assignment.id,
            "definitionId": self.definition.id,
            "setDefinitionId": self.initiative.id if self.initiative else "",
            "definitionReferenceId": self.reference_id,
        }


class Library:
    """Definitions and initiatives by id; several versions of one id may stand beside each other."""

    def __init__(
        self, definitions: Iterable[Definition], initiatives: Iterable[Initiative], *, any_version: bool = False
    ) -> None:
        self._any_version = any_version
        self._definitions: dict[str, list[Definition]] = {}
        self._initiatives: dict[str, list[Initiative]] = {}
        for definition in definitions:
            self._definitions.setdefault(_key(definition.id or definition.name), []).append(definition)
        for initiative in initiatives:
            self._initiatives.setdefault(_key(initiative.id or initiative.name), []).append(initiative)

    def bind(self, assignment: Assignment) -> Iterator[Bound]:
        """The definitions of an assignment. Raises :class:`PolicyError` for ids, versions or values that do not fit."""
        key = _key(assignment.definition_id)
        if key in self._definitions:
            definition = self._newest(self._definitions[key], assignment.definition_version, assignment)
            values = bind(definition.parameters, assignment.parameters, where=assignment.where)
            yield self._bound(assignment, None, None, definition, values)
        elif key in self._initiatives:
            yield from self._members(assignment, self._initiatives[key])
        else:
            raise PolicyError(
                f"the assignment {assignment.name} names {assignment.definition_id}, which was not given",
                where=assignment.where, hint="hand in the definition or initiative with this id",
            )  # fmt: skip

    def _members(self, assignment: Assignment, versions: list[Initiative]) -> Iterator[Bound]:
        initiative = self._newest(versions, assignment.definition_version, assignment)
        values = bind(initiative.parameters, assignment.parameters, where=assignment.where)
        for member in initiative.members:
            known = self._definitions.get(_key(member.definition_id))
            if known is None:
                raise PolicyError(
                    f"the initiative {initiative.name} names {member.definition_id}, which was not given",
                    where=initiative.where, hint="hand in every definition of an initiative",
                )  # fmt: skip
            definition = self._newest(known, member.version, assignment)
            given = initiative.values_of(member, values)
            what = f"{initiative.name}, {member.reference_id}"
            if not _fits(definition.version, member.version):  # another version may have lost a parameter
                given = {name: one for name, one in given.items() if ascii_fold(name) in definition.parameters}
            inner = bind(definition.parameters, given, where=initiative.where, what=what)
            yield self._bound(assignment, initiative, member, definition, inner)

    def _newest(self, versions: list[_Versioned], wanted: str, assignment: Assignment) -> _Versioned:
        """The newest version that fits ``1.*.*``, ``1.2.*`` or an exact version; any for empty text."""
        fitting = [one for one in versions if _fits(one.version, wanted)]
        if not fitting and not self._any_version:
            given = ", ".join(sorted(one.version or "one without a version" for one in versions))
            raise PolicyError(
                f"no version {wanted} of {versions[0].display_name or versions[0].name} was given, only {given}",
                where=assignment.where, hint="hand in that version, or allow any version to stand in",
            )  # fmt: skip
        return max(fitting or versions, key=lambda one: _numbers(one.version))

    def _bound(
        self,
        assignment: Assignment,
        initiative: Initiative | None,
        member: Member | None,
        definition: Definition,
        values: Mapping[str, Json],
    ) -> Bound:
        _check_override(assignment, definition, member)
        others = []
        for override in assignment.overrides:
            if override.kind == "policyVersion":
                versions = self._definitions[_key(definition.id or definition.name)]
                other = self._newest(versions, override.value, assignment)
                given = {one.name: values[folded] for folded, one in other.parameters.items() if folded in values}
                inner = bind(other.parameters, given, where=assignment.where)
                others.append((override, other, inner, compile_applicability(other.condition)))
        wanted = member.version if member else assignment.definition_version
        note = "" if _fits(definition.version, wanted) else f"version {definition.version} stands in for {wanted}"
        return Bound(
            assignment,
            initiative,
            member.reference_id if member else "",
            member.groups if member else (),
            definition,
            values,
            compile_applicability(definition.condition),
            note,
            tuple(others),
            folded_scope(assignment.scope),
            tuple(map(folded_scope, assignment.not_scopes)),
        )


_EFFECT_PARAMETER = re.compile(r"\[\s*parameters\(\s*'([^']+)'\s*\)\s*\]")


def _check_override(assignment: Assignment, definition: Definition, member: Member | None) -> None:
    """An override may only choose an effect that the definition's effect parameter allows."""
    written = definition.doing.then.effect.value
    found = _EFFECT_PARAMETER.fullmatch(written)
    parameter = definition.parameters.get(ascii_fold(found.group(1))) if found else None
    if parameter is None or parameter.allowed is None:
        return
    allowed = {ascii_fold(one) for one in parameter.allowed if isinstance(one, str)} | {Effect.DISABLED.value}
    reference = ascii_fold(member.reference_id) if member else ""
    for override in assignment.overrides:
        named = [one for one in override.selectors if one.kind == "policydefinitionreferenceid"]
        meant = bool(named) and all((reference in one.values) is one.inside for one in named)
        if override.kind == "policyEffect" and (meant or member is None) and ascii_fold(override.value) not in allowed:
            message = f"{definition.display_name or definition.name} does not allow the effect {override.value}"
            raise PolicyError(message, where=assignment.where)


def _key(identity: str) -> str:
    return ascii_fold(identity.rstrip("/"))


def _fits(version: str, wanted: str) -> bool:
    if not wanted or not version:
        return True
    have, want = version.lower().partition("-"), wanted.lower().partition("-")
    if have[2].startswith("preview") and not want[2]:
        return False
    pairs = zip(have[0].split("."), want[0].split("."), strict=False)
    return all(one in (two, "*") or two == "*" for one, two in pairs)


def _numbers(version: str) -> tuple[tuple[int, ...], bool]:
    head, _, tail = version.partition("-")
    return tuple(int(one) if one.isdecimal() else 0 for one in head.split(".")), not tail
