"""The webhook as an API server meets it: real TLS, real answers, and what happens when judging fails."""

import base64
import hashlib
import hmac
import json
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from lockgate.server.admission import FailureMode, FailureModes, Judge, Recorder, Verdict
from lockgate.server.admission.contract import Outcome

from .conftest import Keeper, NoPrivileged, SetLabel, pod_request, review_of, until

CLOSED = FailureModes(FailureMode.CLOSED, {"tolerant": FailureMode.OPEN})


class Slow:
    """Takes its time, and says when it was let go."""

    version = "slow"

    def __init__(self, seconds=30.0):
        self.release, self.seconds = threading.Event(), seconds

    def review(self, request, *, deadline):
        self.release.wait(self.seconds)
        return Verdict(True, self.version)


class Broken:
    """Fails on everything, with the object in its words."""

    version = "broken"

    def review(self, request, *, deadline):
        raise KeyError(json.dumps(request))


class HalfBlind:
    """Could not evaluate one of its policies."""

    version = "half"

    def review(self, request, *, deadline):
        return Verdict(True, self.version, errors=("policy tags: division by zero",))


def test_the_stand_ins_are_what_the_contract_asks_for():
    assert isinstance(NoPrivileged(), Judge) and isinstance(Keeper(), Recorder)


def test_a_denial_says_which_policy_and_why(serve):
    response = serve().review(privileged=True)
    assert response["uid"] == pod_request()["uid"]
    assert response["allowed"] is False
    assert response["status"] == {
        "code": 403, "reason": "Forbidden", "message": "[no-privileged] container web is privileged",
    }  # fmt: skip
    assert response["auditAnnotations"] == {"judged": "1", "policy-version": "v1"}


def test_what_is_allowed_may_carry_warnings(serve):
    response = serve().review(image="nginx:latest")
    assert (response["allowed"], response["warnings"]) == (True, ["container web runs latest"])
    assert "status" not in response and "patch" not in response


def test_mutation_answers_with_a_json_patch(serve):
    webhook = serve(mutating=SetLabel())
    response = webhook.review(path="/mutate")
    patch = json.loads(base64.b64decode(response["patch"]))
    assert (response["patchType"], patch[0]["value"]) == ("JSONPatch", {"checked": "yes"})
    assert "patch" not in webhook.review()


def test_where_nothing_mutates_the_path_is_not_found(serve):
    answer = serve().client.post("/mutate", json=review_of(pod_request()))
    assert (answer.status_code, answer.text) == (404, "nothing here mutates: call /validate\n")


@pytest.mark.parametrize(
    ("content", "kind", "status"),
    [
        (b"{", "application/json", 400), (b"", "application/json", 400), (b"{}", "application/json", 400),
        (b"{}", "text/plain", 415), (b" " * 8_000_000, "application/json", 413),
    ],
)  # fmt: skip
def test_what_is_no_review_is_never_let_through(serve, content, kind, status):
    webhook = serve(options={"failure": FailureModes(FailureMode.OPEN)})
    answer = webhook.client.post("/validate", content=content, headers={"Content-Type": kind})
    assert answer.status_code == status
    assert "allowed" not in answer.text
    assert webhook.metrics()[f'lockgate_admission_refused_total{{code="{status}"}}'] == "1"


def test_a_body_in_pieces_is_bounded_as_well(serve):
    webhook = serve()
    pieces = json.dumps(review_of(pod_request(privileged=True))).encode()
    cut = iter([pieces[:50], pieces[50:]])
    headers = {"Content-Type": "application/json"}
    assert webhook.client.post("/validate", content=cut, headers=headers).json()["response"]["allowed"] is False
    endless = (b" " * 1_000_000 for _ in range(9))
    assert webhook.client.post("/validate", content=endless, headers=headers).status_code == 413


def test_a_body_that_does_not_arrive_is_not_waited_for(serve):
    webhook = serve()
    webhook.server.app._read_seconds = 0.3
    trust = ssl.create_default_context(cadata=webhook.bundles[-1])
    address = ("127.0.0.1", webhook.server.port)
    head = b"POST /validate HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n"
    with (
        socket.create_connection(address) as plain,
        trust.wrap_socket(plain, server_hostname="127.0.0.1") as connection,
    ):
        connection.sendall(head + b"{")
        connection.settimeout(5)
        assert connection.recv(1000).startswith(b"HTTP/1.1 408")
    assert webhook.metrics()['lockgate_admission_refused_total{code="408"}'] == "1"


