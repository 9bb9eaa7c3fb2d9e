"""Assignments, exemptions and attestations: where definitions apply, to what, and what is excused or attested."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from lockgate.policy.azure.definitions import enveloped, text_member
from lockgate.policy.azure.effects import EFFECTS
from lockgate.policy.azure.fields import Place, Resource
from lockgate.policy.azure.initiatives import value_member
from lockgate.policy.azure.reader import Reader
from lockgate.policy.azure.values import Json, ascii_fold, instant

MAX_SELECTORS: Final = 10
MAX_OVERRIDES: Final = 10
MAX_VALUES: Final = 50
_RESOURCE_KINDS = frozenset(("resourcelocation", "resourcetype", "resourcewithoutlocation"))
_OVERRIDE_KINDS = frozenset(("resourcelocation", "resourcetype", "policydefinitionreferenceid"))


@dataclass(frozen=True, slots=True)
class Selector:
    """One property that narrows down: a resource's location or type, or a reference in an initiative."""

    kind: str
    """Its folded kind."""
    values: frozenset[str]
    """The values, folded, locations without spaces."""
    inside: bool
    """Whether the property must be among the values (``in``) or must not (``notIn``)."""

    def admits(self, resource: Resource, reference_id: str) -> bool:
        """Whether the resource, or the definition under judgement, is selected."""
        if self.kind == "policydefinitionreferenceid":
            actual = ascii_fold(reference_id)
        elif self.kind == "resourcetype":
            actual = ascii_fold(resource.type)
        else:
            location = resource.value("location")
            actual = _location(location) if isinstance(location, str) else ""
            if self.kind == "resourcewithoutlocation":
                actual = "" if actual and actual != "global" else "subscriptionlevelresources"
        return (actual in self.values) is self.inside


@dataclass(frozen=True, slots=True)
class Override:
    """One effect or version that an assignment puts in place of the definition's."""

    kind: str
    """``policyEffect`` or ``policyVersion``."""
    value: str
    """The effect or the version."""
    selectors: tuple[Selector, ...]
    """All of them must admit; none means always."""

    def admits(self, resource: Resource, reference_id: str) -> bool:
        """Whether it holds for this resource and this definition."""
        return all(one.admits(resource, reference_id) for one in self.selectors)


@dataclass(frozen=True, slots=True)
class Assignment:
    """One assignment."""

    id: str
    """Its resource id."""
    name: str
    """Its name."""
    display_name: str
    """What people call it."""
    scope: str
    """The management group, subscription, resource group or resource that it holds for."""
    not_scopes: tuple[str, ...]
    """What is excluded from it."""
    definition_id: str
    """The definition's or initiative's resource id."""
    definition_version: str
    """The versions that it may be, such as ``1.*.*``; empty for the newest."""
    parameters: Mapping[str, Json]
    """Values by written name."""
    enforced: bool
    """Whether the effect acts on requests (``enforcementMode`` Default) or is only evaluated (DoNotEnforce)."""
    messages: tuple[tuple[str, str], ...]
    """Reference (empty for the default) and message for what does not comply."""
    selectors: tuple[tuple[Selector, ...], ...]
    """Resource selectors: a resource must meet every part of any of them; none means all resources."""
    overrides: tuple[Override, ...]
    """Overrides, of which the first that admits holds."""
    where: str
    """What errors call the document."""

    def selects(self, resource: Resource) -> bool:
        """Whether the resource selectors take the resource."""
        return selected(self.selectors, resource)

    def message(self, reference_id: str) -> str:
        """The message for one definition, or the default, or empty text."""
        folded = ascii_fold(reference_id)
        for reference, message in self.messages:
            if reference and ascii_fold(reference) == folded:
                return message
        return next((message for reference, message in self.messages if not reference), "")


