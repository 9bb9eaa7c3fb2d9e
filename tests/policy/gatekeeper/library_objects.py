"""The templates and constraints of gatekeeper-library, as objects of one cluster."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lockgate.formats.yaml_safe import load_all
from lockgate.policy.gatekeeper.suite import parse_suite


def one(path: Path) -> Any:
    """The only object of a file."""
    (body,) = [body for body in load_all(path.read_bytes()) if body is not None]
    return body


def library_objects(corpora: Path, *, for_pods: bool = False) -> tuple[list[Any], list[Any]]:
    """Templates, and each test's constraint under a name of its own; ``for_pods`` makes all of them match Pods."""
    templates: dict[str, Any] = {}
    constraints: list[Any] = []
    for path in sorted(corpora.glob("gatekeeper-library/library/*/*/suite.yaml")):
        for test in parse_suite(one(path), where=path.parent.name).tests:
            template = one(path.parent / test.template)
            templates.setdefault(template["metadata"]["name"], template)
            constraint = one(path.parent / test.constraint)
            constraint["metadata"] = {"name": f"test-{len(constraints)}"}
            if for_pods:
                constraint.setdefault("spec", {})["match"] = {"kinds": [{"apiGroups": [""], "kinds": ["Pod"]}]}
            constraints.append(constraint)
    return list(templates.values()), constraints
