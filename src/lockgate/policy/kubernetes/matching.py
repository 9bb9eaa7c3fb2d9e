"""Which requests a policy or a binding is about: ``matchConstraints`` and ``matchResources``.

Every part must hold: some resource rule (none at all means every resource), no excluded rule, the selector of the
namespace, the selector of the object. With ``matchPolicy: Equivalent`` a rule also takes other versions of its
resource: those that ``served`` names where the caller knows them, every version of the group where it does not. The
object is judged as it is given; Kubernetes would convert it to the rule's version first.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lockgate.dataclass import dataclass
from lockgate.policy.errors import EvaluationError
from lockgate.policy.kubernetes.fields import Fields
from lockgate.policy.kubernetes.request import OPERATIONS, Request
from lockgate.policy.selectors import EVERYTHING, LabelSelector, parse_selector

_RULE_FIELDS = ("operations", "apiGroups", "apiVersions", "resources", "scope", "resourceNames")
_FIELDS = ("resourceRules", "excludeResourceRules", "namespaceSelector", "objectSelector", "matchPolicy")
_POLICIES = frozenset(
    (
        "validatingadmissionpolicies", "validatingadmissionpolicybindings",
        "mutatingadmissionpolicies", "mutatingadmissionpolicybindings",
    )
)  # fmt: skip
Served = Mapping[tuple[str, str], frozenset[tuple[str, str]]]
"""For a group and resource, each group and version under which the cluster serves the same objects."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One resource rule."""

    operations: frozenset[str]
    """Operations, or ``*``."""
    groups: frozenset[str]
    """API groups, or ``*``."""
    versions: frozenset[str]
    """API versions, or ``*``."""
    resources: tuple[tuple[str, str], ...]
    """Resource and subresource of each entry; ``*`` stands for any, an empty subresource for the resource itself."""
    scope: str
    """``Cluster``, ``Namespaced`` or ``*``."""
    names: frozenset[str]
    """Names of objects; none means all."""

    def takes(self, request: Request, *, equivalent: bool, served: Served) -> bool:
        """Whether the rule is about ``request``."""
        return (
            ("*" in self.operations or request.operation in self.operations)
            and self._takes_resource(request)
            and self._takes_scope(request)
            and (not self.names or (bool(request.name) and request.name in self.names))
            and self._takes_version(request, equivalent, served)
        )

    def _takes_resource(self, request: Request) -> bool:
        return any(
            resource in ("*", request.resource) and sub in ("*", request.subresource)
            for resource, sub in self.resources
        )

    def _takes_scope(self, request: Request) -> bool:
        if self.scope == "*":
            return True
        namespaced = request.resource != "namespaces" and request.namespace != ""
        return namespaced == (self.scope == "Namespaced")

    def _takes_version(self, request: Request, equivalent: bool, served: Served) -> bool:
        if self._takes_group_version(request.group, request.version):
            return True
        if not equivalent:
            return False
        others = served.get((request.group, request.resource))
        if others is None:
            return "*" in self.groups or request.group in self.groups
        return any(self._takes_group_version(group, version) for group, version in others)

    def _takes_group_version(self, group: str, version: str) -> bool:
        return ("*" in self.groups or group in self.groups) and ("*" in self.versions or version in self.versions)


