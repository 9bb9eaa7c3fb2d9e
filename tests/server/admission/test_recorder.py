"""The recorder: what is kept of a review, once, and without anything secret."""

import dataclasses
import hashlib
import hmac
import json
import time
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.policy.gatekeeper.builders import constraint, pod, template

from lockgate.gates.admission import Placed, PolicySet, load_policies
from lockgate.server.admission.contract import Outcome, ReviewRecord, Verdict
from lockgate.server.admission.policies import PolicyJudge
from lockgate.server.admission.recorder import JournalRecorder, bodies_of
from lockgate.server.admission.review import MAX_DEPTH, ReviewError, parse
from lockgate.sources.cluster.scrub import scrubbed_patch, scrubbed_review
from lockgate.store import Record
from lockgate.store.journal import Journal
from lockgate.store.settling import settle

from .conftest import pod_request, review_of

SALT = b"s" * 16
SECRET = "hunter" + "2-and-more"


def reviewed(request=None, *, received=1_760_000_000.0, patch=()):
    return ReviewRecord(received, "validate", request or pod_request(), Verdict(True, "sha256:1", patch=patch),
                        Outcome.ALLOWED, 0.002)  # fmt: skip


class Recording:
    """A recorder, its journal and the record that it is settled into."""

    def __init__(self, folder, run="admission-1"):
        self.root, self.store = folder / "journal", Record.open(folder)
        self.journal = Journal(self.root, run)
        self.recorder = JournalRecorder(self.journal, salt=SALT)

    def record(self, *records):
        self.recorder.record(records)
        self.journal.turn()
        assert settle(self.root, self.store).problems == []


def test_a_body_is_kept_once_a_day_and_outlives_none_of_its_reviews(tmp_path):
    recorder = Recording(tmp_path)
    record = recorder.store
    recorder.record(reviewed(), reviewed())
    recorder.record(reviewed())
    assert (len(record.rows("AdmissionReviews")), len(record.rows("AdmissionObjects"))) == (3, 1)
    recorder.record(reviewed(received=1_760_000_000.0 + 86_400))
    assert len(record.rows("AdmissionObjects")) == 2
    oldest = min(row["TimeGenerated"] for row in record.rows("AdmissionReviews"))
    record.retain(0, now=oldest + timedelta(seconds=1))
    left = {row["ObjectDigest"] for row in record.rows("AdmissionReviews")}
    assert left == {digest for digest, _ in bodies_of(record, list(left))} and len(left) == 1


def test_what_was_said_is_whole_in_the_row_of_every_replica(tmp_path):
    recorder = Recording(tmp_path)
    outcomes = [{"policy": f"K8sOwn/{number}", "message": "é \"x\"" * 20} for number in range(9)]
    said = Verdict(True, "sha256:1", outcomes=outcomes)
    for _ in range(2):
        one = ReviewRecord(1_760_000_000.0, "validate", pod_request(), said, Outcome.ALLOWED, 0.002)
        recorder.record(one, recorder.recorder.prepare(one))
    rows = [row["Outcomes"] for row in recorder.store.rows("AdmissionReviews")]
    assert rows == [json.dumps(outcomes, ensure_ascii=False, sort_keys=True, separators=(",", ":"))] * 4


def test_another_process_adds_to_the_same_record(tmp_path):
    for run in ("admission-1", "admission-2"):
        Recording(tmp_path, run).record(reviewed())
    record = Record.open(tmp_path)
    rows = record.rows("AdmissionReviews")
    assert len({row["RunId"] for row in rows}) == 2
    assert rows[0]["TimeGenerated"] == datetime.fromtimestamp(1_760_000_000, UTC)
    ((_, body),) = bodies_of(record, [rows[0]["ObjectDigest"]])
    assert body["kind"] == "Pod"


def test_nothing_secret_is_kept():
    env = [{"name": "PASSWORD", "value": SECRET}, {"name": "FROM", "valueFrom": {"secretKeyRef": {"name": "a"}}}]
    metadata = {"name": "x", "annotations": {"kubectl.kubernetes.io/last-applied-configuration": SECRET}}
    deep = {"spec": {"jobTemplate": {"spec": {"template": {"spec": {"initContainers": [{"name": "a", "env": env}]}}}}}}
    bodies = [
        {"apiVersion": "batch/v1", "kind": "CronJob", "metadata": metadata, **deep},
        {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": {"a": SECRET}},
        {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview", "spec": {"token": SECRET}},
        {"apiVersion": "example/v1", "kind": "Own", "spec": {"env": env, "steps": [[{"env": env}]]}},
    ]
    for body in bodies:
        before = json.dumps(body)
        kept = scrubbed_review(body, salt=SALT)
        assert SECRET not in kept and json.dumps(body) == before
    assert "secretKeyRef" in scrubbed_review(bodies[0], salt=SALT)


def test_a_secret_shows_the_same_hash_in_the_record_as_elsewhere(tmp_path):
    body = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "x"}, "stringData": {"a": SECRET}}
    kind = {"group": "", "version": "v1", "kind": "Secret"}
    recorder = Recording(tmp_path)
    recorder.record(reviewed(pod_request(object=body, kind=kind)))
    (row,) = recorder.store.rows("AdmissionObjects")
    assert json.loads(row["Body"])["stringData"]["a"].startswith("lockgate-hash:")


