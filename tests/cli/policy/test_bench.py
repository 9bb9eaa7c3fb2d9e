"""`lockgate policy bench`: times, steps, and the slowest first."""

import json

from tests.cli.policy.test_verify import CONSTRAINT, OWNED, POD, TEMPLATE


def bench(lockgate, folder, *arguments):
    return lockgate("policy", "bench", "objects.yaml", "--rounds", "2", *arguments, cwd=folder)


def test_rules_are_timed_over_the_objects_that_they_are_about(lockgate, tmp_path):
    (tmp_path / "objects.yaml").write_text(f"{POD}spec: {{containers: [{{name: a, image: nginx}}]}}\n---\n{OWNED}")
    whole = json.loads(bench(lockgate, tmp_path, "--rules", "policy/registry-*", "--format", "json").stdout)
    assert whole["objects"] == 2
    (one,) = [each for each in whole["policies"] if each["policy"] == "policy/registry-not-allowed"]
    assert (one["objects"], one["steps"] > 0) == (2, True)
    assert 0 < one["p50"] <= one["p99"]


def test_the_slowest_stands_first(lockgate, tmp_path):
    (tmp_path / "objects.yaml").write_text(f"{POD}spec: {{containers: [{{name: a}}]}}\n")
    whole = json.loads(bench(lockgate, tmp_path, "--format", "json").stdout)
    totals = [one["total"] for one in whole["policies"]]
    assert totals == sorted(totals, reverse=True)
    assert len(totals) > 20


def test_constraints_are_timed_where_there_are_any(lockgate, tmp_path):
    (tmp_path / "objects.yaml").write_text("---\n".join((TEMPLATE, CONSTRAINT, POD)))
    done = bench(lockgate, tmp_path)
    assert done.stdout.splitlines()[1].split()[:2] == ["NeedsOwner/all", "3"]
    assert done.stdout.splitlines()[-1].startswith("1 policies over 3 objects")


def test_without_an_object_nothing_is_timed(lockgate, tmp_path):
    (tmp_path / "objects.yaml").write_text("a: b\n")
    assert bench(lockgate, tmp_path).returncode == 4


VALIDATING = """
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {name: few-containers}
spec:
  paramKind: {apiVersion: v1, kind: ConfigMap}
  matchConstraints:
    resourceRules: [{apiGroups: [""], apiVersions: [v1], operations: [CREATE], resources: [pods]}]
  validations:
  - expression: "object.spec.containers.filter(c, has(c.image)).size() <= int(params.data.most)"
    message: too many
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: {name: few-containers}
spec: {policyName: few-containers, validationActions: [Deny], paramRef: {name: limits, namespace: a,
  parameterNotFoundAction: Deny}}
---
{apiVersion: v1, kind: ConfigMap, metadata: {name: limits, namespace: a}, data: {most: "1"}}
"""


def test_admission_policies_are_timed_with_their_parameters_beside_constraints(lockgate, tmp_path):
    shown = f"{POD}spec: {{containers: [{{name: a, image: nginx}}]}}\n"
    (tmp_path / "objects.yaml").write_text("---\n".join((TEMPLATE, CONSTRAINT, VALIDATING, shown, OWNED)))
    whole = json.loads(bench(lockgate, tmp_path, "--format", "json").stdout)
    told = {one["policy"]: one for one in whole["policies"]}
    assert set(told) == {"NeedsOwner/all", "few-containers"}
    assert told["few-containers"]["objects"] == 2
    assert told["few-containers"]["steps"] > 0


def test_objects_of_the_record_are_judged_too(lockgate, tmp_path):
    from datetime import UTC, datetime

    from lockgate.store import Record
    from lockgate.store.workspace import workspace_of

    (tmp_path / "objects.yaml").write_text(VALIDATING)
    record = Record.open(workspace_of(tmp_path).record)

    def pod(name):
        return json.dumps({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name},
                           "spec": {"containers": [{"name": "a", "image": "nginx"}]}})  # fmt: skip

    now = datetime.now(UTC)
    common = {"TimeGenerated": now, "RunId": "r", "Batch": "b"}
    met = {**common, "Cluster": "c", "Kind": "Pod", "Namespace": "", "Change": "new"}
    gone = {**met, "Key": "2", "Change": "gone", "Name": "two"}
    record.append_piece("KubernetesObjects", [{**met, "Key": "1", "Name": "one", "Body": pod("one")}, gone])
    record.append_piece("Runs", [common])
    record.append_alone("AdmissionObjects", [{"TimeGenerated": now, "RunId": "r", "Digest": f"sha256:{name}",
                                              "Body": pod(name)} for name in ("three", "four")])  # fmt: skip

    def timed(*more):
        whole = json.loads(bench(lockgate, tmp_path, "--format", "json", *more).stdout)
        return whole["objects"], [one["objects"] for one in whole["policies"]]

    assert timed("--recorded") == (6, [3])
    assert timed("--recorded", "2") == (5, [2])
    alone = lockgate("policy", "bench", "--recorded", "--rounds", "1", "--rules", "policy/registry-*", cwd=tmp_path)
    assert alone.stdout.splitlines()[1].split()[:2] == ["policy/registry-not-allowed", "3"]
    assert lockgate("policy", "bench", cwd=tmp_path).returncode == 2
