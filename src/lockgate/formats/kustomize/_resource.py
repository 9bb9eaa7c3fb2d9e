"""One resource on its way through an overlay, and how the parts of a kustomization choose resources."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from lockgate.formats.format_error import FormatError
from lockgate.model import SkipKind

_CLUSTER_WIDE = frozenset(
    (
        "APIService", "CSIDriver", "CSINode", "CertificateSigningRequest", "ClusterRole", "ClusterRoleBinding",
        "ComponentStatus", "CustomResourceDefinition", "FlowSchema", "IngressClass", "MutatingWebhookConfiguration",
        "Namespace", "Node", "PersistentVolume", "PodSecurityPolicy", "PriorityClass", "PriorityLevelConfiguration",
        "RuntimeClass", "SelfSubjectAccessReview", "StorageClass", "SubjectAccessReview", "TokenReview",
        "ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding", "ValidatingWebhookConfiguration",
        "VolumeAttachment",
    )
)  # fmt: skip
_BUILT_IN = frozenset(("", "apps", "batch", "policy", "autoscaling", "extensions"))


@dataclass(slots=True)
class Resource:
    """A manifest, its own copy, and every name it has had."""

    body: dict[str, Any]
    path: str
    line_of: Callable[[str], int]
    earlier: list[tuple[str, str]] = field(default_factory=list)
    """Name and namespace before each change, oldest first."""
    scope: tuple[str, ...] = ()
    """The kustomizations it came through, outermost first: names are told apart by it."""
    hashed: bool = False
    """A generator made it, and its name gets a hash of its content in the end."""

    @property
    def kind(self) -> str:
        """Its kind."""
        return str(self.body.get("kind", ""))

    @property
    def group(self) -> str:
        """Its API group; empty for the core."""
        version = str(self.body.get("apiVersion", ""))
        return version.partition("/")[0] if "/" in version else ""

    @property
    def version(self) -> str:
        """Its API version, without the group."""
        return str(self.body.get("apiVersion", "")).rpartition("/")[2]

    @property
    def metadata(self) -> dict[str, Any]:
        """Its metadata, made when it is missing."""
        held = self.body.get("metadata")
        if not isinstance(held, dict):
            held = self.body["metadata"] = {}
        return held

    @property
    def name(self) -> str:
        """Its present name."""
        return str(self.metadata.get("name", ""))

    @property
    def namespace(self) -> str:
        """Its present namespace; empty when none is set."""
        return str(self.metadata.get("namespace") or "")

    @property
    def is_namespaced(self) -> bool:
        """Whether objects of its kind live in a namespace; of an unknown kind they do."""
        return self.kind not in _CLUSTER_WIDE

    @property
    def has_schema(self) -> bool:
        """Whether Kubernetes itself defines the kind, so that its lists merge by key."""
        return self.group in _BUILT_IN or self.group.endswith(".k8s.io")

    @property
    def names(self) -> list[tuple[str, str]]:
        """Every name and namespace it has or had."""
        return [*self.earlier, (self.name, self.namespace)]

    def rename(self, name: str, namespace: str | None = None) -> None:
        """Give it another name, and remember the old one."""
        self.earlier.append((self.name, self.namespace))
        self.metadata["name"] = name
        if namespace is not None:
            self.metadata["namespace"] = namespace


def selected(resources: list[Resource], target: Any) -> list[Resource]:
    """The resources that a ``target`` or ``select`` chooses: patterns for names, selectors for labels."""
    if not isinstance(target, dict):
        return []
    return [one for one in resources if _is_chosen(one, target)]


def _is_chosen(one: Resource, target: dict[str, Any]) -> bool:
    for key, value in (("group", one.group), ("version", one.version), ("kind", one.kind)):
        wanted = target.get(key)
        if wanted and not _matches(str(wanted), value):
            return False
    name, space = str(target.get("name") or ""), str(target.get("namespace") or "")
    if (name or space) and not any(
        (not name or _matches(name, own)) and (not space or _matches(space, at or "default"))
        for own, at in [*one.names, *((own, one.namespace) for own, _ in one.earlier)]
    ):
        return False
    for key, held in (("labelSelector", "labels"), ("annotationSelector", "annotations")):
        wanted = target.get(key)
        values = one.metadata.get(held)
        if wanted and not _fits(str(wanted), values if isinstance(values, dict) else {}):
            return False
    return True


def _matches(pattern: str, text: str) -> bool:
    """Anchored, as kustomize has it; RE2 is what Go uses, and it cannot be made slow."""
    if pattern == text:
        return True
    if pattern.isalnum():
        return False
    import re2

    if len(pattern) > 1000:
        raise FormatError("a pattern of more than 1000 characters", kind=SkipKind.TOO_LARGE)
    try:
        options = re2.Options()
        options.log_errors = False
        return re2.match(f"^(?:{pattern})$", text, options) is not None  # type: ignore[no-untyped-call]
    except re2.error:
        raise FormatError("a pattern that cannot be compiled") from None


def _fits(selector: str, values: dict[str, Any]) -> bool:
    """A selector of Kubernetes made of equalities and names: ``a=b,c!=d,e,!f``."""
    for part in filter(None, (part.strip() for part in selector.split(","))):
        key, sign, value = part.partition("=")
        key = key.strip()
        if "(" in part:
            raise FormatError("a selector with a set", kind=SkipKind.UNSUPPORTED)
        if not sign:
            if (key.removeprefix("!").strip() in values) is key.startswith("!"):
                return False
        elif (str(values.get(key.removesuffix("!").strip())) == value.removeprefix("=").strip()) is key.endswith("!"):
            return False
    return True


def places(value: Any, steps: list[str], *, create: bool = False) -> Iterator[tuple[Any, Any]]:
    """Every container and key that a path without indices names; lists on the way are walked through.

    ``create`` makes the mappings that are missing. The last step may not exist yet.
    """
    waiting = [(value, steps)]
    while waiting:
        here, rest = waiting.pop()
        if isinstance(here, list):
            waiting += [(item, rest) for item in reversed(here)]
        elif isinstance(here, dict):
            if len(rest) == 1:
                yield here, rest[0]
                continue
            if create and here.get(rest[0]) is None:
                here[rest[0]] = {}
            if rest[0] in here:
                waiting.append((here[rest[0]], rest[1:]))
