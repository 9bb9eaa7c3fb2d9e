"""ExpansionTemplate: from a workload to the objects it will make, so that they are judged before they exist.

A Deployment becomes the Pod of its ``spec.template``. What the controller will add cannot be known: user, operation and
the final name. Source: gatekeeper ``pkg/expansion``. What does not belong: judging what comes out (``library``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from lockgate.dataclass import dataclass
from lockgate.policy.errors import EvaluationError
from lockgate.policy.gatekeeper.constraint import ACTIONS
from lockgate.policy.gatekeeper.fields import group_version_kind, manifest
from lockgate.policy.gatekeeper.mutation import Mutators
from lockgate.policy.gatekeeper.review import Origin, candidate_of
from lockgate.policy.gatekeeper.values import copied

GROUP = "expansion.gatekeeper.sh"
MAX_DEPTH = 30
"""Generations below one object."""
MAX_OBJECTS = 1000
"""Objects made of one; templates that fan out could make any number."""
_MAX_NAME = 63
_NAMESPACED = frozenset({"", "apps", "batch"})
"""Groups all of whose workloads stand in a namespace, named or not. A parent of another group may stand in none, and
then its template says where the child does, as in Gatekeeper's webhook."""
Kind = tuple[str, str, str]
"""API group, version and kind."""


class ExpansionError(EvaluationError):
    """An object cannot be expanded, or expanding does not end."""

    code = "expansion"


@dataclass(frozen=True, slots=True)
class ExpansionTemplate:
    """What is made of which objects."""

    name: str
    applies_to: frozenset[Kind]
    """Kinds of parents."""
    source: tuple[str, ...]
    """Path to the field of the parent that becomes the object."""
    makes: Kind
    """What it becomes."""
    action: str = ""
    """Replaces the enforcement action of violations in what it makes; empty to keep the constraint's."""


@dataclass(frozen=True, slots=True)
class Expanded:
    """One object that will come to be."""

    object: Mapping[str, Any]
    template: str
    """Name of the ExpansionTemplate."""
    action: str
    """Enforcement action that takes the place of the constraint's; empty for none."""

    def message(self, message: str) -> str:
        """A violation's message, saying where the object comes from."""
        return f"[Implied by {self.template}] {message}"


def is_expansion(body: object) -> bool:
    """Whether an object is an ExpansionTemplate."""
    return isinstance(body, dict) and group_version_kind(body)[::2] == (GROUP, "ExpansionTemplate")


def parse_expansion(body: object) -> ExpansionTemplate:
    """The template that a manifest spells. Raises :class:`PolicyError` with the place."""
    root = manifest(body, kind="ExpansionTemplate")
    if not is_expansion(body):
        raise root.get("kind").error("is no ExpansionTemplate")
    name, spec = root.get("metadata").get("name"), root.get("spec")
    if len(name.text()) > _MAX_NAME:
        raise name.error(f"is longer than {_MAX_NAME} characters")
    kinds = [
        (group, version, kind)
        for entry in spec.get("applyTo").items()
        for group in entry.get("groups").texts()
        for version in entry.get("versions").texts()
        for kind in entry.get("kinds").texts()
    ]
    if not kinds:
        raise spec.get("applyTo").error("must name groups, versions and kinds")
    made = spec.get("generatedGVK")
    makes = (made.get("group").text(), made.get("version").filled(), made.get("kind").filled())
    if makes in kinds:
        raise made.error("is one of the kinds that the template applies to, so it would never end")
    return ExpansionTemplate(
        name=name.text(),
        applies_to=frozenset(kinds),
        source=tuple(spec.get("templateSource").filled().split(".")),
        makes=makes,
        action=spec.get("enforcementAction").choice(ACTIONS),
    )


