"""What the server tells of itself: ``/version``, ``/api``, ``/apis`` plain and aggregated, and OpenAPI documents."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from typing import Any

from .kinds import Kind
from .status import no_such_path

_PATCHES = ("application/json-patch+json", "application/merge-patch+json", "application/apply-patch+yaml")
AGGREGATED = "application/json;g=apidiscovery.k8s.io;v={version};as=APIGroupDiscoveryList"


class Registry:
    """The kinds that are served now; custom ones come and go."""

    def __init__(self, kinds: Iterable[Kind]) -> None:
        self._kinds: dict[tuple[str, str, str], Kind] = {(one.group, one.version, one.plural): one for one in kinds}

    def __iter__(self) -> Any:
        return iter(list(self._kinds.values()))

    def find(self, group: str, version: str, plural: str) -> Kind:
        """The kind at an address; 404 when there is none."""
        found = self._kinds.get((group, version, plural))
        if found is None:
            raise no_such_path()
        return found

    def of_kind(self, group: str, kind: str) -> Kind | None:
        """A kind by name, in any version."""
        return next((one for one in self if one.group == group and one.kind == kind), None)

    def replace(self, group: str, plural: str, kinds: Iterable[Kind]) -> None:
        """Serve ``kinds`` under ``plural.group``, and nothing else."""
        for key in [key for key in self._kinds if key[0] == group and key[2] == plural]:
            del self._kinds[key]
        self._kinds.update({(one.group, one.version, one.plural): one for one in kinds})

    def groups(self) -> dict[str, list[str]]:
        """Versions by group, the preferred one first."""
        found: dict[str, list[str]] = {}
        for one in self:
            versions = found.setdefault(one.group, [])
            if one.version not in versions:
                versions.append(one.version)
        return found

    def of(self, group: str, version: str) -> list[Kind]:
        """Kinds of one group and version; 404 when it is not served."""
        found = [one for one in self if (one.group, one.version) == (group, version)]
        if not found:
            raise no_such_path()
        return found


def api_versions(address: str) -> dict[str, Any]:
    """``/api``."""
    client = {"clientCIDR": "0.0.0.0/0", "serverAddress": address.removeprefix("https://").removeprefix("http://")}
    return {"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": [client]}


def _group(name: str, versions: list[str]) -> dict[str, Any]:
    told = [{"groupVersion": f"{name}/{one}", "version": one} for one in versions]
    return {"name": name, "versions": told, "preferredVersion": told[0]}


def group_list(registry: Registry) -> dict[str, Any]:
    """``/apis``."""
    groups = [_group(name, versions) for name, versions in registry.groups().items() if name]
    return {"kind": "APIGroupList", "apiVersion": "v1", "groups": groups}


def group(registry: Registry, name: str) -> dict[str, Any]:
    """``/apis/<group>``."""
    versions = registry.groups().get(name)
    if not versions or not name:
        raise no_such_path()
    return {"kind": "APIGroup", "apiVersion": "v1", **_group(name, versions)}


def resource_list(registry: Registry, group: str, version: str) -> dict[str, Any]:
    """``/api/v1`` and ``/apis/<group>/<version>``."""
    resources: list[dict[str, Any]] = []
    for one in registry.of(group, version):
        row: dict[str, Any] = {"name": one.plural, "singularName": one.singular, "namespaced": one.namespaced,
                               "kind": one.kind, "verbs": list(one.verbs)}  # fmt: skip
        if one.short:
            row["shortNames"] = list(one.short)
        if one.categories:
            row["categories"] = list(one.categories)
        resources.append(row)
        for name, kind, verbs in _subresources(one):
            resources.append({"name": f"{one.plural}/{name}", "singularName": "", "namespaced": one.namespaced,
                              "kind": kind, "verbs": list(verbs)})  # fmt: skip
    told = f"{group}/{version}" if group else version
    return {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": told, "resources": resources}


def _subresources(one: Kind) -> list[tuple[str, str, tuple[str, ...]]]:
    status = [("status", one.kind, ("get", "patch", "update"))] if one.status else []
    return sorted([*status, *one.subresources])


def aggregated(registry: Registry, *, core: bool, version: str) -> dict[str, Any]:
    """``/api`` or ``/apis`` in one answer: ``APIGroupDiscoveryList`` of ``apidiscovery.k8s.io``."""
    items = []
    for name, versions in registry.groups().items():
        if core is not (name == ""):
            continue
        told = [
            {"version": one, "resources": [_discovered(kind) for kind in registry.of(name, one)],
             "freshness": "Current"}
            for one in versions
        ]  # fmt: skip
        items.append({"metadata": {**({"name": name} if name else {}), "creationTimestamp": None}, "versions": told})
    return {"kind": "APIGroupDiscoveryList", "apiVersion": f"apidiscovery.k8s.io/{version}", "metadata": {},
            "items": items}  # fmt: skip


def _discovered(one: Kind) -> dict[str, Any]:
    kind = {"group": one.group, "version": one.version, "kind": one.kind}
    row: dict[str, Any] = {
        "resource": one.plural, "responseKind": kind, "scope": "Namespaced" if one.namespaced else "Cluster",
        "singularResource": one.singular, "verbs": list(one.verbs),
    }  # fmt: skip
    if one.short:
        row["shortNames"] = list(one.short)
    if one.categories:
        row["categories"] = list(one.categories)
    if below := _subresources(one):
        row["subresources"] = [
            {"subresource": name, "responseKind": {**kind, "kind": body}, "verbs": list(verbs)}
            for name, body, verbs in below
        ]
    return row


def openapi_index(registry: Registry) -> dict[str, Any]:
    """``/openapi/v3``: the documents, each under an address that changes with its content."""
    paths = {}
    for group, versions in registry.groups().items():
        for version in versions:
            path = f"apis/{group}/{version}" if group else f"api/{version}"
            digest = hashlib.sha512(json.dumps(openapi(registry, group, version)).encode()).hexdigest().upper()
            paths[path] = {"serverRelativeURL": f"/openapi/v3/{path}?hash={digest}"}
    return {"paths": paths}


def openapi(registry: Registry, group: str, version: str) -> dict[str, Any]:
    """One OpenAPI 3.0 document: paths with their kinds and query parameters, and a schema for each kind.

    The schemas of built-in kinds say no more than the kind and its top level; those of custom kinds are whole.
    Strategic merge is not listed among the bodies of PATCH, so that clients take the merge keys built into them.
    """
    paths, schemas = {}, {}
    for one in registry.of(group, version):
        gvk = {"group": one.group, "version": one.version, "kind": one.kind}
        name = f"{one.group or 'core'}.{one.version}.{one.kind}"
        base = one.schema or {"type": "object", "properties": {}}
        top = {"apiVersion": {"type": "string"}, "kind": {"type": "string"}, "metadata": {"type": "object"}}
        schemas[name] = {**base, "type": "object", "properties": {**base.get("properties", {}), **top},
                         "x-kubernetes-group-version-kind": [gvk]}  # fmt: skip
        if not one.schema:
            schemas[name]["x-kubernetes-preserve-unknown-fields"] = True
        root = f"/apis/{group}/{version}" if group else f"/api/{version}"
        where = f"{root}/namespaces/{{namespace}}/{one.plural}" if one.namespaced else f"{root}/{one.plural}"
        reference = {"application/json": {"schema": {"$ref": f"#/components/schemas/{name}"}}}
        patches = {key: {"schema": {"type": "object"}} for key in _PATCHES}
        writes = [{"name": name, "in": "query", "schema": {"type": "string", "uniqueItems": True}}
                  for name in ("dryRun", "fieldManager", "fieldValidation")]  # fmt: skip
        answer = {"responses": {"200": {"description": "OK", "content": reference}}}
        same = {"x-kubernetes-group-version-kind": gvk}
        paths[where] = {
            "get": {"x-kubernetes-action": "list", **same, **answer},
            "post": {"x-kubernetes-action": "post", "parameters": writes, **same, **answer,
                     "requestBody": {"content": reference, "required": True}},
        }  # fmt: skip
        paths[f"{where}/{{name}}"] = {
            "get": {"x-kubernetes-action": "get", **same, **answer},
            "put": {"x-kubernetes-action": "put", "parameters": writes, **same, **answer},
            "patch": {"x-kubernetes-action": "patch", "parameters": writes, **same, **answer,
                      "requestBody": {"content": patches, "required": True}},
            "delete": {"x-kubernetes-action": "delete", **same, **answer},
        }  # fmt: skip
    return {"openapi": "3.0.0", "info": {"title": "Kubernetes", "version": "simulated"}, "paths": paths,
            "components": {"schemas": schemas}}  # fmt: skip


OPENAPI_V2 = b"\x0a\x03" + b"2.0" + b"\x12\x19" + b"\x0a\x0aKubernetes" + b"\x12\x0bunversioned" + b"\x42\x00"
"""An ``openapi.v2.Document`` in protobuf that describes no kind: swagger, info (title, version), empty paths. It is
what kubectl before 1.24 asks for; such a client then sends objects unchecked, and the server checks them."""
