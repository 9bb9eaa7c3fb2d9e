"""`lockgate policy verify`: suites from the command line."""

import json
import textwrap
from xml.etree import ElementTree

import pytest

TEMPLATE = """\
apiVersion: templates.gatekeeper.sh/v1
kind: ConstraintTemplate
metadata: {name: needsowner}
spec:
  crd: {spec: {names: {kind: NeedsOwner}}}
  targets:
    - target: admission.k8s.gatekeeper.sh
      rego: |
        package needsowner
        violation[{"msg": msg}] { not input.review.object.metadata.labels.owner; msg := "no owner" }
"""
CONSTRAINT = "apiVersion: constraints.gatekeeper.sh/v1beta1\nkind: NeedsOwner\nmetadata: {name: all}\n"
SUITE = """\
kind: Suite
apiVersion: test.gatekeeper.sh/v1alpha1
metadata: {name: owners}
tests:
  - name: owner
    template: template.yaml
    constraint: constraint.yaml
    cases:
      - {name: without, object: pod.yaml, assertions: [{violations: yes}]}
      - {name: with, object: owned.yaml, assertions: [{violations: no}]}
"""
POD = "apiVersion: v1\nkind: Pod\nmetadata: {name: shop}\n"
OWNED = "apiVersion: v1\nkind: Pod\nmetadata: {name: shop, labels: {owner: ada}}\n"


@pytest.fixture
def folder(tmp_path):
    """A suite with two cases that pass."""
    files = {"template": TEMPLATE, "constraint": CONSTRAINT, "suite": SUITE, "pod": POD, "owned": OWNED}
    for name, text in files.items():
        (tmp_path / f"{name}.yaml").write_text(text)
    return tmp_path


def test_every_case_of_the_library_passes(lockgate, corpora, tmp_path):
    library = corpora / "gatekeeper-library" / "library"
    done = lockgate("policy", "verify", str(library), "--format", "json", cwd=tmp_path)
    whole = json.loads(done.stdout)
    assert (whole["files"], whole["counts"]) == (49, {"passed": 270, "failed": 0, "error": 0, "skipped": 0})
    assert done.returncode == 0


def test_every_azure_case_passes(lockgate, corpora, tmp_path):
    done = lockgate("policy", "verify", str(corpora / "azure-policy-cases"), cwd=tmp_path)
    assert done.stdout.splitlines()[-1].startswith("54 suites: 737 of 737 cases passed  (")
    assert done.returncode == 0


def test_people_read_one_line_a_suite(lockgate, folder):
    done = lockgate("policy", "verify", cwd=folder)
    lines = done.stdout.splitlines()
    assert lines[0] == "ok    suite.yaml  2 of 2 cases"
    assert lines[1].startswith("1 suite: 2 of 2 cases passed  (")
    assert (done.returncode, done.stderr) == (0, "")


def test_a_case_that_fails_is_shown_and_denies(lockgate, folder):
    (folder / "pod.yaml").write_text(OWNED)
    done = lockgate("policy", "verify", cwd=folder)
    assert done.returncode == 1
    assert "FAIL  suite.yaml  1 of 2 cases" in done.stdout
    assert "FAIL  owner//without: found 0 violations, and expected at least 1" in done.stdout


def test_a_case_that_cannot_be_run_is_no_pass(lockgate, folder):
    (folder / "pod.yaml").unlink()
    done = lockgate("policy", "verify", cwd=folder)
    assert done.returncode == 4
    assert "owner//without: pod.yaml: there is no such file" in done.stdout


@pytest.mark.parametrize(
    ("text", "ran"), [("with$", 1), ("owner//without", 1), ("owner", 2), ("nobody//with", 0), ("//with", 2)]
)
def test_cases_can_be_chosen_as_in_gator(lockgate, folder, text, ran):
    done = lockgate("policy", "verify", "-run", text, "--format", "json", cwd=folder)
    assert json.loads(done.stdout)["counts"]["passed"] == ran
    assert done.returncode == (0 if ran else 4)


def test_a_ci_server_reads_junit(lockgate, folder):
    (folder / "pod.yaml").write_text(OWNED)
    root = ElementTree.fromstring(lockgate("policy", "verify", "--format", "junit", cwd=folder).stdout)
    assert (root.get("tests"), root.get("failures"), root.get("errors")) == ("2", "1", "0")
    cases = [(one.get("name"), [child.tag for child in one]) for one in root.iter("testcase")]
    assert cases == [("owner//without", ["failure"]), ("owner//with", [])]


def test_a_suite_may_not_read_outside_the_repository(lockgate, repository):
    (repository.folder.parent / "secret.yaml").write_text(POD)
    files = {"template": TEMPLATE, "constraint": CONSTRAINT, "suite": SUITE.replace("pod.yaml", "../secret.yaml")}
    for name, text in {**files, "owned": OWNED}.items():
        repository.write(f"{name}.yaml", text)
    done = lockgate("policy", "verify", cwd=repository.folder)
    assert "leads out of" in done.stdout
    assert done.returncode == 4


def test_admission_policies_have_suites_too(lockgate, tmp_path):
    (tmp_path / "policy.yaml").write_text(
        textwrap.dedent("""\
        apiVersion: admissionregistration.k8s.io/v1
        kind: ValidatingAdmissionPolicy
        metadata: {name: owner}
        spec:
          matchConstraints:
            resourceRules: [{apiGroups: [""], apiVersions: [v1], operations: [CREATE], resources: [pods]}]
          validations:
            - {expression: "has(object.metadata.labels) && 'owner' in object.metadata.labels", message: no owner}
        """)
    )
    (tmp_path / "pod.yaml").write_text(POD)
    (tmp_path / "suite.yaml").write_text(
        textwrap.dedent("""\
        apiVersion: test.lockgate/v1
        kind: AdmissionSuite
        tests:
          - name: owner
            policies: [policy.yaml]
            cases:
              - {name: without, object: pod.yaml, expect: deny, message: no owner}
        """)
    )
    done = lockgate("policy", "verify", "--verbose", cwd=tmp_path)
    assert "ok    owner//without" in done.stdout
    assert done.returncode == 0


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("s.yaml", "kind: Suite\napiVersion: test.gatekeeper.sh/v1alpha1\ntests: 3\n", "must be a list"),
        ("s.yaml", "kind: Suite\napiVersion: test.gatekeeper.sh/v1alpha1\ntests: [\n", "s.yaml"),
        ("s.yaml", "apiVersion: test.lockgate/v1\nkind: AdmissionSuite\ntests: {}\n", "must be a list"),
    ],
)
def test_a_wrong_suite_is_an_error(lockgate, tmp_path, name, text, said):
    (tmp_path / name).write_text(text)
    done = lockgate("policy", "verify", cwd=tmp_path)
    assert said in done.stdout
    assert done.returncode == 4


def test_a_folder_without_suites_is_no_pass(lockgate, tmp_path):
    (tmp_path / "pod.yaml").write_text(POD)
    done = lockgate("policy", "verify", cwd=tmp_path)
    assert "no suite was found in 1 files" in done.stderr
    assert done.returncode == 4


def test_a_path_that_is_not_there_is_an_error(lockgate, tmp_path):
    done = lockgate("policy", "verify", "nowhere", cwd=tmp_path)
    assert done.returncode == 5
    assert "nowhere" in done.stderr
