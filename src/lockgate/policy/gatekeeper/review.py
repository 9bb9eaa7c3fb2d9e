"""What is judged: one object on its way in, or one that is there already.

A :class:`Review` is built from an AdmissionReview's request (a webhook, a recording) or from a bare object (an audit, a
folder). It is never changed after. Source of the shape: ``AdmissionRequest`` of ``admission.k8s.io/v1``, and what
Gatekeeper makes of it (``pkg/target/target.go``). What does not belong: which policies apply.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field, replace
from enum import Enum
from typing import Any

from lockgate.dataclass import dataclass
from lockgate.policy.errors import EvaluationError
from lockgate.policy.gatekeeper.fields import group_version_kind, too_deep

MAX_DEPTH = 200
"""Levels of nesting of an object under review; etcd keeps none that deep."""
OPERATIONS = ("CREATE", "UPDATE", "DELETE", "CONNECT")


class Origin(Enum):
    """Whether somebody wrote the object, or an expansion made it. The values are Gatekeeper's ``match.source``."""

    ORIGINAL = "Original"
    GENERATED = "Generated"


class ReviewError(EvaluationError):
    """A request or an object that cannot be reviewed as it is."""

    code = "review"


@dataclass(frozen=True, slots=True)
class Candidate:
    """What matching reads of one object."""

    group: str
    """API group of the object; empty for core."""
    version: str
    kind: str
    name: str
    generate_name: str
    """``metadata.generateName``; the API server has not made a name of it yet."""
    namespace: str
    """``metadata.namespace``; empty for a cluster-scoped object."""
    labels: Mapping[str, object]

    @property
    def is_namespace(self) -> bool:
        """Whether it is a core Namespace."""
        return self.kind == "Namespace" and not self.group


@dataclass(frozen=True, slots=True)
class Review:
    """One object, and the request that carries it."""

    object: Mapping[str, Any] | None
    """The object as it would be; None on DELETE."""
    old_object: Mapping[str, Any] | None = None
    """The object as it was; on UPDATE and DELETE."""
    operation: str = ""
    """``CREATE``, ``UPDATE``, ``DELETE``, ``CONNECT``; empty in an audit."""
    group: str = ""
    version: str = ""
    kind: str = ""
    name: str = ""
    namespace: str = ""
    user_info: Mapping[str, Any] = field(default_factory=dict)
    """``username``, ``groups``, ``uid``, ``extra``; empty in an audit."""
    namespace_object: Mapping[str, Any] | None = None
    """The Namespace the object is in, when known."""
    source: Origin = Origin.ORIGINAL
    dry_run: bool | None = None
    """None when nobody said."""
    uid: str = ""
    resource: Mapping[str, Any] = field(default_factory=dict)
    """``group``, ``version``, ``resource`` of the request."""
    sub_resource: str = ""
    """``exec``, ``scale``, ...; empty for the object itself."""
    options: Mapping[str, Any] | None = None
    """CreateOptions, UpdateOptions or DeleteOptions of the request."""
    candidates: tuple[Candidate, ...] = field(default=(), compare=False, repr=False)
    """What matching reads of ``object`` and ``old_object``; made by the constructors."""

    @classmethod
    def of_request(
        cls, request: Any, *, namespace: Mapping[str, Any] | None = None, shallow: bool = False
    ) -> Review:  # fmt: skip
        """The review of ``request``, the mapping under ``request`` of an AdmissionReview. ``shallow``: the caller has
        seen that it nests no deeper than ``MAX_DEPTH``.

        Raises :class:`ReviewError` for a request that is no mapping, has fields of a wrong type, or carries no object.
        """
        if not isinstance(request, dict):
            raise ReviewError("a request must be a mapping", where="AdmissionReview: request")
        kind, body, old, resource, user, options = _mappings(request, _MAPPINGS, "")
        operation, name, place, uid, sub_resource = _texts(request, _TEXTS, "")
        group, version, named = _texts(kind or {}, _OF_KIND, "kind.")
        made = cls(
            object=None if operation == "DELETE" else body,
            old_object=old,
            operation=operation,
            group=group,
            version=version,
            kind=named,
            name=name,
            namespace=place,
            user_info=user or {},
            namespace_object=namespace,
            dry_run=_flag(request, "dryRun"),
            uid=uid,
            resource=resource or {},
            sub_resource=sub_resource,
            options=options,
        )
        if made.operation and made.operation not in OPERATIONS:
            raise ReviewError(f"the operation {made.operation[:40]!r} does not exist", where="request.operation")
        if made.operation == "DELETE" and made.old_object is None:
            raise ReviewError("a DELETE must carry the object it deletes", where="request.oldObject")
        return made._ready(shallow=shallow)

    @classmethod
    def of_object(
        cls,
        body: Any,
        *,
        namespace: Mapping[str, Any] | None = None,
        source: Origin = Origin.ORIGINAL,
        operation: str = "",
    ) -> Review:
        """The review of an object that nobody is changing right now, as an audit makes it.

        Raises :class:`ReviewError` for what is no object of a cluster.
        """
        if not isinstance(body, dict):
            raise ReviewError("an object must be a mapping", where="object")
        group, version, kind = group_version_kind(body)
        if not kind or not version:
            raise ReviewError("an object must have apiVersion and kind", where="object")
        candidate = candidate_of(body)
        made = cls(
            object=body,
            operation=operation,
            group=group,
            version=version,
            kind=kind,
            name=candidate.name,
            namespace=candidate.namespace,
            namespace_object=namespace,
            source=source,
        )
        if operation == "DELETE":
            made = replace(made, object=None, old_object=body)
        return made._ready()

    def _ready(self, *, shallow: bool = False) -> Review:
        bodies = [body for body in (self.object, self.old_object) if body is not None]
        if not bodies:
            raise ReviewError("neither object nor oldObject is there to be judged", where="request")
        for body in bodies:
            if not shallow and too_deep(body, limit=MAX_DEPTH):
                raise ReviewError(f"nested deeper than {MAX_DEPTH} levels", where="object")
        # Nobody has seen this review yet: it is still being made.
        object.__setattr__(self, "candidates", tuple(candidate_of(body) for body in bodies))
        return self

    def rego_input(self) -> dict[str, Any]:
        """``input.review`` as Gatekeeper gives it to Rego; on DELETE ``object`` is the old one.

        Empty fields that Go writes are written too (``operation: ""``, ``namespaceObject: {}``), because a policy can
        tell them from absent; seen in what gator 3.23 gives to a template that prints its input.
        """
        review: dict[str, Any] = {
            "uid": self.uid,
            "kind": {"group": self.group, "version": self.version, "kind": self.kind},
            "resource": {
                name: self.resource.get(name, "") for name in ("group", "version", "resource")
            },
            "operation": self.operation,
            "userInfo": self.user_info,
            "object": self.old_object if self.operation == "DELETE" else self.object,
            "oldObject": self.old_object,
            "options": self.options,
            "namespaceObject": self.namespace_object or {},
        }  # fmt: skip
        for name, value in (("name", self.name), ("namespace", self.namespace), ("subResource", self.sub_resource)):
            if value:
                review[name] = value
        if self.dry_run is not None:
            review["dryRun"] = self.dry_run
        return review

    def cel_request(self) -> dict[str, Any]:
        """``request`` as CEL policies read it: an AdmissionRequest without the objects, absent where empty."""
        kind = {"group": self.group, "version": self.version, "kind": self.kind}
        resource = {name: self.resource.get(name, "") for name in ("group", "version", "resource")}
        request: dict[str, Any] = {
            "uid": self.uid,
            "kind": kind,
            "resource": resource,
            "requestKind": kind,
            "requestResource": resource,
            "operation": self.operation,
            "userInfo": self.user_info,
            "name": self.name,
            "namespace": self.namespace,
            "subResource": self.sub_resource,
            "requestSubResource": self.sub_resource,
            "dryRun": bool(self.dry_run),
        }
        if self.options is not None:
            request["options"] = self.options
        return request

    def in_namespace(self, namespace: Mapping[str, Any] | None) -> Review:
        """The same review with the Namespace it is in."""
        if namespace is self.namespace_object:
            return self
        return replace(self, namespace_object=namespace)


