"""Connections to the very addresses that were checked, so that a name cannot lead elsewhere a moment later.

Whom a person names may stand anywhere: servers of one's own network are the rule. Whom a *server* names (where it
redirects to, who gives tokens) may be in a private network only where the server is in one itself, and never a
link-local address, where clouds hand out credentials. Plain HTTP is for this machine, or when it is asked for.

Where the environment names a proxy for a server, that connects: then the name is looked up over there, and what is
checked here is an address that stands in place of a name, and the name as far as this machine knows it.
"""

from __future__ import annotations

import os
import socket
import ssl
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import SplitResult, urlsplit

from lockgate.dataclass import dataclass
from lockgate.errors import SourceError, UsageError
from lockgate.formats.addresses import link_local, loopback, public
from lockgate.transport.errors import UnansweredError
from lockgate.transport.proxies import Proxy, proxy_for

_MOST_POOLS = 16
_MOST_ADDRESSES = 4
"""Of one host that are tried."""
_PROBE_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Trust:
    """Whom to believe."""

    ca_file: str = ""
    """Certificates of authorities, PEM, beside those of the machine."""
    plain_http: bool = False
    """Whether the server, and who it names, may be asked without TLS."""
    always_tls: bool = False
    """Whether this machine is asked by TLS, too."""
    named_by_others: bool = False
    """Whether others than who runs this have named the server, so that it may not be this machine or its link."""
    way_out: str = ""
    """What lets such a server be asked all the same, for people."""


def shown(address: str) -> str:
    """An address for people: without user, password and query, which may hold a signature."""
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.hostname or ''}{f':{parts.port}' if parts.port else ''}{parts.path}"


