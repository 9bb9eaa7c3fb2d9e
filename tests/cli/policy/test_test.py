"""`lockgate policy test`: objects in files, judged by policies in files."""

import json

import pytest
from tests.cli.policy.test_verify import CONSTRAINT, OWNED, POD, TEMPLATE

POLICY = """\
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {name: owner}
spec:
  matchConstraints:
    resourceRules: [{apiGroups: [""], apiVersions: [v1], operations: [CREATE], resources: [pods]}]
  validations:
    - {expression: "has(object.metadata.labels)", message: no labels}
"""


@pytest.fixture
def folder(tmp_path):
    """A Pod without an owner, and one with."""
    (tmp_path / "objects").mkdir()
    (tmp_path / "objects" / "pods.yaml").write_text(f"{POD}---\n{OWNED}")
    return tmp_path


def test_a_denial_is_shown_with_its_line(lockgate, folder):
    (folder / "policies.yaml").write_text(f"{TEMPLATE}---\n{CONSTRAINT}")
    done = lockgate("policy", "test", "objects", "--policies", "policies.yaml", cwd=folder)
    assert done.returncode == 1
    first = done.stdout.splitlines()
    assert "objects/pods.yaml:3: deny: Pod shop: no owner [NeedsOwner/all]" in first
    assert not any("pods.yaml:7" in line for line in first)


def test_an_admission_policy_without_a_binding_denies(lockgate, folder):
    (folder / "policy.yaml").write_text(POLICY)
    done = lockgate("policy", "test", "objects", "policy.yaml", "--format", "json", cwd=folder)
    whole = json.loads(done.stdout)
    assert [(one["line"], one["policy"], one["action"], one["message"]) for one in whole["violations"]] == [
        (3, "owner", "deny", "no labels")
    ]
    assert done.returncode == 1


def test_objects_that_please_are_allowed(lockgate, folder):
    (folder / "objects" / "pods.yaml").write_text(OWNED)
    (folder / "policy.yaml").write_text(POLICY)
    done = lockgate("policy", "test", "objects", "policy.yaml", cwd=folder)
    assert (done.returncode, done.stdout) == (0, "2 objects: 0 denials, 0 others, 0 problems\n")


@pytest.mark.parametrize(
    "policy",
    [POLICY.replace("has(object", "has((object"), f"{TEMPLATE.replace('violation[', 'violation[[')}---\n{CONSTRAINT}"],
)
def test_a_policy_that_cannot_be_used_is_no_pass(lockgate, folder, policy):
    (folder / "objects" / "pods.yaml").write_text(OWNED)
    (folder / "policy.yaml").write_text(policy)
    done = lockgate("policy", "test", "objects", "policy.yaml", cwd=folder)
    assert "not usable" in done.stdout
    assert done.returncode == 4


def test_without_a_policy_nothing_was_judged(lockgate, folder):
    done = lockgate("policy", "test", "objects", cwd=folder)
    assert done.returncode == 4
    assert "no policy" in done.stderr
