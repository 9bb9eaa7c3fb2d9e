"""Which proxy leads to a server, by the variables of the environment, and what goes through it."""

import base64
import socket
import socketserver
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler

import pytest
import urllib3
from cryptography import x509
from tests.simulators.listening import listening
from tests.simulators.registry import Behaviour, serving
from tests.sources.image.registry.conftest import BIG, layout, read
from tests.sources.image.registry.test_tls import certificate

from lockgate.errors import ConfigurationError, SourceError
from lockgate.sources.image.registry import Client, Credentials, Limits
from lockgate.transport import Transport, Trust
from lockgate.transport.proxies import proxy_for

__all__ = ["layout"]

PROXY = "http://proxy.example:3128"


@pytest.mark.parametrize(
    ("server", "environment", "led"),
    [
        (("https", "a.example", 443), {"HTTPS_PROXY": PROXY}, True),
        (("https", "a.example", 443), {"https_proxy": PROXY, "HTTPS_PROXY": "http://other:1"}, True),
        (("https", "a.example", 443), {"HTTP_PROXY": PROXY}, False),
        (("http", "a.example", 80), {"HTTP_PROXY": PROXY}, True),
        (("http", "a.example", 80), {"HTTP_PROXY": PROXY, "REQUEST_METHOD": "GET"}, False),
        (("https", "a.example", 443), {"ALL_PROXY": "proxy.example:3128"}, True),
        (("https", "localhost", 443), {"HTTPS_PROXY": PROXY}, False),
        (("https", "127.0.0.9", 443), {"HTTPS_PROXY": PROXY}, False),
        (("https", "a.example", 443), {}, False),
    ],
)  # fmt: skip
def test_the_variables_say_which_servers_are_asked_through_it(server, environment, led):
    found = proxy_for(*server, environment)
    assert (found is not None) is led
    assert found is None or found.address == PROXY


@pytest.mark.parametrize(
    ("exceptions", "host", "port", "direct"),
    [
        ("a.example", "a.example", 443, True), ("a.example", "b.a.example", 443, True),
        ("a.example", "xa.example", 443, False), (".a.example", "b.a.example", 443, True),
        (".a.example", "a.example", 443, False), ("*.a.example", "b.a.example", 443, True),
        ("*", "a.example", 443, True), ("other, A.Example ", "a.example", 443, True),
        ("a.example:5000", "a.example", 5000, True), ("a.example:5000", "a.example", 443, False),
        ("10.0.0.0/8", "10.1.2.3", 443, True), ("10.0.0.0/8", "11.1.2.3", 443, False),
        ("10.0.0.0/8", "a.example", 443, False), ("10.1.2.3", "10.1.2.3", 443, True),
        ("[fd00::1]:443", "fd00::1", 443, True), ("fd00::/8", "fd00::1", 443, True), ("fd00::1", "fd00::1", 443, True),
        (",,", "a.example", 443, False), ("10.0.0.0/99", "10.0.0.1", 443, False),
    ],
)  # fmt: skip
def test_no_proxy_names_what_is_asked_directly(exceptions, host, port, direct):
    environment = {"HTTPS_PROXY": PROXY, "NO_PROXY": exceptions}
    assert (proxy_for("https", host, port, environment) is None) is direct


def test_who_asks_a_proxy_is_in_its_address_and_never_shown():
    found = proxy_for("https", "a.example", 443, {"HTTPS_PROXY": "https://who:s%40cret@proxy.example"})
    assert (found.address, found.username, found.password) == ("https://proxy.example:443", "who", "s@cret")
    assert "cret" not in repr(found)
    for told in ("socks5://proxy.example:1080", "http://", "http://a:99999"):
        with pytest.raises(ConfigurationError, match="HTTPS_PROXY"):
            proxy_for("https", "a.example", 443, {"HTTPS_PROXY": told})


class Proxying(socketserver.BaseRequestHandler):
    """Connects to the server of the test whatever name it is asked for, and keeps what it was asked."""

    def handle(self):
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += self.request.recv(1)
        self.server.asked.append(head.decode())
        if self.server.refuses:
            self.request.sendall(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
            return
        with socket.create_connection(("127.0.0.1", self.server.target)) as there:
            if head.startswith(b"CONNECT "):
                self.request.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            else:
                there.sendall(head)
            back = threading.Thread(target=self._copy, args=(there, self.request), daemon=True)
            back.start()
            self._copy(self.request, there)
            back.join()

    @staticmethod
    def _copy(source, target):
        try:
            while piece := source.recv(65536):
                target.sendall(piece)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            pass


@contextmanager
def proxying(target: int, *, refuses: bool = False):
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Proxying) as server:
        server.daemon_threads, server.target, server.refuses, server.asked = True, target, refuses, []
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


