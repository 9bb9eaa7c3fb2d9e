"""Config and SyncSet: what the inventory holds, and which Namespaces are left alone by which process.

``Config`` of ``config.gatekeeper.sh/v1alpha1`` and ``SyncSet`` of ``syncset.gatekeeper.sh/v1alpha1``. Also the label by
which a cluster leaves a Namespace out of the webhook. Source: gatekeeper ``pkg/controller/config/process``.
"""

from __future__ import annotations

from lockgate.dataclass import dataclass
from lockgate.policy.gatekeeper.fields import Field, group_version_kind, manifest
from lockgate.policy.gatekeeper.review import Candidate, Review
from lockgate.policy.gatekeeper.wildcard import matches_any

IGNORE_LABEL = "admission.gatekeeper.sh/ignore"
"""A Namespace with this label, whatever its value, is not sent to the webhook by Gatekeeper's own configuration."""
PROCESSES = ("audit", "webhook", "mutation-webhook", "sync")
Kind = tuple[str, str, str]
"""API group, version and kind."""


@dataclass(frozen=True, slots=True)
class Exclusion:
    """Namespaces that some processes leave alone."""

    processes: frozenset[str]
    """Of ``PROCESSES``; ``*`` has been spelt out."""
    namespaces: tuple[str, ...]
    """Names with wildcards."""


@dataclass(frozen=True, slots=True)
class Config:
    """What the Config and all SyncSets say together."""

    synced: frozenset[Kind] = frozenset()
    """Kinds that the inventory holds."""
    exclusions: tuple[Exclusion, ...] = ()

    def joined(self, other: Config) -> Config:
        """This and ``other`` together."""
        return Config(self.synced | other.synced, self.exclusions + other.exclusions)

    def excludes(self, candidate: Candidate, process: str, *, namespace: str = "") -> bool:
        """Whether ``process`` leaves this object alone. A Namespace goes by its own name.

        ``namespace`` is that of the request, for objects that do not say their own.
        """
        name = candidate.name if candidate.is_namespace else candidate.namespace or namespace
        return any(
            process in exclusion.processes and matches_any(exclusion.namespaces, name) for exclusion in self.exclusions
        )

    def excludes_review(self, review: Review, process: str) -> bool:
        """Whether ``process`` leaves a request alone, by the object it carries."""
        return bool(self.exclusions) and self.excludes(review.candidates[0], process, namespace=review.namespace)

    def syncs(self, candidate: Candidate) -> bool:
        """Whether the inventory holds this object."""
        kind = (candidate.group, candidate.version, candidate.kind)
        return kind in self.synced and not self.excludes(candidate, "sync")


def ignored_by_label(review: Review) -> bool:
    """Whether the object, or the Namespace it is in, carries the label that keeps the webhook away."""
    namespace = review.namespace_object
    if review.candidates[0].is_namespace:
        return any(IGNORE_LABEL in candidate.labels for candidate in review.candidates)
    metadata = namespace.get("metadata") if namespace is not None else None
    labels = metadata.get("labels") if isinstance(metadata, dict) else None
    return isinstance(labels, dict) and IGNORE_LABEL in labels


def is_config(body: object) -> bool:
    """Whether an object is a Config or a SyncSet."""
    return isinstance(body, dict) and group_version_kind(body)[::2] in (
        ("config.gatekeeper.sh", "Config"),
        ("syncset.gatekeeper.sh", "SyncSet"),
    )


def parse_config(body: object) -> Config:
    """What a Config or a SyncSet says. Raises :class:`PolicyError` with the place."""
    root = manifest(body, kind="Config")
    if not is_config(body):
        raise root.get("kind").error("is neither Config nor SyncSet of Gatekeeper")
    spec = root.get("spec")
    if root.get("kind").text() == "SyncSet":
        return Config(synced=_kinds(spec.get("gvks")))
    return Config(_kinds(spec.get("sync").get("syncOnly")), tuple(map(_exclusion, spec.get("match").items())))


def _kinds(entries: Field) -> frozenset[Kind]:
    return frozenset(
        (entry.get("group").text(), entry.get("version").filled(), entry.get("kind").filled())
        for entry in entries.items()
    )


def _exclusion(entry: Field) -> Exclusion:
    processes = {item.choice((*PROCESSES, "*")) for item in entry.get("processes").items()}
    return Exclusion(
        frozenset(PROCESSES if "*" in processes else processes), entry.get("excludedNamespaces").texts()
    )  # fmt: skip
