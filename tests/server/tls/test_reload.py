"""Certificates that change under a running server."""

import os
import ssl
import threading
import time
from datetime import timedelta

import httpx
import pytest
from tests.simulators.kubernetes import Authority

from lockgate.errors import SourceError
from lockgate.server.admission import AdmissionServer, Options, Verdict
from lockgate.server.tls.reload import Pair, ReloadingContext


class Yes:
    """Allows everything."""

    version = "yes"

    def review(self, request, *, deadline):
        return Verdict(True, self.version)


REVIEW = {"kind": "AdmissionReview", "apiVersion": "admission.k8s.io/v1", "request": {
    "uid": "u", "operation": "DELETE", "kind": {"kind": "Pod"}, "resource": {"resource": "pods"}}}  # fmt: skip


@pytest.fixture
def files(tmp_path):
    """Writes a pair of another authority over the old one; gives the authority."""
    pair = Pair(tmp_path / "tls.crt", tmp_path / "tls.key")

    def write(name):
        authority = Authority(name)
        certificate, key = authority.issue(tmp_path, name, names=("127.0.0.1",))
        os.replace(key, pair.key)
        os.replace(certificate, pair.certificate)
        return authority

    return pair, write


@pytest.fixture
def server(files):
    pair, write = files
    authority = write("first")
    options = Options(host="127.0.0.1", port=0, drain_seconds=0, certificate_seconds=0.03)
    running = AdmissionServer(Yes(), pair, options=options)
    thread = threading.Thread(target=running.run)
    thread.start()
    assert running.started.wait(10)
    yield running, authority
    running.stop()
    thread.join(10)


def client(port, authority):
    trust = ssl.create_default_context(cadata=authority.certificate)
    return httpx.Client(base_url=f"https://127.0.0.1:{port}", verify=trust, timeout=10)


def until(condition):
    end = time.monotonic() + 8
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_a_new_certificate_is_served_and_no_request_is_lost(server, files):
    running, first = server
    stop, answers = threading.Event(), []

    def ask():
        with client(running.port, first) as standing:  # one connection, older than the new certificate
            while not stop.is_set():
                answers.append(standing.post("/validate", json=REVIEW).status_code)

    asking = threading.Thread(target=ask)
    asking.start()
    until(lambda: answers)
    second = files[1]("second")
    until(lambda: running.metrics.certificate_reloads == 1)
    with client(running.port, second) as fresh:
        assert fresh.post("/validate", json=REVIEW).status_code == 200
    with client(running.port, first) as old, pytest.raises(httpx.ConnectError):
        old.get("/healthz")
    count = len(answers)
    until(lambda: len(answers) > count + 5)
    stop.set()
    asking.join()
    assert set(answers) == {200}


def test_a_pair_that_does_not_fit_is_refused_and_the_old_one_goes_on(server, files, tmp_path):
    running, first = server
    _, foreign = Authority("other").issue(tmp_path, "foreign", names=("127.0.0.1",))
    os.replace(foreign, files[0].key)
    until(lambda: running.metrics.certificate_errors >= 1)
    with client(running.port, first) as still:
        assert still.post("/validate", json=REVIEW).status_code == 200
    third = files[1]("third")
    until(lambda: running.metrics.certificate_reloads >= 1)
    with client(running.port, third) as healed:
        assert healed.get("/healthz").status_code == 200


def test_a_pair_that_is_over_is_refused_while_the_old_one_is_valid(server, files, tmp_path):
    running, first = server
    authority = Authority("over")
    certificate, key = authority.issue(tmp_path, "over", names=("127.0.0.1",), life=timedelta(seconds=-2))
    os.replace(key, files[0].key)
    os.replace(certificate, files[0].certificate)
    until(lambda: running.metrics.certificate_errors >= 2)  # the first may be of half a pair
    assert running.metrics.certificate_reloads == 0
    with client(running.port, first) as still:
        assert still.get("/readyz").text == "ok"


def test_a_server_that_begins_with_a_certificate_that_is_over_says_so(files, tmp_path, caplog):
    authority = Authority("over")
    certificate, key = authority.issue(tmp_path, "over", names=("127.0.0.1",), life=timedelta(seconds=-2))
    running = AdmissionServer(Yes(), Pair(certificate, key),
                              options=Options(host="127.0.0.1", port=0, drain_seconds=0))  # fmt: skip
    thread = threading.Thread(target=running.run)
    thread.start()
    assert running.started.wait(10)
    running.stop()
    thread.join(10)
    assert "is over" in caplog.text


def test_files_that_vanish_are_told_and_the_old_pair_goes_on(server, files):
    running, first = server
    files[0].certificate.unlink()
    until(lambda: running.metrics.certificate_errors >= 1)
    with client(running.port, first) as still:
        assert still.get("/healthz").text == "ok"


def test_a_client_without_a_certificate_is_turned_away_when_one_is_demanded(files, tmp_path):
    pair, write = files
    authority, clients = write("server"), Authority("clients")
    bundle = tmp_path / "clients.pem"
    bundle.write_text(clients.certificate)
    options = Options(host="127.0.0.1", port=0, drain_seconds=0, client_authority=bundle)
    running = AdmissionServer(Yes(), pair, options=options)
    thread = threading.Thread(target=running.run)
    thread.start()
    try:
        assert running.started.wait(10)
        with client(running.port, authority) as bare, pytest.raises(httpx.HTTPError):
            bare.get("/healthz")
        trust = ssl.create_default_context(cadata=authority.certificate)
        trust.load_cert_chain(*clients.issue(tmp_path, "apiserver", user="apiserver"))
        with httpx.Client(base_url=f"https://127.0.0.1:{running.port}", verify=trust) as known:
            assert known.get("/healthz").text == "ok"
    finally:
        running.stop()
        thread.join(10)


def test_files_that_make_no_certificate_are_an_error_at_the_start(tmp_path):
    pair = Pair(tmp_path / "a", tmp_path / "b")
    with pytest.raises(SourceError, match="No such file"):
        ReloadingContext(pair)
    (tmp_path / "a").write_text("x")
    (tmp_path / "b").write_text("y")
    with pytest.raises(SourceError, match="cannot be served with"):
        ReloadingContext(pair)


def test_a_port_that_is_taken_is_an_error_with_the_address(server, files):
    running, _ = server
    second = AdmissionServer(Yes(), files[0], options=Options(host="127.0.0.1", port=running.port))
    with pytest.raises(SourceError, match="cannot listen: Address already in use"):
        second.run()
