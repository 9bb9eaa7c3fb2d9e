"""The form of AdmissionReview: what is read, what is refused, what is written."""

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockgate.server.admission.contract import Denial, Verdict
from lockgate.server.admission.review import MAX_BODY, ReviewError, allowed, denied, parse, seconds_of, told

from .conftest import pod_request, review_of


def test_a_review_gives_what_the_webhook_needs():
    review = parse(json.dumps(review_of(pod_request(namespace="shop"))).encode())
    assert (review.operation, review.namespace, review.request["name"]) == ("CREATE", "shop", "p")


def test_a_namespace_fails_by_its_own_mode():
    request = pod_request(kind={"group": "", "version": "v1", "kind": "Namespace"}, name="shop", namespace="")
    assert parse(json.dumps(review_of(request)).encode()).namespace == "shop"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"uid": ""}, "request.uid"), ({"uid": 7}, "request.uid"), ({"uid": "x" * 200}, "request.uid"),
        ({"operation": "READ"}, "request.operation"), ({"operation": []}, "request.operation"),
        ({"kind": {}}, "request.kind"), ({"kind": {"kind": "Pod", "group": 1}}, "group or version"),
        ({"resource": None}, "request.resource"), ({"name": 1}, "request.name"), ({"namespace": {}}, "namespace"),
        ({"object": []}, "request.object is no object"), ({"object": None}, "missing in a CREATE"),
        ({"oldObject": "x"}, "request.oldObject"), ({"dryRun": "no"}, "request.dryRun"),
        ({"userInfo": 1}, "userInfo"), ({"options": 5}, "request.options"),
    ],
)  # fmt: skip
def test_a_review_with_a_wrong_part_is_refused_by_name(change, message):
    with pytest.raises(ReviewError, match=message) as error:
        parse(json.dumps(review_of(pod_request(**change))).encode())
    assert error.value.status == 400


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "not JSON"), (b"{", "not JSON"), (b"[]", "no AdmissionReview"), (b'{"kind":"Pod"}', "no AdmissionReview"),
        (b'{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1beta1"}', "only admission.k8s.io/v1"),
        (b'{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1"}', "request is missing"),
        (b'{"a":' * 5000 + b"1" + b"}" * 5000, "nested too deeply"), (b"\xff", "not JSON"),
        (b'{"kind":"AdmissionReview","x":' + b"[" * 300 + b"]" * 300 + b"}", "nested deeper"),
        (b" " * (MAX_BODY + 1), "larger than"),
    ],
)  # fmt: skip
def test_what_is_no_review_is_refused(body, message):
    with pytest.raises(ReviewError, match=message):
        parse(body)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=8,
)


@given(st.binary(max_size=300))
def test_no_bytes_make_the_reader_fail_otherwise(content):
    with pytest.raises(ReviewError):
        parse(content)


@given(st.sampled_from(sorted(pod_request())), _JSON)
def test_any_value_in_any_place_is_read_or_refused(key, value):
    try:
        review = parse(json.dumps(review_of({**pod_request(), key: value})).encode())
    except ReviewError:
        return
    assert isinstance(review.uid, str) and isinstance(review.request["kind"]["kind"], str)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("", 10), ("10s", 10), ("1m0s", 30), ("500ms", 0.5), ("1.5s", 1.5), ("30s", 30), ("2h", 30), ("1s500ms", 1.5)],
)
def test_timeouts_are_durations_of_go(text, seconds):
    assert seconds_of(text) == seconds


@pytest.mark.parametrize("text", ["10", "s", "-1s", "1e3s", "ten", "10s10s", "9" * 30 + "s"])
def test_other_timeouts_are_refused(text):
    with pytest.raises(ReviewError):
        seconds_of(text)


def test_denials_name_their_policies_and_stay_readable():
    denials = tuple(Denial(f"p{number}", "no\x1b[31m\u202e") for number in range(60))
    lines = told(denials).splitlines()
    assert lines[0] == "[p0] no\\x1b[31m\\u202e"
    assert (len(lines), lines[-1]) == (51, "and 10 more")


def test_answers_keep_to_the_limits_of_api_servers():
    verdict = Verdict(True, "v", warnings=("w" * 1000,) * 50, audit_annotations={"ok": "x" * 9000, "bad key/": "y"})
    response = json.loads(allowed("u", verdict, mutate=False))["response"]
    assert max(map(len, response["warnings"])) == 256
    assert sum(map(len, response["warnings"])) <= 4096
    assert response["warnings"][-1].endswith("more warnings")
    assert {key: len(value) for key, value in response["auditAnnotations"].items()} == {"ok": 4096}
    long = json.loads(denied("u", verdict, "m" * 100_000))["response"]["status"]["message"]
    assert len(long) == 8192


def test_a_patch_is_answered_only_where_mutation_was_asked_for():
    verdict = Verdict(True, "v", patch=({"op": "add", "path": "/a", "value": 1},))
    assert "patch" not in json.loads(allowed("u", verdict, mutate=False))["response"]
    response = json.loads(allowed("u", verdict, mutate=True))["response"]
    assert response["patchType"] == "JSONPatch"
    assert base64.b64decode(response["patch"]) == b'[{"op":"add","path":"/a","value":1}]'
