"""Addresses of IPv6, and of IPv4 as such: read, compared, and ranges of them. What is no address gives null."""

from __future__ import annotations

from typing import Any

from lockgate.kql.functions import Maker, plain
from lockgate.kql.functions.network.addresses import ipv6, ipv6_text, masked
from lockgate.kql.functions.network.ipv4 import every
from lockgate.kql.text import string_text


def _parse(text: str) -> str:
    known = ipv6(text)
    return ipv6_text(masked(*known, 128)) if known is not None else ""


def _parse_mask(text: str, prefix: Any) -> str:
    known = ipv6(text)
    if known is None or prefix is None or not 0 <= prefix <= 128:
        return ""
    return ipv6_text(masked(known[0], min(known[1], prefix), 128))


def _compare(first: str, second: str, prefix: Any = 128) -> int | None:
    one, other = ipv6(first), ipv6(second)
    if one is None or other is None or prefix is None or not 0 <= prefix <= 128:
        return None
    bits = min(one[1], other[1], prefix)
    left, right = masked(one[0], bits, 128), masked(other[0], bits, 128)
    return (left > right) - (left < right)


def _is_match(first: str, second: str, prefix: Any = 128) -> bool | None:
    found = _compare(first, second, prefix)
    return None if found is None else found == 0


def _holds(net: tuple[int, int], address: int) -> bool:
    return masked(address, net[1], 128) == masked(*net, 128)


def _is_in_range(text: str, net: str) -> bool | None:
    one, other = ipv6(text), ipv6(net)
    return _holds(other, one[0]) if one is not None and other is not None else None


def _is_in_any_range(text: Any, *ranges: Any) -> bool | None:
    known = ipv6(string_text(text))
    if known is None:
        return None
    nets = (ipv6(one) for one in every(ranges))
    return any(net is not None and _holds(net, known[0]) for net in nets)


def _lookup(text: Any, ranges: Any) -> list[str] | None:
    """The ranges that hold an address, the closest first."""
    known = ipv6(string_text(text))
    if known is None or not isinstance(ranges, list):
        return None
    found = [(net[1], one) for one in every([ranges]) if (net := ipv6(one)) is not None and _holds(net, known[0])]
    return [one for _, one in sorted(found, key=lambda pair: -pair[0])]


FUNCTIONS: dict[str, Maker] = {
    "parse_ipv6": plain(_parse),
    "parse_ipv6_mask": plain(_parse_mask),
    "ipv6_compare": plain(_compare),
    "ipv6_is_match": plain(_is_match),
    "ipv6_is_in_range": plain(_is_in_range),
    "ipv6_is_in_any_range": plain(_is_in_any_range),
    "__ipv6_lookup_ranges": plain(_lookup),
}
