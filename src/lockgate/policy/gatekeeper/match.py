"""Which objects a constraint or a mutator is for: ``spec.match``.

All matchers that are given must hold. Source: gatekeeper ``pkg/mutation/match/match.go``, whose order is kept because
one of them can fail: an object whose Namespace is not known is an error for ``namespaceSelector``, never a miss. The
match conditions that Gatekeeper generates for a ValidatingAdmissionPolicy differ for Namespace objects; this is the
webhook's reading. What does not belong: enforcement.
"""

from __future__ import annotations

import marshal
from collections.abc import Callable, Mapping
from typing import Any

from lockgate.dataclass import dataclass
from lockgate.policy.errors import EvaluationError
from lockgate.policy.gatekeeper.fields import Field
from lockgate.policy.gatekeeper.review import Candidate, Origin, candidate_of
from lockgate.policy.gatekeeper.wildcard import matches, matches_any, matches_generated
from lockgate.policy.selectors import LabelSelector, parse_selector

_FIELDS = frozenset(
    {"kinds", "scope", "namespaces", "excludedNamespaces", "labelSelector", "namespaceSelector", "name", "source"}
)
_KIND_FIELDS = frozenset({"apiGroups", "kinds"})
_SOURCES = ("All", "Original", "Generated")
_NAME_CHARACTERS = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-:")
_MOST_KNOWN, _LONGEST_KNOWN = 1024, 4096
_KNOWN: dict[bytes, Match] = {}


class MatchError(EvaluationError):
    """It cannot be told whether a constraint is for an object; Gatekeeper then rejects, and so may the caller."""

    code = "match"


@dataclass(frozen=True, slots=True)
class Kinds:
    """One entry of ``kinds``. The version is never compared."""

    groups: frozenset[str] | None
    """API groups; None for every group."""
    kinds: frozenset[str] | None
    """Kinds; None for every kind."""

    def covers(self, group: str, kind: str) -> bool:
        """Whether the entry holds for an object of ``kind`` in ``group``."""
        return (self.kinds is None or kind in self.kinds) and (self.groups is None or group in self.groups)


@dataclass(frozen=True, slots=True)
class Place:
    """The Namespace an object is in, as far as matching reads it."""

    name: str
    """Empty where an object of a file names none: then it is of both scopes, for its kind's is not known."""
    labels: Mapping[str, object]

    @classmethod
    def of(cls, namespace: Mapping[str, Any] | None) -> Place | None:
        """Of a Namespace object; None when it is not known."""
        if namespace is None:
            return None
        found = candidate_of(namespace)
        return cls(found.name, found.labels)


@dataclass(frozen=True, slots=True)
class Match:
    """All matchers of one policy. Absent or empty means everything."""

    kinds: tuple[Kinds, ...] = ()
    """Any entry suffices."""
    scope: str = ""
    """``Cluster``, ``Namespaced``; anything else is both."""
    namespaces: tuple[str, ...] = ()
    """Names with wildcards. A Namespace object is compared by its own name."""
    excluded_namespaces: tuple[str, ...] = ()
    label_selector: LabelSelector | None = None
    """On the labels of the object."""
    namespace_selector: LabelSelector | None = None
    """On the labels of its Namespace; a Namespace object by its own labels."""
    name: str = ""
    """A name with wildcards."""
    source: str = "All"
    """``All``, ``Original`` or ``Generated``."""

    def covers(self, candidate: Candidate, place: Place | None, source: Origin) -> bool:
        """Whether the policy is for this object.

        ``place`` is its Namespace, None when unknown or when there is none. Raises :class:`MatchError`.
        """
        return self.covers_kind(candidate.group, candidate.kind) and all(
            check(candidate, place, source) for check in self.checks()
        )

    def covers_kind(self, group: str, kind: str) -> bool:
        """Whether ``kinds`` holds; the part that an index can answer."""
        return not self.kinds or any(entry.covers(group, kind) for entry in self.kinds)

    def checks(self) -> tuple[Callable[[Candidate, Place | None, Origin], bool], ...]:
        """The matchers besides ``kinds`` that say anything, in Gatekeeper's order."""
        given = (
            (self.scope in ("Cluster", "Namespaced"), self._in_scope),
            (bool(self.namespaces), self._in_namespaces),
            (bool(self.excluded_namespaces), self._not_excluded),
            (self.label_selector is not None, self._labels_selected),
            (self.namespace_selector is not None, self._namespace_selected),
            (bool(self.name), self._named),
            (self.source != "All", self._from_source),
        )
        return tuple(check for present, check in given if present)

    def left_out(self, candidate: Candidate, place: Place | None = None, source: Origin = Origin.ORIGINAL) -> str:
        """The first matcher that does not hold, as a constraint names it; empty when all do. Raises as ``covers``."""
        if not self.covers_kind(candidate.group, candidate.kind):
            return "kinds"
        names = {
            self._in_scope: "scope", self._in_namespaces: "namespaces", self._not_excluded: "excludedNamespaces",
            self._labels_selected: "labelSelector", self._namespace_selected: "namespaceSelector",
            self._named: "name", self._from_source: "source",
        }  # fmt: skip
        return next((names[check] for check in self.checks() if not check(candidate, place, source)), "")

    def _in_scope(self, candidate: Candidate, place: Place | None, _: Origin) -> bool:
        placed = not candidate.is_namespace and (bool(candidate.namespace) or place is not None)
        if self.scope == "Namespaced":
            return placed
        return not placed or not (candidate.namespace or (place is not None and place.name))

    def _in_namespaces(self, candidate: Candidate, place: Place | None, _: Origin) -> bool:
        name = _namespace_name(candidate, place)
        return name is None or matches_any(self.namespaces, name)

    def _not_excluded(self, candidate: Candidate, place: Place | None, _: Origin) -> bool:
        name = _namespace_name(candidate, place)
        return name is None or not matches_any(self.excluded_namespaces, name)

    def _labels_selected(self, candidate: Candidate, _place: Place | None, _: Origin) -> bool:
        assert self.label_selector is not None
        return self.label_selector.matches(candidate.labels)

    def _namespace_selected(self, candidate: Candidate, place: Place | None, _: Origin) -> bool:
        assert self.namespace_selector is not None
        if candidate.is_namespace:
            return self.namespace_selector.matches(candidate.labels)
        if place is not None:
            return self.namespace_selector.matches(place.labels)
        if not candidate.namespace:
            return True  # a cluster-scoped object is in no Namespace that could be left out
        raise MatchError(
            f"namespaceSelector cannot be told: missing Namespace {candidate.namespace[:80]!r}",
            where=f"{candidate.kind}/{candidate.namespace}/{candidate.name}",
            hint="hand the Namespace over with the review, or keep Namespaces in the inventory",
        )

    def _named(self, candidate: Candidate, _place: Place | None, _: Origin) -> bool:
        return matches(self.name, candidate.name) or matches_generated(self.name, candidate.generate_name)

    def _from_source(self, _candidate: Candidate, _place: Place | None, source: Origin) -> bool:
        return self.source == source.value