@dataclass(frozen=True, slots=True)
class MatchResources:
    """One ``matchConstraints`` or ``matchResources``."""

    rules: tuple[Rule, ...] = ()
    """Rules of which one must take the request; none means that all requests are taken."""
    excluded: tuple[Rule, ...] = ()
    """Rules of which none may take it."""
    namespaces: LabelSelector = EVERYTHING
    """Labels of the request's namespace; cluster-wide resources other than Namespaces are always selected."""
    objects: LabelSelector = EVERYTHING
    """Labels of the object or of the old object."""
    equivalent: bool = True
    """Whether other versions of a rule's resource count as that resource."""

    def matches(
        self, request: Request, *, namespaces: Mapping[str, Mapping[str, Any]], served: Served | None = None
    ) -> bool:
        """Whether ``request`` is meant. ``namespaces`` are the Namespace objects by name.

        Raises :class:`EvaluationError` when the answer hangs on a namespace that is not among them: a policy that
        cannot be matched is not one that does not match.
        """
        known = served or {}
        if self.objects.requirements and not self._selects_object(request):
            return False
        if any(rule.takes(request, equivalent=self.equivalent, served=known) for rule in self.excluded):
            return False
        if self.rules and not any(rule.takes(request, equivalent=self.equivalent, served=known) for rule in self.rules):
            return False
        return self._selects_namespace(request, namespaces)

    def _selects_object(self, request: Request) -> bool:
        return any(
            obj is not None and self.objects.matches(labels_of(obj)) for obj in (request.object, request.old_object)
        )

    def _selects_namespace(self, request: Request, namespaces: Mapping[str, Mapping[str, Any]]) -> bool:
        if not self.namespaces.requirements or (not request.namespace and request.resource != "namespaces"):
            return True
        own = request.resource == "namespaces" and not request.subresource and request.operation in ("CREATE", "UPDATE")
        namespace = request.object if own else namespaces.get(request.namespace)
        if namespace is None and request.resource == "namespaces":
            namespace = request.old_object
        if namespace is None:
            raise EvaluationError(
                f"the namespace {request.namespace!r} is not known, so its labels cannot be compared",
                hint="give the Namespace objects of the cluster along with the request",
            )
        return self.namespaces.matches(labels_of(namespace))


def labels_of(obj: Mapping[str, Any]) -> object:
    """The labels of an object, whatever they are."""
    metadata = obj.get("metadata")
    return metadata.get("labels") if isinstance(metadata, Mapping) else None


def is_policy(request: Request) -> bool:
    """Whether the request is about a policy or binding itself, which no policy is asked about."""
    return request.group == "admissionregistration.k8s.io" and request.resource in _POLICIES


def parse_match_resources(fields: Fields, *, operations: tuple[str, ...] = OPERATIONS) -> MatchResources:
    """The selection that a plain object spells. Raises :class:`PolicyError` with the place of what is wrong."""
    known = Fields(fields.value, at=fields.at, where=fields.where, known=_FIELDS)
    return MatchResources(
        tuple(_rule(rule, operations) for rule in known.maps("resourceRules", _RULE_FIELDS)),
        tuple(_rule(rule, operations) for rule in known.maps("excludeResourceRules", _RULE_FIELDS)),
        parse_selector(known.value.get("namespaceSelector"), where=_at(known, "namespaceSelector")),
        parse_selector(known.value.get("objectSelector"), where=_at(known, "objectSelector")),
        known.choice("matchPolicy", ("Equivalent", "Exact"), "Equivalent") == "Equivalent",
    )


def _at(fields: Fields, name: str) -> str:
    return f"{fields.where}: {fields.place(name)}" if fields.where else fields.place(name)


def _rule(rule: Fields, operations: tuple[str, ...]) -> Rule:
    entries = [_resource(entry) for entry in _needed(rule, "resources")]
    return Rule(
        frozenset(_needed(rule, "operations", ("*", *operations))),
        frozenset(_needed(rule, "apiGroups")),
        frozenset(_needed(rule, "apiVersions")),
        tuple(entries),
        rule.choice("scope", ("Cluster", "Namespaced", "*"), "*"),
        frozenset(rule.texts("resourceNames")),
    )


def _needed(rule: Fields, name: str, choices: tuple[str, ...] | None = None) -> tuple[str, ...]:
    values = rule.texts(name, choices)
    if not values:
        raise rule.fault(name, "must name at least one")
    return values


def _resource(entry: str) -> tuple[str, str]:
    resource, _, sub = entry.partition("/")
    return resource, sub
