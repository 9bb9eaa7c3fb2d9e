"""CustomResourceDefinitions: the kinds they bring, and those that Gatekeeper's controller makes from templates."""

from __future__ import annotations

from typing import Any

from .discovery import Registry
from .kinds import Kind
from .objects import now
from .store import Store

PLURAL = "customresourcedefinitions"
_TEMPLATES = "templates.gatekeeper.sh/constrainttemplates"


def kinds_of(definition: dict[str, Any]) -> list[Kind]:
    """One kind for each served version, the storage version first."""
    spec, names = definition["spec"], definition["spec"]["names"]
    found = []
    for one in sorted(spec["versions"], key=lambda one: not one.get("storage")):
        if not one.get("served"):
            continue
        subresources = one.get("subresources") or {}
        printed = one.get("additionalPrinterColumns") or []
        columns = tuple((row["name"], row["type"], row["jsonPath"]) for row in printed)
        found.append(Kind(
            spec["group"], one["name"], names["kind"], names["plural"], spec["scope"] == "Namespaced",
            tuple(names.get("shortNames") or ()), tuple(names.get("categories") or ()),
            status="status" in subresources, custom=True, columns=columns,
            schema=(one.get("schema") or {}).get("openAPIV3Schema"),
        ))  # fmt: skip
    return found


def changed(store: Store, registry: Registry, kind: Kind, before: dict[str, Any] | None, after: dict[str, Any] | None,
            ) -> None:  # fmt: skip
    """Serve, or stop serving, what a changed definition or template says."""
    if kind.plural == PLURAL and kind.group == "apiextensions.k8s.io":
        _definition(store, registry, kind, after or before or {}, gone=after is None)
    elif kind.key == _TEMPLATES and after is not None:
        _template(store, registry, after)


def _definition(store: Store, registry: Registry, kind: Kind, body: dict[str, Any], *, gone: bool) -> None:
    spec = body["spec"]
    group, plural = spec["group"], spec["names"]["plural"]
    registry.replace(group, plural, [] if gone else kinds_of(body))
    if gone:
        for one in store.page(f"{group}/{plural}", "")[0]:
            metadata = one["metadata"]
            store.remove(f"{group}/{plural}", (metadata.get("namespace", ""), metadata["name"]), expect=one)
        return
    if (body.get("status") or {}).get("conditions"):
        return
    conditions = [
        {"type": type_, "status": "True", "lastTransitionTime": now(), "reason": reason, "message": message}
        for type_, reason, message in (("NamesAccepted", "NoConflicts", "no conflicts found"),
                                       ("Established", "InitialNamesAccepted", "the initial names have been accepted"))
    ]  # fmt: skip
    stored = [one["name"] for one in spec["versions"] if one.get("storage")]
    status = {"conditions": conditions, "acceptedNames": spec["names"], "storedVersions": stored}
    store.put(kind.key, ("", body["metadata"]["name"]), {**body, "status": status}, expect=body)


def _template(store: Store, registry: Registry, template: dict[str, Any]) -> None:
    crd = template["spec"]["crd"]["spec"]
    kind, plural = crd["names"]["kind"], crd["names"]["kind"].lower()
    definition = definition_of("constraints.gatekeeper.sh", "v1beta1", kind, plural, namespaced=False)
    key = ("", definition["metadata"]["name"])
    held = registry.find("apiextensions.k8s.io", "v1", PLURAL)
    if store.get(held.key, key) is None:
        metadata = {**definition["metadata"], "creationTimestamp": now(), "generation": 1, "uid": f"crd-{plural}"}
        body = store.put(held.key, key, {**definition, "metadata": metadata}, expect=None)
        _definition(store, registry, held, body, gone=False)


def definition_of(group: str, version: str, kind: str, plural: str, *, namespaced: bool,
                  schema: dict[str, Any] | None = None, short: tuple[str, ...] = ()) -> dict[str, Any]:  # fmt: skip
    """A CustomResourceDefinition with one version and a status."""
    anything = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    return {
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{group}"},
        "spec": {
            "group": group, "scope": "Namespaced" if namespaced else "Cluster",
            "names": {"kind": kind, "plural": plural, "singular": kind.lower(), "listKind": f"{kind}List",
                      "shortNames": list(short)},
            "versions": [{"name": version, "served": True, "storage": True, "subresources": {"status": {}},
                          "schema": {"openAPIV3Schema": schema or anything}}],
        },
    }  # fmt: skip


def seeded() -> list[dict[str, Any]]:
    """Definitions of Gatekeeper's own kinds, without their schemas."""
    return [
        definition_of("templates.gatekeeper.sh", "v1", "ConstraintTemplate", "constrainttemplates", namespaced=False),
        definition_of("config.gatekeeper.sh", "v1alpha1", "Config", "configs", namespaced=True),
    ]
