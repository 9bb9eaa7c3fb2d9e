"""Small manifests that the tests of this folder judge."""

from __future__ import annotations

from typing import Any


def pod(name: str = "shop", namespace: str = "harbour", **metadata: Any) -> dict[str, Any]:
    """A Pod with one container; an empty namespace or name is left out."""
    known = {"name": name, "namespace": namespace, **metadata}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {key: value for key, value in known.items() if value},
        "spec": {"containers": [{"name": "main", "image": "shop:1"}]},
    }


def namespace(name: str = "harbour", **labels: str) -> dict[str, Any]:
    """A Namespace."""
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}


def template(rego: str = "", *, kind: str = "Probe", schema: Any = None, **target: Any) -> dict[str, Any]:
    """A ConstraintTemplate v1; ``target`` adds fields to its only target."""
    crd: dict[str, Any] = {"names": {"kind": kind}}
    if schema is not None:
        crd["validation"] = {"openAPIV3Schema": schema}
    logic = {"rego": rego} if rego else {}
    return {
        "apiVersion": "templates.gatekeeper.sh/v1",
        "kind": "ConstraintTemplate",
        "metadata": {"name": kind.lower()},
        "spec": {
            "crd": {"spec": crd},
            "targets": [{"target": "admission.k8s.gatekeeper.sh", **logic, **target}],
        },
    }


def cel(*validations: dict[str, Any], **source: Any) -> dict[str, Any]:
    """A ``code`` entry in CEL."""
    return {"engine": "K8sNativeValidation", "source": {"validations": list(validations), **source}}


def constraint(name: str = "probe", *, kind: str = "Probe", **spec: Any) -> dict[str, Any]:
    """A constraint; ``spec`` as it is."""
    return {
        "apiVersion": "constraints.gatekeeper.sh/v1beta1",
        "kind": kind,
        "metadata": {"name": name},
        "spec": spec,
    }


def mutator(kind: str, name: str, location: str, *, match: Any = None, **parameters: Any) -> dict[str, Any]:
    """A mutator of Pods."""
    spec: dict[str, Any] = {"location": location, "parameters": parameters}
    if kind != "AssignMetadata":
        spec["applyTo"] = [{"groups": [""], "versions": ["v1"], "kinds": ["Pod"]}]
    if match is not None:
        spec["match"] = match
    return {"apiVersion": "mutations.gatekeeper.sh/v1", "kind": kind, "metadata": {"name": name}, "spec": spec}