def candidate_of(body: Mapping[str, Any]) -> Candidate:
    """What matching reads of ``body``. Fields of a wrong type read as empty, as a decoder of labels would drop them."""
    group, version, kind = group_version_kind(body)
    metadata = body.get("metadata")
    if not isinstance(metadata, dict):
        metadata = {}
    labels = metadata.get("labels")
    name, generate_name, namespace = metadata.get("name"), metadata.get("generateName"), metadata.get("namespace")
    return Candidate(
        group, version, kind, name if isinstance(name, str) else "",
        generate_name if isinstance(generate_name, str) else "", namespace if isinstance(namespace, str) else "",
        labels if isinstance(labels, dict) else {},
    )  # fmt: skip


_MAPPINGS = ("kind", "object", "oldObject", "resource", "userInfo", "options")
_TEXTS = ("operation", "name", "namespace", "uid", "subResource")
_OF_KIND = ("group", "version", "kind")
_MAPPING_TYPES, _TEXT_TYPES = frozenset((dict, type(None))), frozenset((str, type(None)))


def _mappings(body: Mapping[str, Any], names: Sequence[str], prefix: str) -> list[Mapping[str, Any] | None]:
    values = [*map(body.get, names)]
    if not _MAPPING_TYPES.issuperset(map(type, values)):
        _refuse(values, names, dict, f"request.{prefix}", "must be a mapping")
    return values


def _texts(body: Mapping[str, Any], names: Sequence[str], prefix: str) -> list[str]:
    """Empty for what is missing."""
    values = [*map(body.get, names)]
    if not _TEXT_TYPES.issuperset(map(type, values)):
        _refuse(values, names, str, f"request.{prefix}", "must be a string")
    return [value or "" for value in values]


def _refuse(values: Sequence[Any], names: Sequence[str], kind: type, where: str, told: str) -> None:
    """Raises :class:`ReviewError` for the first that is neither of this kind nor missing."""
    for value, name in zip(values, names, strict=True):
        if value is not None and not isinstance(value, kind):
            raise ReviewError(told, where=f"{where}{name}")


def _flag(body: Mapping[str, Any], name: str) -> bool | None:
    value = body.get(name)
    if value is not None and not isinstance(value, bool):
        raise ReviewError("must be true or false", where=f"request.{name}")
    return value