def test_nor_does_a_patch_keep_it():
    env = {"name": "PASSWORD", "value": SECRET}
    patch = [
        {"op": "add", "path": "/spec/containers/0/env/-", "value": env},
        {"op": "add", "path": "/spec/containers/0/env", "value": [env]},
        {"op": "replace", "path": "/spec/containers/0/env/0/value", "value": SECRET},
        {"op": "add", "path": "/spec/containers/1", "value": {"name": "b", "env": [env]}},
        {"op": "remove", "path": "/spec/containers/0/env/0"},
    ]
    kept = scrubbed_patch(patch, salt=SALT)
    assert SECRET not in json.dumps(kept)
    assert [one["op"] for one in kept] == [one["op"] for one in patch] and "value" not in kept[-1]


def test_a_body_nested_as_deep_as_a_review_may_be_is_kept(tmp_path):
    deep, levels = {"x": 1}, MAX_DEPTH - 4  # around it: review, request, object
    for _ in range(levels):
        deep = {"env": deep}
    body = {"apiVersion": "v1", "kind": "Deep", "spec": deep}
    parse(json.dumps(review_of(pod_request(object=body))).encode())
    recorder = Recording(tmp_path)
    recorder.record(reviewed(pod_request(object=body)))
    (row,) = recorder.store.rows("AdmissionObjects")
    assert json.loads(row["Body"]) == body
    with pytest.raises(ReviewError, match="nested deeper"):
        parse(json.dumps(review_of(pod_request(object={**body, "spec": {"env": deep}}))).encode())


NAMES = st.sampled_from(["env", "value", "name", "a", 'x"', '","env":[', "\\"])
VALUES = st.recursive(
    st.none() | st.integers(-5, 5) | st.sampled_from(["", SECRET, '"env":[{"value":"x"}]', 'a,"env":[', "\\"]),
    lambda below: st.lists(below, max_size=3) | st.dictionaries(NAMES, below, max_size=4),
)


def walked(node, in_env=False):
    """What must come of any object, said the slow way."""
    if isinstance(node, dict):
        return {key: walked(value, in_env=key == "env" and isinstance(value, list)) for key, value in node.items()}
    if isinstance(node, list):
        return [hidden(walked(one)) if in_env else walked(one) for one in node]
    return node


def hidden(variable):
    value = variable.get("value") if isinstance(variable, dict) else None
    if not isinstance(value, str) or not value:
        return variable
    digest = hmac.new(SALT, value.encode(), hashlib.sha256).hexdigest()[:32]
    return {**variable, "value": f"lockgate-hash:{digest}"}


@given(st.dictionaries(NAMES, VALUES, max_size=4))
def test_values_of_variables_are_hashed_wherever_they_stand_and_nothing_else_changes(body):
    body = {"apiVersion": "example/v1", "kind": "Own", "spec": body}
    assert json.loads(scrubbed_review(body, salt=SALT)) == walked(body)


def test_what_is_told_of_replicas_is_recorded_with_the_name_of_each(tmp_path):
    told = """package told
violation[{"msg": m}] { c := input.review.object.spec.containers[_]
  m := sprintf("pod %v: container %v has no probe, no limit and no owner that anybody has heard of, and more of that",
               [input.review.object.metadata.name, c.name]) }
"""
    policies = [Placed("test", one) for one in (template(told, kind="K8sTold"), constraint(kind="K8sTold"))]
    judge, recorder, wanted = PolicyJudge(PolicySet(load_policies(policies))), Recording(tmp_path), {}
    for number in range(5):
        body = pod(f"web-{number}")
        body["spec"]["containers"] = [{"name": f"{name}-1"} for name in ("first", "second", "third")]
        request = {**pod_request(), "uid": f"review-{number}", "name": f"web-{number}", "object": body}
        verdict = judge.review(request, deadline=time.monotonic() + 60)
        assert (verdict.template is not None) is (number > 1)
        wanted[request["uid"]] = [one["message"] for one in verdict.outcomes]
        recorder.record(dataclasses.replace(reviewed(), request=request, verdict=verdict))
    rows = {row["Uid"]: json.loads(row["Outcomes"]) for row in recorder.store.rows("AdmissionReviews")}
    assert {uid: [one["message"] for one in said] for uid, said in rows.items()} == wanted
    assert all(f"pod web-{uid[-1]}:" in message for uid, said in wanted.items() for message in said)