@dataclass(frozen=True, slots=True)
class Exemption:
    """One exemption: a scope that is excused from an assignment."""

    id: str
    """Its resource id."""
    name: str
    """Its name."""
    scope: str
    """What is exempt: the id up to the exemption."""
    assignment_id: str
    """The assignment that it excuses from."""
    reference_ids: frozenset[str]
    """Folded references in an initiative; empty for all of it."""
    category: str
    """``Waiver`` or ``Mitigated``."""
    expires_on: str
    """When it ends, as ISO 8601; empty for never."""
    selectors: tuple[tuple[Selector, ...], ...]
    """Resource selectors, as in an assignment."""
    metadata: Mapping[str, Json]
    """Its metadata, as written."""
    description: str = ""
    """Why it was given, or else its display name."""
    created_by: str = ""
    """Who created it, as Azure noted."""

    def holds(self, now: str) -> bool:
        """Whether it has not expired. One that expires holds only where the moment is known."""
        if not self.expires_on:
            return True
        end, moment = instant(self.expires_on), instant(now)
        return end is not None and moment is not None and moment < end


@dataclass(frozen=True, slots=True)
class Attestation:
    """Somebody's word about a resource under a manual policy."""

    scope: str
    """The resource or scope that it is about: the id up to the attestation."""
    assignment_id: str
    """The assignment of the manual policy."""
    reference_id: str
    """The definition in an initiative; empty outside one."""
    state: str
    """``Compliant``, ``NonCompliant`` or ``Unknown``."""
    expires_on: str
    """When it ends, as ISO 8601; empty for never."""

    def holds(self, now: str) -> bool:
        """Whether it has not expired. One that expires holds only where the moment is known."""
        if not self.expires_on:
            return True
        end, moment = instant(self.expires_on), instant(now)
        return end is not None and moment is not None and moment < end


def folded_scope(scope: str) -> str:
    """A scope as it is compared: folded, with one slash at its end."""
    return scope.rstrip("/").lower() + "/"


def within(resource_id: str, scope: str) -> bool:
    """Whether an id is a scope or lies below it, in any case. The empty scope and ``/`` hold everything."""
    return folded_scope(resource_id).startswith(folded_scope(scope))


def selected(selectors: tuple[tuple[Selector, ...], ...], resource: Resource) -> bool:
    """Whether any selector takes the resource with all of its parts; without selectors every resource is taken."""
    return not selectors or any(all(part.admits(resource, "") for part in parts) for parts in selectors)


def parse_assignment(source: Json, *, where: str = "", scope: str = "") -> Assignment:
    """Read an assignment. ``scope`` is used when neither its properties nor its id tell one.

    Raises :class:`PolicyError` at what is wrong.
    """
    reader = Reader(source, where=where)
    members, place = enveloped(reader, "an assignment")
    if "policydefinitionid" not in members:
        raise reader.error("an assignment needs policyDefinitionId", place)
    written, given = members["policydefinitionid"]
    mode = text_member(members, "enforcementmode", "Default")
    if ascii_fold(mode) not in ("default", "donotenforce", "enroll"):
        raise reader.error(f"there is no enforcementMode {mode!r}: Default or DoNotEnforce", place)
    identity = text_member(members, "id")
    return Assignment(
        id=identity,
        name=text_member(members, "name") or identity.rsplit("/", 1)[-1],
        display_name=text_member(members, "displayname"),
        scope=text_member(members, "scope") or _parent(identity, "policyassignments") or scope,
        not_scopes=_texts(reader, members, "notscopes", place),
        definition_id=reader.string(given, (place, written), written),
        definition_version=text_member(members, "definitionversion"),
        parameters=_parameters(reader, members, place),
        enforced=ascii_fold(mode) == "default",
        messages=_messages(reader, members, place),
        selectors=_selectors(reader, members, place),
        overrides=_overrides(reader, members, place),
        where=where,
    )


