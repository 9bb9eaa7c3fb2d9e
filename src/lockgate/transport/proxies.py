"""Which proxy leads to a server, by the variables that every client on the machine knows. Pure.

``HTTPS_PROXY``, ``HTTP_PROXY`` (in small letters, too, which go first), ``ALL_PROXY``, and ``NO_PROXY`` for what is
asked directly: names with all below them, addresses, networks, each with or without a port, or ``*``. This machine is
never asked through one. As Go's clients (docker, kubectl, cosign) read them: golang.org/x/net/http/httpproxy.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import field
from urllib.parse import unquote, urlsplit

from lockgate.dataclass import dataclass
from lockgate.errors import ConfigurationError
from lockgate.formats.addresses import loopback


@dataclass(frozen=True, slots=True)
class Proxy:
    """One proxy, over HTTP or HTTPS."""

    address: str
    """Without who asks."""
    username: str = ""
    password: str = field(default="", repr=False)


def proxy_for(scheme: str, host: str, port: int, environment: Mapping[str, str]) -> Proxy | None:
    """What leads to a server; None where it is asked directly. Raises ``ConfigurationError`` where that is no proxy."""
    name = f"{scheme}_proxy"
    told = environment.get(name) or environment.get(name.upper()) or _of(environment, "all_proxy")
    if scheme == "http" and "REQUEST_METHOD" in environment and not environment.get(name):
        told = ""  # in a script of CGI that name is what a client sent
    if not told or loopback(host) or _direct(host, port, _of(environment, "no_proxy")):
        return None
    return _read(told, name.upper())


def _of(environment: Mapping[str, str], name: str) -> str:
    return environment.get(name) or environment.get(name.upper()) or ""


def _read(told: str, where: str) -> Proxy:
    try:
        parts = urlsplit(told if "://" in told else f"http://{told}")
        host, port = parts.hostname, parts.port
    except ValueError:
        host = port = None
        parts = urlsplit("")
    if not host or parts.scheme not in ("http", "https"):
        hint = "http://proxy.example.com:3128"
        raise ConfigurationError("names no proxy over HTTP", where=where, hint=hint)
    shown = f"[{host}]" if ":" in host else host
    address = f"{parts.scheme}://{shown}:{port or (443 if parts.scheme == 'https' else 80)}"
    return Proxy(address, unquote(parts.username or ""), unquote(parts.password or ""))


def _direct(host: str, port: int, exceptions: str) -> bool:
    """Whether ``NO_PROXY`` names the server."""
    host = host.lower().rstrip(".")
    for word in exceptions.lower().split(","):
        one = word.strip()
        if one == "*":
            return True
        if one and _names(one, host, port):
            return True
    return False


def _names(one: str, host: str, port: int) -> bool:
    address, network = _address(host), _network(one)
    if network is not None:
        return address is not None and address in network
    bare, wanted = one, ""
    if one.startswith("[") and "]" in one:
        bare, _, rest = one[1:].partition("]")
        wanted = rest.removeprefix(":")
    elif one.count(":") == 1:
        bare, _, wanted = one.partition(":")
    if wanted and wanted != str(port):
        return False
    if (told := _address(bare)) is not None:
        return told == address
    below = bare.removeprefix("*")
    if below.startswith("."):
        return host.endswith(below)
    return host == below or host.endswith(f".{below}")


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


def _network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    try:
        return ipaddress.ip_network(text, strict=False) if "/" in text else None
    except ValueError:
        return None