def test_wrong_methods_paths_and_timeouts_are_told(serve):
    webhook = serve()
    assert webhook.client.get("/validate").status_code == 405
    assert webhook.client.post("/healthz").status_code == 405
    assert webhook.client.get("/nothing").status_code == 404
    answer = webhook.client.post("/validate?timeout=soon", json=review_of(pod_request()))
    assert (answer.status_code, "no duration" in answer.text) == (400, True)
    many = "&".join(f"a{number}=1" for number in range(50))
    assert webhook.client.post(f"/validate?{many}", json=review_of(pod_request())).status_code == 400


def test_a_judge_that_fails_is_refused_where_the_namespace_fails_closed(serve):
    webhook = serve(Broken(), options={"failure": CLOSED})
    response = webhook.review()
    assert response["allowed"] is False
    assert response["status"] == {
        "code": 500, "reason": "InternalError",
        "message": "this could not be judged, and its namespace fails closed: the judge failed: KeyError",
    }  # fmt: skip
    assert response["auditAnnotations"] == {"failure": "error", "failure-mode": "closed"}


def test_the_log_says_where_a_judge_failed_and_nothing_of_the_object(serve, caplog):
    webhook = serve(Broken(), options={"failure": CLOSED})
    webhook.review(image="registry.example/telling-name:1")
    (line,) = [record.getMessage() for record in caplog.records if "judge failed" in record.getMessage()]
    assert "KeyError at test_webhook.py:" in line and " review" in line
    assert "telling-name" not in caplog.text


def test_a_judge_that_fails_is_told_recorded_and_counted_where_the_namespace_fails_open(serve):
    keeper = Keeper()
    webhook = serve(Broken(), options={"failure": CLOSED}, recorder=keeper)
    response = webhook.review(namespace="tolerant")
    assert response["allowed"] is True
    assert response["warnings"] == ["lockgate let this through unjudged: the judge failed: KeyError"]
    assert response["auditAnnotations"] == {"failure": "error", "failure-mode": "open"}
    until(lambda: keeper.kept)
    assert (keeper.kept[0].outcome, keeper.kept[0].failure) == (Outcome.FAILED_OPEN, "the judge failed: KeyError")
    metrics = webhook.metrics()
    assert metrics['lockgate_admission_fail_open_total{namespace="tolerant"}'] == "1"
    assert metrics['lockgate_admission_failures_total{reason="error"}'] == "1"
    ended = 'lockgate_admission_reviews_total{endpoint="validate",operation="CREATE",outcome="failed-open"}'
    assert metrics[ended] == "1"


def test_a_policy_that_could_not_be_evaluated_is_no_leave(serve):
    webhook = serve(HalfBlind(), options={"failure": CLOSED})
    refused, let = webhook.review(), webhook.review(namespace="tolerant")
    assert refused["status"]["message"].endswith("policy tags: division by zero")
    assert let["allowed"] is True and "division by zero" in let["warnings"][0]
    assert let["auditAnnotations"]["policy-version"] == "half"


def test_a_judge_that_overruns_is_answered_before_the_api_server_gives_up(serve):
    judge = Slow()
    webhook = serve(judge, options={"failure": CLOSED, "threads": 1})
    began = time.monotonic()
    response = webhook.review(timeout="1s")
    assert 0.7 < time.monotonic() - began < 1.0
    assert "not judged in the time" in response["status"]["message"]
    assert webhook.metrics()['lockgate_admission_failures_total{reason="timeout"}'] == "1"
    judge.release.set()


def test_too_many_reviews_at_once_are_answered_by_the_failure_mode(serve):
    judge = Slow()
    webhook = serve(judge, options={"failure": CLOSED, "in_flight": 2, "threads": 2})
    with ThreadPoolExecutor(2) as pool:
        waiting = [pool.submit(webhook.review, timeout="10s") for _ in range(2)]
        until(lambda: webhook.metrics()["lockgate_admission_in_flight"] == "2")
        response = webhook.review()
        judge.release.set()
        assert [one.result()["allowed"] for one in waiting] == [True, True]
    assert "more than 2 reviews are under way" in response["status"]["message"]


