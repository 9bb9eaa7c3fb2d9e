"""Policies and requests, spelled briefly."""

from __future__ import annotations

from typing import Any

import pytest

from lockgate.policy.kubernetes import Binding, MutatingPolicy, ValidatingPolicy, parse_object

ALL = {"operations": ["*"], "apiGroups": ["*"], "apiVersions": ["*"], "resources": ["*/*"]}


class Spelled:
    """Makes policy objects from what differs."""

    version = "admissionregistration.k8s.io/v1"

    def policy(self, name: str = "p", **spec: Any) -> ValidatingPolicy:
        spec.setdefault("matchConstraints", {"resourceRules": [ALL]})
        made = parse_object(self._object("ValidatingAdmissionPolicy", name, spec))
        assert isinstance(made, ValidatingPolicy)
        return made

    def mutating(self, name: str = "m", *expressions: str, **spec: Any) -> MutatingPolicy:
        spec.setdefault("matchConstraints", {"resourceRules": [ALL]})
        spec["mutations"] = [
            {"patchType": "JSONPatch", "jsonPatch": {"expression": text}}
            if text.startswith("[")
            else {"patchType": "ApplyConfiguration", "applyConfiguration": {"expression": text}}
            for text in expressions
        ]
        made = parse_object(self._object("MutatingAdmissionPolicy", name, spec))
        assert isinstance(made, MutatingPolicy)
        return made

    def binding(self, policy: str = "p", *actions: str, name: str = "b", **spec: Any) -> Binding:
        kind = "ValidatingAdmissionPolicyBinding" if actions else "MutatingAdmissionPolicyBinding"
        spec["policyName"] = policy
        if actions:
            spec["validationActions"] = list(actions)
        made = parse_object(self._object(kind, name, spec))
        assert isinstance(made, Binding)
        return made

    def _object(self, kind: str, name: str, spec: dict[str, Any]) -> dict[str, Any]:
        return {"apiVersion": self.version, "kind": kind, "metadata": {"name": name}, "spec": spec}


@pytest.fixture
def spelled() -> Spelled:
    return Spelled()