HOST = "registry.invalid"
"""A name that this machine does not know, as those of the internet are behind a proxy."""
WHO = "Basic " + base64.b64encode(b"who:pass").decode()


def client(ca_file: str) -> Client:
    held = Credentials("me", "secret")
    limits = Limits(retries=1)
    return Client(HOST, "team/cart", held, trust=Trust(ca_file), limits=limits, sleep=lambda wait: None)


def test_a_registry_is_read_through_a_proxy_that_sees_its_name_alone(layout, tmp_path, monkeypatch):
    ca_file, context = certificate(tmp_path, x509.DNSName(HOST))
    with (
        serving(layout.folder, Behaviour(basic="me:secret"), context) as registry,
        proxying(int(registry.host.rpartition(":")[2])) as proxy,
    ):
        monkeypatch.setenv("HTTPS_PROXY", f"http://who:pass@127.0.0.1:{proxy.server_address[1]}")
        assert read(client(ca_file)) == {"base": BIG, "mine": b"mine"}
    assert all(one.startswith(f"CONNECT {HOST}:443 HTTP/1.") for one in proxy.asked)
    assert all(f"proxy-authorization: {WHO}".lower() in one.lower() for one in proxy.asked)
    assert all("Proxy-Authorization" not in headers for _, _, headers in registry.requests)
    assert all("secret" not in one and base64.b64encode(b"me:secret").decode() not in one for one in proxy.asked)


def test_the_certificate_is_that_of_the_registry_also_behind_a_proxy(layout, tmp_path, monkeypatch):
    ca_file, context = certificate(tmp_path, x509.DNSName("other.invalid"))
    with (
        serving(layout.folder, Behaviour(basic="me:secret"), context) as registry,
        proxying(int(registry.host.rpartition(":")[2])) as proxy,
    ):
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy.server_address[1]}")
        with pytest.raises(SourceError, match="certificate is another host's"):
            read(client(ca_file))


def test_a_proxy_that_refuses_or_is_away_is_told_as_the_proxy(layout, tmp_path, monkeypatch):
    with proxying(1, refuses=True) as proxy:
        address = f"http://127.0.0.1:{proxy.server_address[1]}"
        monkeypatch.setenv("HTTPS_PROXY", address)
        with pytest.raises(SourceError, match="proxy") as refused:
            read(client(""))
    assert "407" in str(refused.value)
    assert address in str(refused.value)
    with pytest.raises(SourceError, match="proxy"):
        read(client(""))


def test_without_tls_the_proxy_is_asked_for_the_whole_address_and_who_asks_it():
    class Answering(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"ok")

        def log_message(self, *arguments):
            pass

    with listening(Answering) as server, proxying(server.server_port) as proxy:
        environment = {"HTTP_PROXY": f"http://who:pass@127.0.0.1:{proxy.server_address[1]}"}
        transport = Transport("plain.invalid", Trust(plain_http=True), environment)
        answer = transport.request("GET", "http://plain.invalid/v2/?n=1", headers={}, body=None,
                                   timeout=urllib3.Timeout(5))  # fmt: skip
        assert answer.read() == b"ok"
        answer.close()
        transport.close()
    (asked,) = proxy.asked
    assert asked.startswith("GET http://plain.invalid/v2/?n=1 HTTP/1.1\r\n")
    assert "\r\nHost: plain.invalid\r\n" in asked
    assert WHO in asked


@pytest.mark.parametrize("where", ["https://169.254.169.254/latest", "https://[fe80::1]/"])
def test_addresses_of_the_link_are_not_asked_through_a_proxy_either(where):
    transport = Transport("registry.invalid", Trust(), {"HTTPS_PROXY": "http://127.0.0.1:1"})
    with pytest.raises(SourceError, match="may not be asked"):
        transport.request("GET", where, headers={}, body=None, timeout=urllib3.Timeout(1))