def test_policies_change_between_requests_and_never_within_one(serve):
    webhook = serve(NoPrivileged("v1"))
    stop, versions = threading.Event(), set()

    def ask():
        with httpx.Client(base_url=webhook.url, verify=webhook.client._transport._pool._ssl_context) as client:
            while not stop.is_set():
                answer = client.post("/validate", json=review_of(pod_request())).json()["response"]
                versions.add(answer["auditAnnotations"]["policy-version"])

    with ThreadPoolExecutor(2) as pool:
        asking = [pool.submit(ask) for _ in range(2)]
        for number in range(2, 12):
            webhook.server.swap(NoPrivileged(f"v{number}"))
            until(lambda number=number: f"v{number}" in versions)
        stop.set()
        for one in asking:
            one.result()
    assert len(versions) >= 10
    assert webhook.metrics()['lockgate_admission_policy_info{version="v11"}'] == "1"


def test_without_policies_it_is_alive_and_not_ready_and_fails_closed(tmp_path, serve):
    from .conftest import Running

    webhook = Running(tmp_path / "bare", None)
    try:
        assert webhook.client.get("/healthz").text == "ok"
        answer = webhook.client.get("/readyz")
        assert (answer.status_code, answer.text) == (503, "no policies are loaded")
        assert webhook.review()["allowed"] is False
        webhook.server.swap(NoPrivileged())
        assert webhook.client.get("/readyz").status_code == 200
        assert webhook.review()["allowed"] is True
    finally:
        webhook.close()


def test_every_review_is_recorded_with_its_verdict(serve):
    keeper = Keeper()
    webhook = serve(recorder=keeper)
    webhook.review(privileged=True, dryRun=True)
    webhook.review()
    until(lambda: len(keeper.kept) == 2)
    first, second = keeper.kept
    assert (first.endpoint, first.outcome, first.verdict.denials[0].policy) == (
        "validate", Outcome.DENIED, "no-privileged")  # fmt: skip
    assert first.request["dryRun"] is True
    assert second.outcome is Outcome.ALLOWED
    assert 0 < second.seconds < 5 and abs(second.received - time.time()) < 60
    until(lambda: webhook.metrics()["lockgate_admission_records_kept_total"] == "2")


def test_values_of_secrets_do_not_reach_the_recorder(serve):
    keeper, salt = Keeper(), b"0123456789abcdef"
    webhook = serve(recorder=keeper, salt=salt)
    value = "swordfish" + "-42"
    encoded = base64.b64encode(value.encode()).decode()
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "data": {"p": encoded}}
    webhook.review(kind={"group": "", "version": "v1", "kind": "Secret"}, object=secret, oldObject=secret,
                   operation="UPDATE")  # fmt: skip
    until(lambda: keeper.kept)
    request = keeper.kept[0].request
    digest = hmac.new(salt, value.encode(), hashlib.sha256).hexdigest()[:32]
    assert request["object"]["data"] == request["oldObject"]["data"] == {"p": f"lockgate-hash:{digest}"}
    assert encoded not in repr(keeper.kept)


def test_a_recorder_that_is_slow_does_not_slow_the_answer(serve):
    keeper = Keeper()
    keeper.go_on.clear()
    webhook = serve(recorder=keeper)
    began = time.monotonic()
    for _ in range(20):
        webhook.review()
    assert time.monotonic() - began < 5
    assert webhook.metrics()["lockgate_admission_record_waits_total"] == "0"
    keeper.go_on.set()
    until(lambda: len(keeper.kept) == 20)


def test_a_full_queue_holds_answers_back_and_says_what_stays_unrecorded(serve):
    keeper = Keeper()
    keeper.go_on.clear()
    webhook = serve(recorder=keeper)
    webhook.server._queue._reviews = 2
    webhook.review()
    webhook.review()
    lost = webhook.review(timeout="500ms")
    assert lost["auditAnnotations"]["unrecorded"] == "true"
    metrics = webhook.metrics()
    assert metrics["lockgate_admission_record_waits_total"] == "1"
    assert metrics["lockgate_admission_records_lost_total"] == "1"
    with ThreadPoolExecutor(1) as pool:
        held = pool.submit(webhook.review, timeout="10s")
        until(lambda: webhook.metrics()["lockgate_admission_record_waits_total"] == "2")
        keeper.go_on.set()
        assert "unrecorded" not in held.result()["auditAnnotations"]
    until(lambda: len(keeper.kept) == 3)


def test_a_recorder_that_fails_is_counted_and_answers_go_on(serve):
    keeper = Keeper()
    keeper.broken = True
    webhook = serve(recorder=keeper)
    assert webhook.review()["allowed"] is True
    until(lambda: webhook.metrics()["lockgate_admission_records_lost_total"] == "1")
    assert webhook.metrics()["lockgate_admission_recorder_errors_total"] == "1"


