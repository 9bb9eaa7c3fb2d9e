"""HTTP/1.1 as clients of every kind speak it, over TLS and byte by byte."""

import gc
import json
import re
import socket
import ssl
import threading
import time

import pytest

from lockgate.server.admission import Verdict
from lockgate.server.http1 import Connection

from .conftest import Keeper, pod_request, review_of, until

REVIEW = json.dumps(review_of(pod_request())).encode()


def head(method="POST", path="/validate", *lines, length=None):
    length = len(REVIEW) if length is None else length
    told = [f"{method} {path} HTTP/1.1", "Host: x", "Content-Type: application/json", *lines]
    return "\r\n".join([*told, *([f"Content-Length: {length}"] if length else []), "", ""]).encode()


class Raw:
    """One connection, bytes in and bytes out."""

    def __init__(self, webhook):
        trust = ssl.create_default_context(cadata=webhook.bundles[-1])
        plain = socket.create_connection(("127.0.0.1", webhook.server.port))
        self.socket = trust.wrap_socket(plain, server_hostname="127.0.0.1")
        self.socket.settimeout(10)
        self.held = b""

    def send(self, *parts):
        for part in parts:
            self.socket.sendall(part)
        return self

    def answer(self, *, bodiless=False):
        """(status, headers in lower case, body) of the next answer."""
        while b"\r\n\r\n" not in self.held:
            self._more()
        told, _, self.held = self.held.partition(b"\r\n\r\n")
        length = 0 if bodiless else int((re.search(rb"content-length: (\d+)", told) or [0, 0])[1])
        while len(self.held) < length:
            self._more()
        body, self.held = self.held[:length], self.held[length:]
        return int(told.split()[1]), told.lower(), body

    def _more(self):
        got = self.socket.recv(65536)
        assert got, "hung up"
        self.held += got

    @property
    def closed(self):
        """Whether the server has hung up, with nothing more to say."""
        try:
            return self.socket.recv(1) == b""
        except (ConnectionError, ssl.SSLError):
            return True

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()


@pytest.fixture
def raw(serve):
    webhook = serve()
    with Raw(webhook) as one:
        one.webhook = webhook
        yield one


def test_requests_that_come_at_once_are_answered_in_their_order(raw):
    texts = [json.dumps(review_of({**pod_request(), "uid": f"u-{number}"})).encode() for number in range(20)]
    raw.send(b"".join(head(length=len(text)) + text for text in texts))
    assert [json.loads(raw.answer()[2])["response"]["uid"] for _ in texts] == [f"u-{number}" for number in range(20)]


def test_so_are_those_that_threads_judge(serve):
    webhook = serve(options={"threads": 3})
    texts = [json.dumps(review_of({**pod_request(), "uid": f"u-{number}"})).encode() for number in range(20)]
    with Raw(webhook) as raw:
        raw.send(b"".join(head(length=len(text)) + text for text in texts))
        assert [json.loads(raw.answer()[2])["response"]["uid"] for _ in texts] == [f"u-{each}" for each in range(20)]


def test_a_request_byte_by_byte_is_a_request(raw):
    for byte in head() + REVIEW:
        raw.send(bytes([byte]))
    status, told, body = raw.answer()
    assert (status, json.loads(body)["response"]["allowed"]) == (200, True)
    assert b"connection: close" not in told
    assert raw.send(head() + REVIEW).answer()[0] == 200


def test_a_body_in_chunks_of_one_byte_is_a_body(raw):
    chunks = b"".join(b"1\r\n%c\r\n" % byte for byte in REVIEW) + b"0\r\n\r\n"
    assert raw.send(head("POST", "/validate", "Transfer-Encoding: chunked", length=0) + chunks).answer()[0] == 200


def test_who_asks_first_whether_to_go_on_is_told(raw):
    raw.send(head("POST", "/validate", "Expect: 100-continue"))
    assert raw.answer(bodiless=True)[0] == 100
    assert raw.send(REVIEW).answer()[0] == 200


@pytest.mark.parametrize("version", ["1.0", "1.1"])
def test_a_client_that_wants_no_connection_kept_has_none(raw, version):
    text = head("POST", "/validate", "Connection: close").replace(b"HTTP/1.1", f"HTTP/{version}".encode())
    assert raw.send(text + REVIEW).answer()[0] == 200
    assert raw.closed


