"""The recorder: what is kept of a review, once, and without anything secret."""

import json
from datetime import UTC, datetime, timedelta

from lockgate.server.admission.contract import Outcome, ReviewRecord, Verdict
from lockgate.server.admission.recorder import JournalRecorder, bodies_of
from lockgate.sources.cluster.scrub import scrubbed_patch, scrubbed_review
from lockgate.store import Record
from lockgate.store.journal import Journal
from lockgate.store.settling import settle

from .conftest import pod_request

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
        kept = json.dumps(scrubbed_review(body, salt=SALT))
        assert SECRET not in kept and json.dumps(body) == before
    assert "secretKeyRef" in json.dumps(scrubbed_review(bodies[0], salt=SALT))


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


def test_a_body_nested_as_deep_as_a_review_may_be_is_kept():
    deep = {"x": 1}
    for _ in range(190):
        deep = {"a": [deep]}
    assert scrubbed_review({"apiVersion": "v1", "kind": "Deep", "spec": deep}, salt=SALT)["spec"] == deep
