"""Addresses of the internet as numbers: who can be reached at one. Nothing here resolves a name."""

from __future__ import annotations

import ipaddress


def public(address: str) -> bool:
    """Whether an IP address is reachable by everybody: not loopback, private, link-local, multicast or reserved."""
    ip = _inner(address)
    return ip.is_global and not ip.is_multicast


def link_local(address: str) -> bool:
    """Whether it is one of the machine's own link, as the services are that hand out credentials of clouds."""
    return _inner(address).is_link_local


def loopback(host: str) -> bool:
    """Whether a host, as written, is this machine: ``localhost`` or an address of it."""
    if host == "localhost":
        return True
    try:
        return _inner(host.strip("[]")).is_loopback
    except ValueError:
        return False


def _inner(address: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """The address of IPv4 that one of IPv6 leads to, where it does."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None)
        if inner is not None:
            return inner
        if ip in ipaddress.ip_network("64:ff9b::/96"):
            return ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
    return ip