def test_the_end_answers_what_is_under_way_and_records_everything(serve):
    keeper, judge = Keeper(), Slow()
    webhook = serve(judge, recorder=keeper, options={"threads": 1})
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(webhook.review)
        until(lambda: webhook.metrics()["lockgate_admission_in_flight"] == "1")
        webhook.server.stop()
        time.sleep(0.2)
        judge.release.set()
        assert waiting.result()["allowed"] is True
    webhook.thread.join(10)
    assert len(keeper.kept) == 1


def test_before_the_end_it_is_not_ready_and_still_answers(serve):
    webhook = serve(options={"drain_seconds": 1.0})
    webhook.server.stop()
    until(lambda: webhook.client.get("/readyz").status_code == 503)
    assert webhook.review()["allowed"] is True
    webhook.thread.join(10)
    assert not webhook.thread.is_alive()


def test_latency_is_a_histogram_whose_count_is_that_of_the_reviews(serve):
    webhook = serve()
    for _ in range(5):
        webhook.review()
    metrics = webhook.metrics()
    assert metrics['lockgate_admission_seconds_count{endpoint="validate"}'] == "5"
    assert metrics['lockgate_admission_seconds_bucket{endpoint="validate",le="+Inf"}'] == "5"


@pytest.mark.parametrize("threads", [0, 2])
def test_judging_gives_the_same_within_the_event_loop_and_in_threads(serve, threads):
    webhook = serve(options={"threads": threads, "failure": CLOSED})
    assert webhook.review(privileged=True)["allowed"] is False
    assert webhook.review()["allowed"] is True


def test_a_verdict_that_comes_late_is_still_given_and_counted(serve):
    webhook = serve(Slow(0.3))
    assert webhook.review(timeout="100ms")["allowed"] is True
    assert webhook.metrics()["lockgate_admission_late_total"] == "1"


class Leaving:
    """Raises what is no error."""

    version = "leaving"

    def __init__(self, raised):
        self.raised = raised

    def review(self, request, *, deadline):
        raise self.raised


@pytest.mark.parametrize("threads", [0, 1])
@pytest.mark.parametrize("raised", [StopIteration(), SystemExit(3), TimeoutError(), RecursionError()])
def test_whatever_a_judge_raises_ends_in_the_failure_mode(serve, raised, threads):
    webhook = serve(Leaving(raised), options={"failure": CLOSED, "threads": threads})
    assert [webhook.review()["allowed"] for _ in range(3)] == [False] * 3
    assert webhook.review(namespace="tolerant")["allowed"] is True


_PROCESS = """
import sys, threading, time
from pathlib import Path
from lockgate.server.admission import AdmissionServer, Options, Verdict
from lockgate.server.tls.authority import OwnAuthority

class Waiting:
    version = "waiting"
    def review(self, request, *, deadline):
        time.sleep(0.8)
        return Verdict(True, self.version)

class Kept:
    def record(self, records):
        print("kept", len(records), flush=True)

folder = Path(sys.argv[1])
server = AdmissionServer(
    Waiting(), OwnAuthority(folder, names=["127.0.0.1"]), recorder=Kept(),
    options=Options(host="127.0.0.1", port=0, threads=1, drain_seconds=0.2),
    bundle_changed=lambda bundle: (folder / "bundle").write_text(bundle),
)
def tell():
    server.started.wait()
    print(server.port, flush=True)
threading.Thread(target=tell, daemon=True).start()
server.run()
print("ended", flush=True)
"""


def test_a_process_that_is_told_to_end_answers_records_and_ends_well(tmp_path):
    process = subprocess.Popen([sys.executable, "-c", _PROCESS, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    with process, ThreadPoolExecutor(1) as pool:
        port = int(process.stdout.readline())
        trust = ssl.create_default_context(cadata=(tmp_path / "bundle").read_text())
        with httpx.Client(base_url=f"https://127.0.0.1:{port}", verify=trust, timeout=20) as client:
            asked = pool.submit(client.post, "/validate", json=review_of(pod_request()))
            time.sleep(0.4)
            process.send_signal(signal.SIGTERM)
            assert asked.result().json()["response"]["allowed"] is True
        assert process.stdout.read().splitlines() == ["kept 1", "ended"]
        assert process.wait(10) == 0
