"""Kubernetes' ip and cidr libraries. Addresses with zones and IPv4 addresses written as IPv6 ones are refused."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from lockgate.lazy_pattern import lazy_pattern
from lockgate.policy.cel.functions import function, method
from lockgate.policy.cel.values import CelError, Opaque

_LENGTH = lazy_pattern(r"0|[1-9][0-9]{0,2}")


class IP(Opaque):
    """An address."""

    __slots__ = ("address",)
    TYPE = "net.IP"

    def __init__(self, address: IPv4Address | IPv6Address) -> None:
        self.address = address

    def __eq__(self, other: object) -> bool:
        return isinstance(other, IP) and self.address == other.address

    def __hash__(self) -> int:
        return hash(self.address)

    def __repr__(self) -> str:
        return f"ip({str(self.address)!r})"


class CIDR(Opaque):
    """An address with the length of its network's prefix; host bits are kept."""

    __slots__ = ("address", "length")
    TYPE = "net.CIDR"

    def __init__(self, address: IPv4Address | IPv6Address, length: int) -> None:
        self.address = address
        self.length = length

    def __eq__(self, other: object) -> bool:
        return isinstance(other, CIDR) and (self.address, self.length) == (other.address, other.length)

    def __hash__(self) -> int:
        return hash((self.address, self.length))

    def __repr__(self) -> str:
        return f"cidr('{self.address}/{self.length}')"

    def network(self) -> IPv4Network | IPv6Network:
        """The network, host bits cleared."""
        return ip_network(f"{self.address}/{self.length}", strict=False)


@lru_cache(maxsize=1024)
def parse_ip(text: str) -> IP:
    """An address from its text."""
    try:
        address = ip_address(text) if len(text) <= 64 else None
    except ValueError:
        address = None
    if address is None:
        raise CelError(f"IP Address {text[:64]!r} parse error during conversion from string: no IPv4 or IPv6 address")
    if isinstance(address, IPv6Address) and address.scope_id is not None:
        raise CelError(f"IP address {text!r} with zone value is not allowed")
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        raise CelError(f"IPv4-mapped IPv6 address {text!r} is not allowed")
    return IP(address)


@lru_cache(maxsize=1024)
def parse_cidr(text: str) -> CIDR:
    """An address and a length from ``address/length``."""
    before, slash, after = text.rpartition("/")
    if not slash or not _LENGTH.fullmatch(after):
        raise CelError(f"network address parse error during conversion from string: {text[:64]!r} is no CIDR")
    address = parse_ip(before).address
    if int(after) > address.max_prefixlen:
        raise CelError(f"network address parse error during conversion from string: {after} bits are too many")
    return CIDR(address, int(after))


def _reads(parse: Callable[[str], object]) -> Callable[[str], bool]:
    def reads(text: str) -> bool:
        try:
            parse(text)
        except CelError:
            return False
        return True

    return reads


def _is_global_unicast(value: IP) -> bool:
    address = value.address
    if address.is_unspecified or address.is_loopback or address.is_multicast or address.is_link_local:
        return False
    return str(address) != "255.255.255.255"


def _is_link_local_multicast(value: IP) -> bool:
    if isinstance(value.address, IPv4Address):
        return value.address in IPv4Network("224.0.0.0/24")
    return value.address.packed[0] == 0xFF and value.address.packed[1] & 0x0F == 0x02


def _contains_ip(network: CIDR, value: IP) -> bool:
    return value.address.version == network.address.version and value.address in network.network()


def _contains_cidr(network: CIDR, other: CIDR) -> bool:
    return network.length <= other.length and _contains_ip(network, IP(other.address))


def _masked(value: CIDR) -> CIDR:
    return CIDR(value.network().network_address, value.length)


LIBRARY = [
    function("ip", "string", do=parse_ip),
    function("isIP", "string", do=_reads(parse_ip), result="bool"),
    function("ip.isCanonical", "string", do=lambda text: str(parse_ip(text).address) == text, result="bool"),
    function("string", IP.TYPE, do=lambda value: str(value.address), result="string"),
    method("family", IP.TYPE, do=lambda value: value.address.version, result="int"),
    method("isUnspecified", IP.TYPE, do=lambda value: value.address.is_unspecified, result="bool"),
    method("isLoopback", IP.TYPE, do=lambda value: value.address.is_loopback, result="bool"),
    method("isLinkLocalMulticast", IP.TYPE, do=_is_link_local_multicast, result="bool"),
    method("isLinkLocalUnicast", IP.TYPE, do=lambda value: value.address.is_link_local, result="bool"),
    method("isGlobalUnicast", IP.TYPE, do=_is_global_unicast, result="bool"),
    function("cidr", "string", do=parse_cidr),
    function("isCIDR", "string", do=_reads(parse_cidr), result="bool"),
    function("string", CIDR.TYPE, do=lambda value: f"{value.address}/{value.length}", result="string"),
    method("containsIP", CIDR.TYPE, "string", do=lambda net, text: _contains_ip(net, parse_ip(text)), result="bool"),
    method("containsIP", CIDR.TYPE, IP.TYPE, do=_contains_ip, result="bool"),
    method(
        "containsCIDR", CIDR.TYPE, "string", do=lambda net, text: _contains_cidr(net, parse_cidr(text)), result="bool"
    ),
    method("containsCIDR", CIDR.TYPE, CIDR.TYPE, do=_contains_cidr, result="bool"),
    method("ip", CIDR.TYPE, do=lambda value: IP(value.address)),
    method("masked", CIDR.TYPE, do=_masked),
    method("prefixLength", CIDR.TYPE, do=lambda value: value.length, result="int"),
]