def parse_exemption(source: Json, *, where: str = "", scope: str = "") -> Exemption:
    """Read an exemption. What is exempt is told by its id, or by ``scope``. Raises :class:`PolicyError`."""
    reader = Reader(source, where=where)
    members, place = enveloped(reader, "an exemption")
    for name in ("policyassignmentid", "exemptioncategory"):
        if not text_member(members, name):
            raise reader.error("an exemption needs policyAssignmentId and exemptionCategory", place)
    category = {"waiver": "Waiver", "mitigated": "Mitigated"}.get(ascii_fold(text_member(members, "exemptioncategory")))
    if category is None:
        raise reader.error("an exemptionCategory is Waiver or Mitigated", place)
    identity = text_member(members, "id")
    exempt = _parent(identity, "policyexemptions") or scope
    if not exempt:
        raise reader.error("what is exempt is not known: the exemption has no id", place)
    expires = text_member(members, "expireson")
    if expires and instant(expires) is None:
        raise reader.error("expiresOn must be a date and time in ISO 8601", (place, members["expireson"][0]))
    metadata = members.get("metadata", ("", None))[1]
    system = members.get("systemdata", ("", None))[1]
    created_by = system.get("createdBy") if isinstance(system, dict) else None
    return Exemption(
        id=identity,
        name=text_member(members, "name") or identity.rsplit("/", 1)[-1],
        scope=exempt,
        assignment_id=text_member(members, "policyassignmentid"),
        reference_ids=frozenset(map(ascii_fold, _texts(reader, members, "policydefinitionreferenceids", place))),
        category=category,
        expires_on=expires,
        selectors=_selectors(reader, members, place),
        metadata=metadata if isinstance(metadata, dict) else {},
        description=text_member(members, "description") or text_member(members, "displayname"),
        created_by=created_by if isinstance(created_by, str) else "",
    )


def parse_attestation(source: Json, *, where: str = "", scope: str = "") -> Attestation:
    """Read an attestation. Raises :class:`PolicyError` at what is wrong."""
    reader = Reader(source, where=where)
    members, place = enveloped(reader, "an attestation")
    if not text_member(members, "policyassignmentid"):
        raise reader.error("an attestation needs policyAssignmentId", place)
    state = compliance_name(text_member(members, "compliancestate", "Unknown"))
    if not state:
        raise reader.error("a complianceState is Compliant, NonCompliant or Unknown", place)
    about = _parent(text_member(members, "id"), "attestations") or scope
    if not about:
        raise reader.error("what is attested is not known: the attestation has no id", place)
    expires = text_member(members, "expireson")
    if expires and instant(expires) is None:
        raise reader.error("expiresOn must be a date and time in ISO 8601", (place, members["expireson"][0]))
    return Attestation(
        about,
        text_member(members, "policyassignmentid"),
        text_member(members, "policydefinitionreferenceid"),
        state,
        expires,
    )


def compliance_name(written: str) -> str:
    """``Compliant``, ``NonCompliant`` or ``Unknown`` from any of their spellings; else empty text."""
    names = {"compliant": "Compliant", "noncompliant": "NonCompliant", "unknown": "Unknown"}
    return names.get(ascii_fold(written).replace("-", ""), "")


def _parent(identity: str, kind: str) -> str:
    """What a child object of this kind belongs to: its id without the provider and what follows."""
    low = identity.lower()
    at = low.rfind(f"/{kind}/")
    start = low.rfind("/providers/", 0, at) if at >= 0 else -1
    return identity[:start] or "/" if start >= 0 else ""


def _location(text: str) -> str:
    return ascii_fold(text).replace(" ", "")


def _texts(reader: Reader, members: Mapping[str, tuple[str, Json]], name: str, place: Place) -> tuple[str, ...]:
    if name not in members or members[name][1] is None:
        return ()
    written, value = members[name]
    at: Place = (place, written)
    listed = reader.array(value, at, written)
    return tuple(reader.string(one, (at, index), written) for index, one in enumerate(listed))


