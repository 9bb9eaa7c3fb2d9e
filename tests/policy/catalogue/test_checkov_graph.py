"""Our rules beside those of checkov that look at roles and their bindings together, on its labelled manifests."""

from functools import cache

import pytest
from tests.corpora import CORPORA

from lockgate.model import Family, File, Finding
from lockgate.rules import load
from lockgate.scanners import ScanContext, policy

ROOT = CORPORA / "checkov-fixtures" / "kubernetes" / "graph" / "checks" / "resources"
SAME = {
    "ImpersonatePermissions": ("rbac-impersonate",),
    "ModifyServicesStatus": ("rbac-services-status-write",),
    "NoCreateNodesProxyOrPodsExec": ("rbac-pods-exec", "rbac-nodes-proxy"),
    "ReadAllSecrets": ("rbac-secrets-read",),
    "RoleBindingPE": ("rbac-bind", "rbac-roles-write"),
}
"""Folder of a check -> our rules of the same meaning, any of which may speak."""
DISAGREEMENTS = {
    "ModifyServicesStatus/Failing/1/FailingClusterRole.yaml": (
        "the rule names the API group of roles, which has no services, so it grants nothing"
    ),
}
FILES = 10


def labelled():
    """Every file with a role, its folder, and whether it must fail."""
    for folder in SAME:
        for path in sorted((ROOT / folder).rglob("*.yaml")):
            if path.name == "expected.yaml" or "binding" in path.name.lower() or path.name == "template.yaml":
                continue  # our rules judge the role itself, whether or not something binds it
            said = str(path.relative_to(ROOT / folder)).lower()
            yield folder, path, "fail" in said


@cache
def session(folder):
    wanted = {f"policy/{name}" for name in SAME[folder]}
    rules = [rule for rule in load().of(Family.POLICY) if str(rule.id) in wanted]
    assert len(rules) == len(wanted)
    return policy.SCANNER.start(rules, ScanContext(salt=b"salt of these tests"))


@pytest.mark.skipif(not ROOT.is_dir(), reason="the labelled manifests are not here (LOCKGATE_CORPORA)")
def test_verdicts_agree_but_for_those_that_have_a_reason():
    count, differ = 0, set()
    for folder, path, fails in labelled():
        content = path.read_bytes()
        file = File(path=path.name, size=len(content), load=lambda content=content: content)
        found = any(isinstance(answer, Finding) for answer in session(folder).feed(file))
        count += 1
        if found != fails:
            differ.add(str(path.relative_to(ROOT)))
    assert differ == set(DISAGREEMENTS)
    assert count == FILES