class Transport:
    """Pools of connections, one for each origin."""

    def __init__(self, server: str, trust: Trust, environment: Mapping[str, str] = os.environ) -> None:
        """``server``: host, and port where it is not the usual one. ``environment``: names proxies."""
        self._trust, self._environment = trust, environment
        self.base = f"{self._scheme(server)}://{server}"
        self._pools: dict[tuple[str, str, int], Any] = {}
        self._private: bool | None = None
        """Whether the server itself is in a private network; None before it was first asked."""

    def _scheme(self, server: str) -> str:
        host = urlsplit(f"//{server}").hostname or ""
        here = loopback(host) and not (self._trust.ca_file or self._trust.always_tls)
        plain = self._trust.plain_http or here
        return "http" if plain else "https"

    def close(self) -> None:
        """Hang up."""
        for pool in self._pools.values():
            pool.close()
        self._pools.clear()

    def same_origin(self, address: str) -> bool:
        """Whether an address is of the server itself, so that its credentials may go there."""
        return _origin(urlsplit(address)) == _origin(urlsplit(self.base))

    def request(
        self, method: str, address: str, *, headers: dict[str, str], body: bytes | Iterator[bytes] | None, timeout: Any
    ) -> Any:
        """The answer to one request, its body unread; redirects and errors are the caller's.

        Raises ``SourceError`` for an address that may not be asked, ``OSError`` and urllib3's errors for silence.
        """
        parts = urlsplit(address)
        pool = self._pool(parts)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        host = parts.netloc.rpartition("@")[2]
        if pool.proxy is not None and parts.scheme == "http":  # asked of the proxy as a whole. RFC 9112, 3.2.2
            target, headers = f"http://{host}{target}", {**pool.proxy_headers, **headers}
        try:
            return pool.request(
                method, target, headers={"Host": host, **headers}, body=body, timeout=timeout, retries=False,
                redirect=False, preload_content=False, decode_content=False, assert_same_host=False,
            )  # fmt: skip
        except _proxy_error() as error:
            told = f"the proxy {pool.proxy} does not lead there ({str(error.original_error)[:200]})"
            raise UnansweredError(told, where=shown(address)) from None

    def _pool(self, parts: SplitResult) -> Any:
        origin = _origin(parts)
        if origin not in self._pools:
            proxy = proxy_for(*origin, self._environment)
            address = self._checked(parts, proxy)
            if len(self._pools) >= _MOST_POOLS:
                raise SourceError("the server leads to too many hosts", where=shown(self.base))
            made = self._made(parts.hostname or "", origin, address) if proxy is None else self._through(proxy, origin)
            self._pools[origin] = made
        return self._pools[origin]

    def _checked(self, parts: SplitResult, proxy: Proxy | None) -> str:
        """The address to connect to; empty where a proxy does that."""
        scheme, host, port = _origin(parts)
        where = f"{scheme}://{host}"
        if scheme not in ("https", "http") or not host:
            raise SourceError("the server leads to an address that is none of a web server", where=where[:200])
        own = self.same_origin(parts.geturl())
        plain = self._trust.plain_http or (self.base.startswith("http://") and (own or loopback(host)))
        if scheme == "http" and not plain:
            raise SourceError("the server leads to an address without TLS", where=where)
        try:
            found = [str(info[4][0]) for info in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
        except (OSError, UnicodeError) as error:
            if proxy is not None and isinstance(error, socket.gaierror):
                return ""
            reason = f"the name of the host cannot be resolved ({type(error).__name__})"
            raise UnansweredError(reason, where=where) from None
        if own:
            if self._trust.named_by_others and any(link_local(one) or loopback(one) for one in found):
                raise SourceError(
                    "a server on this machine or its link is not asked", where=where, hint=self._trust.way_out
                )
            if any(link_local(one) for one in found):
                hint = "the metadata of a cloud, which nobody else may be shown, stand at such an address"
                raise SourceError("an address of the link is not asked", where=where, hint=hint)
            self._private = not all(public(address) for address in found)
        elif any(link_local(address) for address in found) or not (
            self._private or all(public(address) for address in found)
        ):
            hint = "a server that all can reach may not lead into a private network"
            raise SourceError("the server leads to an address that may not be asked", where=where, hint=hint)
        return _reachable(list(dict.fromkeys(found))[:_MOST_ADDRESSES], port) if proxy is None else ""

    def _through(self, proxy: Proxy, origin: tuple[str, str, int]) -> Any:
        """A pool whose connections the proxy makes: over TLS it sees the name of the server alone."""
        import urllib3

        scheme, host, port = origin
        who = f"{proxy.username}:{proxy.password}" if proxy.username else None
        headers = urllib3.util.make_headers(proxy_basic_auth=who)
        manager = urllib3.ProxyManager(
            proxy.address, maxsize=2, proxy_headers=headers, ssl_context=self._context(),
            proxy_ssl_context=ssl.create_default_context(),
        )  # fmt: skip
        return manager.connection_from_host(host, port, scheme)

    def _made(self, host: str, origin: tuple[str, str, int], address: str) -> Any:
        import urllib3

        scheme, _, port = origin
        if scheme == "http":
            return urllib3.HTTPConnectionPool(address, port, maxsize=2)
        # Without a name for urllib3 to look for, TLS itself holds the certificate against ``server_hostname``.
        return urllib3.HTTPSConnectionPool(address, port, maxsize=2, ssl_context=self._context(), server_hostname=host)

    def _context(self) -> ssl.SSLContext:
        context = ssl.create_default_context()
        if self._trust.ca_file:
            try:
                context.load_verify_locations(self._trust.ca_file)
            except (OSError, ssl.SSLError) as error:
                raise UsageError(f"no certificates ({type(error).__name__})", where=self._trust.ca_file) from None
        return context


def _proxy_error() -> Any:
    import urllib3

    return urllib3.exceptions.ProxyError


def _reachable(addresses: list[str], port: int) -> str:
    """The first that takes a connection; where none does, the first, whose silence is then told."""
    for address in addresses if len(addresses) > 1 else ():
        try:
            with socket.create_connection((address, port), timeout=_PROBE_SECONDS):
                return address
        except OSError:
            continue
    return addresses[0]


def _origin(parts: SplitResult) -> tuple[str, str, int]:
    try:
        port = parts.port
    except ValueError:
        port = 0
    return parts.scheme, (parts.hostname or "").lower(), port or (443 if parts.scheme == "https" else 80)