def test_a_head_is_asked_without_its_body(raw):
    status, told, _ = raw.send(head("HEAD", "/healthz", length=0)).answer(bodiless=True)
    assert (status, b"content-length: 2" in told) == (200, True)
    assert raw.send(head("GET", "/healthz", length=0)).answer()[2] == b"ok"


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"\x16\x03\x01 hello\r\n\r\n", 400),
        (b"GET /healthz HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400),
        (b"POST /validate HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n", 400),
        (b"GET /" + b"a" * 70_000, 431),
        (b"GET / HTTP/1.1\r\nX: " + b"a" * 70_000, 431),
        (b"POST /validate HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nX: " + b"a" * 70_000, 431),
        (b"POST /validate HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1;" + b"a" * 70_000, 431),
        (head(length=8_000_000), 413),
    ],
)  # fmt: skip
def test_what_is_no_request_is_told_so_and_hung_up_on(raw, sent, status):
    assert raw.send(sent).answer()[0] == status
    assert raw.closed
    assert raw.webhook.metrics()[f'lockgate_admission_refused_total{{code="{status}"}}'] == "1"


def test_more_connections_than_are_taken_are_told(raw):
    raw.send(head() + REVIEW).answer()
    raw.webhook.server._connections.limit = len(raw.webhook.server._connections.open)
    with Raw(raw.webhook) as more:
        assert more.answer()[0] == 503
    raw.webhook.server._connections.limit = 2000
    assert raw.send(head() + REVIEW).answer()[0] == 200


def test_a_connection_that_rests_for_long_is_closed_and_one_that_waits_for_its_answer_is_not(serve):
    class Slow:
        version = "slow"

        def review(self, request, *, deadline):
            time.sleep(1.5)
            return Verdict(True, "slow")

    webhook = serve(Slow(), options={"threads": 1})
    webhook.server._connections.rest = webhook.server.app._read_seconds = 0.3
    with Raw(webhook) as busy, Raw(webhook) as idle:
        busy.send(head() + REVIEW)
        assert idle.closed
        assert busy.answer()[0] == 200


def test_what_is_asked_by_one_who_hangs_up_is_recorded_all_the_same(serve):
    keeper = Keeper()
    webhook = serve(recorder=keeper, options={"threads": 1})
    with Raw(webhook) as gone:
        gone.send(head() + REVIEW)
    until(lambda: len(keeper.kept) == 1)
    assert webhook.metrics()["lockgate_admission_in_flight"] == "0"


def test_while_it_ends_each_answer_is_the_last_of_its_connection(serve):
    webhook = serve(options={"drain_seconds": 0.5})
    with Raw(webhook) as raw, Raw(webhook) as resting:
        assert b"connection: close" not in raw.send(head() + REVIEW).answer()[1]
        webhook.server.stop()
        until(lambda: webhook.server.app.draining)
        status, told, _ = raw.send(head() + REVIEW).answer()
        assert (status, b"connection: close" in told, raw.closed) == (200, True, True)
        assert resting.closed  # at the end
    webhook.thread.join(10)
    assert not webhook.thread.is_alive()


def test_many_clients_at_once_each_get_their_own_answers(serve):
    webhook = serve()
    wrong = []

    def ask(name):
        with Raw(webhook) as raw:
            for number in range(30):
                text = json.dumps(review_of({**pod_request(), "uid": f"{name}-{number}"})).encode()
                raw.send(head(length=len(text)), text)
                if json.loads(raw.answer()[2])["response"]["uid"] != f"{name}-{number}":
                    wrong.append(name)

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == [] and webhook.metrics()['lockgate_admission_seconds_count{endpoint="validate"}'] == "240"


def test_a_connection_that_ends_is_let_go_of_at_once(serve):
    def held():
        return sum(type(one) is Connection for one in gc.get_objects())

    webhook = serve()
    gc.collect()
    others = held()  # of tests before this one
    gc.disable()
    try:
        for _ in range(3):
            with Raw(webhook) as raw:
                assert raw.send(head() + REVIEW).answer()[0] == 200
                assert held() > 0
        until(lambda: held() <= others)
    finally:
        gc.enable()
