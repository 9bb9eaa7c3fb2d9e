"""Initiatives (policy set definitions): definitions joined under parameters of their own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from lockgate.policy.azure.definitions import enveloped, text_member
from lockgate.policy.azure.evaluation import Context, Run, compiled
from lockgate.policy.azure.fields import Place, Resource
from lockgate.policy.azure.parameters import Parameter, read_parameters
from lockgate.policy.azure.reader import Reader
from lockgate.policy.azure.rules import RuleReader, Template
from lockgate.policy.azure.values import MISSING, Json
from lockgate.policy.errors import EvaluationError, PolicyError

MAX_MEMBERS = 1_000
"""Definitions that Azure lets one initiative hold."""


@dataclass(frozen=True, slots=True)
class Member:
    """One definition in an initiative."""

    definition_id: str
    """The definition's resource id."""
    reference_id: str
    """What the initiative calls it; exemptions, overrides and messages name it so."""
    version: str
    """The versions that it may be, such as ``1.*.*``; empty for the newest."""
    groups: tuple[str, ...]
    """The groups (controls) that it belongs to."""
    parameters: Mapping[str, Template]
    """Values for the definition's parameters by written name; they may name the initiative's parameters."""


@dataclass(frozen=True, slots=True)
class Initiative:
    """One initiative."""

    id: str
    """Its resource id, or empty."""
    name: str
    """Its name, or empty."""
    display_name: str
    """What people call it."""
    version: str
    """Its version, or empty."""
    parameters: Mapping[str, Parameter]
    """Its parameters by folded name."""
    members: tuple[Member, ...]
    """Its definitions, in order."""
    groups: Mapping[str, str]
    """Display names of its groups, by name."""
    where: str
    """What errors call the document."""

    def values_of(self, member: Member, values: Mapping[str, Json]) -> dict[str, Json]:
        """The definition's parameters, computed from the initiative's values (by folded name).

        Raises :class:`PolicyError` where an expression fails.
        """
        run = Run(Resource({}), values, Context())
        found: dict[str, Json] = {}
        for name, template in member.parameters.items():
            try:
                value = compiled(template)(run)
            except EvaluationError as error:
                message = f"{member.reference_id}: the parameter {name} cannot be computed: {error.message}"
                raise PolicyError(message, where=self.where) from None
            found[name] = None if value is MISSING else value
        return found


def parse_initiative(source: Json, *, where: str = "") -> Initiative:
    """Read an initiative: text, bytes or JSON. Raises :class:`PolicyError` at what is wrong."""
    reader = Reader(source, where=where)
    members, place = enveloped(reader, "an initiative")
    if "policydefinitions" not in members:
        raise reader.error("an initiative needs policyDefinitions", place)
    parameters = read_parameters(reader, members, place)
    written, listed = members["policydefinitions"]
    at: Place = (place, written)
    rules = RuleReader(reader, parameters=frozenset(parameters))
    found = tuple(
        _member(reader, rules, one, (at, index))
        for index, one in enumerate(reader.array(listed, at, written, most=MAX_MEMBERS))
    )
    seen: set[str] = set()
    for index, one in enumerate(found):
        if one.reference_id.lower() in seen:
            raise reader.error(f"the reference {one.reference_id!r} stands twice", (at, index))
        seen.add(one.reference_id.lower())
    metadata = members.get("metadata", ("", None))[1]
    version = metadata.get("version") if isinstance(metadata, dict) else None
    return Initiative(
        id=text_member(members, "id"),
        name=text_member(members, "name"),
        display_name=text_member(members, "displayname"),
        version=text_member(members, "version") or (version if isinstance(version, str) else ""),
        parameters=parameters,
        members=found,
        groups=_groups(reader, members, place),
        where=where,
    )


def _member(reader: Reader, rules: RuleReader, value: Json, place: Place) -> Member:
    members = reader.members(value, place, "an entry of policyDefinitions")
    if "policydefinitionid" not in members:
        raise reader.error("an entry needs policyDefinitionId", place)
    name, given = members["policydefinitionid"]
    definition_id = reader.string(given, (place, name), name)
    templates: dict[str, Template] = {}
    if "parameters" in members:
        written, parameters = members["parameters"]
        at: Place = (place, written)
        for inner, one in reader.members(parameters, at, written).values():
            templates[inner] = rules.template(value_member(reader, one, (at, inner)), (at, inner))
    groups = members.get("groupnames", ("", []))[1]
    return Member(
        definition_id,
        text_member(members, "policydefinitionreferenceid") or definition_id.rsplit("/", 1)[-1],
        text_member(members, "definitionversion"),
        tuple(one for one in groups if isinstance(one, str)) if isinstance(groups, list) else (),
        templates,
    )


def value_member(reader: Reader, value: Json, place: Place) -> Json:
    """The ``value`` of a parameter given as ``{"value": ...}``."""
    members = reader.members(value, place, "a parameter's value")
    if "value" not in members:
        raise reader.error("a parameter is given as an object with a value", place)
    return members["value"][1]


def _groups(reader: Reader, members: Mapping[str, tuple[str, Json]], place: Place) -> dict[str, str]:
    written, listed = members.get("policydefinitiongroups", ("policyDefinitionGroups", None))
    if listed is None:
        return {}
    found: dict[str, str] = {}
    at: Place = (place, written)
    for index, one in enumerate(reader.array(listed, at, written)):
        group = reader.members(one, (at, index), "a group")
        name = reader.string(group.get("name", ("", None))[1], (at, index), "a group's name")
        found[name] = text_member(group, "displayname", name)
    return found