def _namespace_name(candidate: Candidate, place: Place | None) -> str | None:
    """The name that namespace lists are compared with; None for other cluster-scoped objects, which pass them."""
    if candidate.is_namespace:
        return candidate.name
    if place is not None:
        return place.name
    return candidate.namespace or None


def parse_match(spec: Field) -> Match:
    """The match of a constraint or mutator. Raises :class:`PolicyError` with the place.

    An unknown field is refused: a matcher that is misspelt would silently match everything. Of a thousand constraints
    hundreds match alike, so what a text gave is kept.
    """
    try:
        text = marshal.dumps(spec.value, 2)
    except ValueError:  # a value that a file can hold and JSON cannot
        return _parsed(spec)
    known = _KNOWN.get(text)
    if known is None:
        known = _parsed(spec)
        if len(text) <= _LONGEST_KNOWN:
            if len(_KNOWN) >= _MOST_KNOWN:
                _KNOWN.clear()
            _KNOWN[text] = known
    return known


def _parsed(spec: Field) -> Match:
    for name in spec.mapping():
        if name not in _FIELDS:
            raise spec.get(str(name)).error("is not a field of match", hint=f"it has {', '.join(sorted(_FIELDS))}")
    return Match(
        kinds=tuple(_kinds(entry) for entry in spec.get("kinds").items()),
        scope=spec.get("scope").text(),
        namespaces=_names(spec.get("namespaces")),
        excluded_namespaces=_names(spec.get("excludedNamespaces")),
        label_selector=_selector(spec.get("labelSelector")),
        namespace_selector=_selector(spec.get("namespaceSelector")),
        name=_name(spec.get("name")),
        source=spec.get("source").choice(_SOURCES, "All"),
    )


def _kinds(entry: Field) -> Kinds:
    for name in entry.mapping():
        if name not in _KIND_FIELDS:
            raise entry.get(str(name)).error("is not a field of kinds", hint="it has apiGroups and kinds")
    return Kinds(_some(entry.get("apiGroups").texts()), _some(entry.get("kinds").texts()))


def _some(names: tuple[str, ...]) -> frozenset[str] | None:
    return None if not names or "*" in names else frozenset(names)


def _names(entries: Field) -> tuple[str, ...]:
    return tuple(_name(entry) for entry in entries.items())


def _name(entry: Field) -> str:
    pattern = entry.text()
    if not _NAME_CHARACTERS.issuperset(pattern.removeprefix("*").removesuffix("*")):
        raise entry.error(
            f"is {pattern[:80]!r}",
            hint="use lower-case letters, digits, - and :, with * only as first or last character",
        )
    return pattern


def _selector(entry: Field) -> LabelSelector | None:
    return parse_selector(entry.value, where=f"{entry.owner}: {entry.path}") if entry else None