def _parameters(reader: Reader, members: Mapping[str, tuple[str, Json]], place: Place) -> dict[str, Json]:
    written, value = members.get("parameters", ("parameters", None))
    if value is None:
        return {}
    at: Place = (place, written)
    return {name: value_member(reader, one, (at, name)) for name, one in reader.members(value, at, written).values()}


def _messages(reader: Reader, members: Mapping[str, tuple[str, Json]], place: Place) -> tuple[tuple[str, str], ...]:
    written, value = members.get("noncompliancemessages", ("nonComplianceMessages", None))
    if value is None:
        return ()
    at: Place = (place, written)
    found = []
    for index, one in enumerate(reader.array(value, at, written)):
        entry = reader.members(one, (at, index), "a message")
        found.append((text_member(entry, "policydefinitionreferenceid"), text_member(entry, "message")))
    return tuple(found)


def _selectors(
    reader: Reader, members: Mapping[str, tuple[str, Json]], place: Place
) -> tuple[tuple[Selector, ...], ...]:
    written, value = members.get("resourceselectors", ("resourceSelectors", None))
    if value is None:
        return ()
    at: Place = (place, written)
    return tuple(
        _parts(reader, one, (at, index), _RESOURCE_KINDS)
        for index, one in enumerate(reader.array(value, at, written, most=MAX_SELECTORS))
    )


def _parts(reader: Reader, value: Json, place: Place, kinds: frozenset[str]) -> tuple[Selector, ...]:
    entry = reader.members(value, place, "a selector")
    written, listed = entry.get("selectors", ("selectors", None))
    if listed is None:
        return ()
    at: Place = (place, written)
    found = tuple(
        _selector(reader, one, (at, index), kinds) for index, one in enumerate(reader.array(listed, at, written))
    )
    names = [one.kind for one in found]
    if len(set(names)) < len(names):
        raise reader.error("each kind can stand once in a selector", at)
    if {"resourcelocation", "resourcewithoutlocation"} <= set(names):
        raise reader.error("resourceLocation and resourceWithoutLocation exclude each other", at)
    return found


def _selector(reader: Reader, value: Json, place: Place, kinds: frozenset[str]) -> Selector:
    members = reader.members(value, place, "a part of a selector")
    kind = ascii_fold(text_member(members, "kind"))
    if kind not in kinds:
        raise reader.error(f"there is no selector of the kind {text_member(members, 'kind')!r} here", place)
    if ("in" in members) == ("notin" in members):
        raise reader.error("a part of a selector needs exactly one of in and notIn", place)
    inside = "in" in members
    written, listed = members["in" if inside else "notin"]
    at: Place = (place, written)
    texts = [
        reader.string(one, (at, index), written)
        for index, one in enumerate(reader.array(listed, at, written, most=MAX_VALUES))
    ]
    fold = _location if kind == "resourcelocation" else ascii_fold
    return Selector(kind, frozenset(map(fold, texts)), inside)


def _overrides(reader: Reader, members: Mapping[str, tuple[str, Json]], place: Place) -> tuple[Override, ...]:
    written, value = members.get("overrides", ("overrides", None))
    if value is None:
        return ()
    at: Place = (place, written)
    found = []
    for index, one in enumerate(reader.array(value, at, written, most=MAX_OVERRIDES)):
        entry = reader.members(one, (at, index), "an override")
        kind = {"policyeffect": "policyEffect", "policyversion": "policyVersion"}.get(
            ascii_fold(text_member(entry, "kind"))
        )
        given = text_member(entry, "value")
        if kind is None or not given:
            raise reader.error("an override needs a kind, policyEffect or policyVersion, and a value", (at, index))
        if kind == "policyEffect" and ascii_fold(given) not in EFFECTS:
            raise reader.error(f"there is no effect {given!r}", (at, index))
        found.append(Override(kind, given, _parts(reader, one, (at, index), _OVERRIDE_KINDS)))
    return tuple(found)
