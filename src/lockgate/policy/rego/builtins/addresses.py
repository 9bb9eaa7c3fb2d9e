"""IP addresses and networks: ``net.cidr_*``, with the rules of Go's ``net`` package.

An IPv6 network below ``::ffff:0:0/96`` counts as an IPv4 network, as it does in Go.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from typing import Final, NamedTuple

from lockgate.policy.rego.builtins.contract import MAX_ITEMS, BuiltinError, Context, Function, LimitError, string
from lockgate.policy.rego.values import Set, Value, value_of_key

_MAPPED: Final = b"\0" * 10 + b"\xff\xff"


class _Net(NamedTuple):
    """A network: its first address (4 or 16 bytes) and the length of its prefix in those bytes."""

    ip: bytes
    ones: int

    @property
    def bits(self) -> int:
        return len(self.ip) * 8

    def normal(self) -> tuple[bytes, int]:
        """The address and prefix with an IPv4-mapped network as IPv4."""
        if len(self.ip) == 16 and self.ip.startswith(_MAPPED):
            return self.ip[12:], max(self.ones - 96, 0)
        return self.ip, self.ones

    def contains(self, address: bytes) -> bool:
        mine, ones = self.normal()
        theirs = _short(address)
        if len(mine) != len(theirs):
            return False
        shift = len(mine) * 8 - ones
        return int.from_bytes(mine, "big") >> shift == int.from_bytes(theirs, "big") >> shift

    def last(self) -> bytes:
        host = (1 << (self.bits - self.ones)) - 1
        return (int.from_bytes(self.ip, "big") | host).to_bytes(len(self.ip), "big")

    @property
    def is_plain_v6(self) -> bool:
        return len(self.ip) == 16 and not self.ip.startswith(_MAPPED)


def cidr_contains(network: Value, other: Value) -> Value:
    """Whether an address, or all of a network, is inside the network."""
    outer, text = _net(string(network, 1)), string(other, 1)
    address = _address(text)
    if address is not None:
        return outer.contains(address)
    try:
        inner = _net(text)
    except BuiltinError:
        raise BuiltinError(f"not a valid textual representation of an IP address or CIDR: {text[:80]}") from None
    if outer.is_plain_v6 and inner.is_plain_v6:
        return outer.ones <= inner.ones and outer.contains(inner.ip)
    return outer.contains(inner.ip) and outer.contains(inner.last())


def cidr_intersects(a: Value, b: Value) -> Value:
    """Whether two networks have an address in common."""
    first, second = _net(string(a, 1)), _net(string(b, 1))
    return first.contains(second.ip) or second.contains(first.ip)


def cidr_is_valid(text: Value) -> Value:
    if not isinstance(text, str):
        return False
    try:
        _net(text)
    except BuiltinError:
        return False
    return True


def cidr_contains_matches(context: Context, networks: Value, others: Value) -> Value:
    """Pairs of (index, key, member or text itself) for which the network of one contains the other."""
    found = Set()
    inner = list(_cidrs(others, 2))
    for network, place in _cidrs(networks, 1):
        context.budget.spend(len(inner))
        for other, index in inner:
            if cidr_contains(network, other):
                found.add([place, index])
    return found


def cidr_expand(context: Context, text: Value) -> Value:
    """The set of all addresses of the network."""
    net = _net(string(text, 1))
    size = 1 << (net.bits - net.ones)
    if size > MAX_ITEMS:
        raise LimitError(f"net.cidr_expand: more than {MAX_ITEMS} addresses")
    context.budget.spend(size)
    first = int.from_bytes(net.ip, "big")
    return Set(_shown((first + offset).to_bytes(len(net.ip), "big")) for offset in range(size))


def cidr_merge(networks: Value) -> Value:
    """The smallest set of networks with the same addresses."""
    if not isinstance(networks, (list, tuple, Set)):
        raise BuiltinError("operand must be an array")
    ranges = sorted((_range(_member(network)) for network in networks), key=lambda r: (r.last, r.first))
    place = len(ranges) - 1
    while place > 0:
        current, before = ranges[place], ranges[place - 1]
        if _previous(current.first) <= before.last:
            ranges[place - 1 : place + 1] = [_Range(min(before.first, current.first), current.last, "")]
        place -= 1
    return Set(text for found in ranges for text in ([found.text] if found.text else _blocks(found)))


class _Range(NamedTuple):
    """First and last address, both of 16 bytes, and the network as given, or "" when it was merged."""

    first: bytes
    last: bytes
    text: str


def _range(net: _Net) -> _Range:
    first, ones = net.normal()
    host = (1 << (len(first) * 8 - ones)) - 1
    begin = int.from_bytes(first, "big") & ~host
    size = len(first)
    low, high = begin.to_bytes(size, "big"), (begin | host).to_bytes(size, "big")
    prefix = _MAPPED if size == 4 else b""
    return _Range(prefix + low, prefix + high, f"{_shown(first)}/{ones}")


def _previous(address: bytes) -> bytes:
    if address in (_MAPPED + b"\0" * 4, b"\0" * 16):
        return address
    return (int.from_bytes(address, "big") - 1).to_bytes(16, "big")


def _blocks(found: _Range) -> Iterator[str]:
    kind: type[ipaddress.IPv4Address] | type[ipaddress.IPv6Address] = ipaddress.IPv6Address
    if found.first.startswith(_MAPPED) and found.last.startswith(_MAPPED):
        kind = ipaddress.IPv4Address
    size = 4 if kind is ipaddress.IPv4Address else 16
    blocks = ipaddress.summarize_address_range(kind(found.first[-size:]), kind(found.last[-size:]))
    for block in blocks:
        yield f"{_shown(block.network_address.packed)}/{block.prefixlen}"


def _member(text: Value) -> _Net:
    if not isinstance(text, str):
        raise BuiltinError("element must be string")
    address = _address(text)
    if address is None:
        return _net(text)
    short = _short(address)
    if len(short) == 16:
        raise BuiltinError("IPv6 invalid: needs prefix length")
    # An address alone stands for the network of its historic class, as in Go.
    return _Net(short, 8 if short[0] < 0x80 else 16 if short[0] < 0xC0 else 24)


def _cidrs(value: Value, position: int) -> Iterator[tuple[Value, Value]]:
    if isinstance(value, str):
        yield value, value
        return
    pairs: Iterator[tuple[Value, Value]] = iter(())
    if isinstance(value, dict):
        pairs = ((item, value_of_key(key)) for key, item in value.items())
    elif isinstance(value, Set):
        pairs = ((item, item) for item in value)
    elif isinstance(value, (list, tuple)):
        pairs = ((item, index) for index, item in enumerate(value))
    for item, index in pairs:
        if not isinstance(item, str) and not (isinstance(item, (list, tuple)) and item):
            raise BuiltinError(f"operand {position}: element must be string or non-empty array")
        yield item if isinstance(item, str) else item[0], index


def _address(text: str) -> bytes | None:
    """The 4 or 16 bytes of an address, or None. A zone is none of an address here."""
    if "%" in text or not text.isascii():
        return None
    try:
        return ipaddress.ip_address(text).packed
    except ValueError:
        return None


def _short(address: bytes) -> bytes:
    return address[12:] if len(address) == 16 and address.startswith(_MAPPED) else address


def _net(text: str) -> _Net:
    base, slash, size = text.partition("/")
    address = _address(base)
    fits = slash and size.isascii() and size.isdigit() and len(size) < 8
    if address is None or not fits or int(size) > len(address) * 8:
        raise BuiltinError(f"invalid CIDR address: {text[:80]}")
    host = len(address) * 8 - int(size)
    return _Net(((int.from_bytes(address, "big") >> host) << host).to_bytes(len(address), "big"), int(size))


def _shown(address: bytes) -> str:
    return str(ipaddress.ip_address(_short(address)))


FUNCTIONS: Final[dict[str, Function]] = {
    "net.cidr_contains": cidr_contains,
    "net.cidr_overlap": cidr_contains,
    "net.cidr_intersects": cidr_intersects,
    "net.cidr_is_valid": cidr_is_valid,
    "net.cidr_merge": cidr_merge,
}
WITH_CONTEXT: Final[dict[str, Function]] = {
    "net.cidr_contains_matches": cidr_contains_matches,
    "net.cidr_expand": cidr_expand,
}