class Expander:
    """All ExpansionTemplates together. Templates that make each other are disabled: ``cycles`` names them."""

    def __init__(self, templates: Iterable[ExpansionTemplate] = (), *, mutators: Mutators | None = None) -> None:
        self._templates = {template.name: template for template in templates}
        self._mutators = mutators
        self.cycles: frozenset[str] = frozenset()
        self._by_kind: dict[Kind, list[ExpansionTemplate]] = {}
        self._settle()

    def add(self, template: ExpansionTemplate) -> None:
        """Add or replace one."""
        self._templates[template.name] = template
        self._settle()

    def remove(self, name: str) -> None:
        """Take one away; nothing happens when it is not there."""
        self._templates.pop(name, None)
        self._settle()

    def _settle(self) -> None:
        self.cycles = _cycles(self._templates.values())
        self._by_kind = {}
        for name in sorted(self._templates.keys() - self.cycles):
            for kind in self._templates[name].applies_to:
                self._by_kind.setdefault(kind, []).append(self._templates[name])

    def expand(self, body: Mapping[str, Any], *, namespace: Mapping[str, Any] | None = None) -> list[Expanded]:
        """Everything that will come of ``body``, grandchildren before their parents; none when nothing applies.

        Raises :class:`ExpansionError` when a source field is missing or the limits are passed.
        """
        made: list[Expanded] = []
        generation: list[Mapping[str, Any]] = [body]
        for _ in range(MAX_DEPTH):
            children = [child for parent in generation for child in self._children(parent, namespace)]
            if not children:
                return made
            made = children + made
            if len(made) > MAX_OBJECTS:
                raise ExpansionError(f"more than {MAX_OBJECTS} objects come of one", where=_name(body))
            generation = [child.object for child in children]
        raise ExpansionError(f"more than {MAX_DEPTH} generations come of one object", where=_name(body))

    def _children(self, parent: Mapping[str, Any], namespace: Mapping[str, Any] | None) -> list[Expanded]:
        children = []
        for template in self._by_kind.get(group_version_kind(parent), ()):
            child = _child(template, parent, namespace)
            if self._mutators is not None:
                self._mutators.mutate_object(child, namespace=namespace, source=Origin.GENERATED)
            children.append(Expanded(child, template.name, template.action))
        return children


def _child(
    template: ExpansionTemplate, parent: Mapping[str, Any], namespace: Mapping[str, Any] | None
) -> dict[str, Any]:
    source: Any = parent
    for name in template.source:
        source = source.get(name) if isinstance(source, dict) else None
    if not isinstance(source, dict):
        raise ExpansionError(
            f"the field {'.'.join(template.source)} of the ExpansionTemplate {template.name} is not there",
            where=_name(parent),
        )
    group, version, kind = template.makes
    above = candidate_of(parent)
    child: dict[str, Any] = copied(source)
    child["apiVersion"], child["kind"] = f"{group}/{version}" if group else version, kind
    metadata = child.get("metadata")
    child["metadata"] = metadata = dict(metadata) if isinstance(metadata, dict) else {}
    place = candidate_of(namespace).name if namespace is not None else above.namespace
    if place:
        metadata["namespace"] = place
    elif above.group in _NAMESPACED:
        metadata.pop("namespace", None)
    metadata["name"] = f"{above.name}-{kind}".lower()
    owner = {"apiVersion": str(parent.get("apiVersion", "")), "kind": above.kind, "name": above.name, "uid": ""}
    owners = metadata.get("ownerReferences")
    metadata["ownerReferences"] = [*(owners if isinstance(owners, list) else []), owner]
    return child


def _cycles(templates: Iterable[ExpansionTemplate]) -> frozenset[str]:
    """The names of templates on a cycle, or between two: what neither end can be peeled off from."""
    left = {template.name: template for template in templates}
    while True:
        needed = {kind for template in left.values() for kind in template.applies_to}
        made = {template.makes for template in left.values()}
        ends = [name for name, each in left.items() if each.makes not in needed or not each.applies_to & made]
        if not ends:
            return frozenset(left)
        for name in ends:
            del left[name]


def _name(body: Mapping[str, Any]) -> str:
    found = candidate_of(body)
    return f"{found.kind}/{found.namespace}/{found.name}"[:200]
