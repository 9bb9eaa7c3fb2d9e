"""Addresses of IPv4: read, written, compared, and ranges of them. What is no address gives null."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Address, summarize_address_range
from typing import Any

from lockgate.kql.functions import Maker, plain
from lockgate.kql.functions.network.addresses import ipv4, ipv4_text, masked
from lockgate.kql.text import string_text

_PRIVATE = tuple((ipv4(one.partition("/")[0]) or (0, 0))[0] for one in ("10.0.0.0", "172.16.0.0", "192.168.0.0"))
_PRIVATE_BITS = (8, 12, 16)


def _parse(text: str) -> int | None:
    known = ipv4(text)
    return masked(*known) if known is not None else None


def _parse_mask(text: str, prefix: Any) -> int | None:
    known = ipv4(text)
    if known is None or prefix is None or not 0 <= prefix <= 32:
        return None
    return masked(known[0], min(known[1], prefix))


def _compare(first: str, second: str, prefix: Any = 32) -> int | None:
    """Which of two comes first, by as many bits as the shortest prefix has."""
    one, other = ipv4(first), ipv4(second)
    if one is None or other is None or prefix is None or not 0 <= prefix <= 32:
        return None
    bits = min(one[1], other[1], prefix)
    left, right = masked(one[0], bits), masked(other[0], bits)
    return (left > right) - (left < right)


def _is_match(first: str, second: str, prefix: Any = 32) -> bool | None:
    found = _compare(first, second, prefix)
    return None if found is None else found == 0


def _is_private(text: str) -> bool | None:
    known = ipv4(text)
    if known is None:
        return None
    return any(masked(known[0], bits) == net for net, bits in zip(_PRIVATE, _PRIVATE_BITS, strict=True))


def _is_in_range(text: str, net: str) -> bool | None:
    one, other = ipv4(text), ipv4(net)
    if one is None or other is None:
        return None
    return masked(one[0], other[1]) == masked(*other)


def every(ranges: Iterable[Any]) -> list[str]:
    """The texts among arguments, and in arrays among them."""
    found: list[str] = []
    for one in ranges:
        found += [item for item in one if isinstance(item, str)] if isinstance(one, list) else [string_text(one)]
    return found


def _is_in_any_range(text: Any, *ranges: Any) -> bool | None:
    known = ipv4(string_text(text))
    if known is None:
        return None
    nets = (ipv4(one) for one in every(ranges))
    return any(net is not None and masked(known[0], net[1]) == masked(*net) for net in nets)


def _suffix(text: str) -> int | None:
    known = ipv4(text)
    return known[1] if known is not None else None


def _of_any(value: Any) -> tuple[int, int] | None:
    if isinstance(value, str):
        return ipv4(value)
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 32:
        return value, 32
    return None


def _format(value: Any, prefix: Any = 32) -> str:
    known = _of_any(value)
    if known is None or prefix is None or not 0 <= prefix <= 32:
        return ""
    return ipv4_text(masked(known[0], min(known[1], prefix)))


def _format_mask(value: Any, prefix: Any) -> str:
    known = _of_any(value)
    if known is None or prefix is None or not 0 <= prefix <= 32:
        return ""
    bits = min(known[1], prefix)
    return f"{ipv4_text(masked(known[0], bits))}/{bits}"


def _cidrs(start: str, end: str) -> list[str] | None:
    """The fewest nets that hold a range and nothing else."""
    first, last = ipv4(start), ipv4(end)
    if first is None or last is None or first[0] > last[0]:
        return None
    return [str(one) for one in summarize_address_range(IPv4Address(first[0]), IPv4Address(last[0]))]


FUNCTIONS: dict[str, Maker] = {
    "parse_ipv4": plain(_parse),
    "parse_ipv4_mask": plain(_parse_mask),
    "ipv4_compare": plain(_compare),
    "ipv4_is_match": plain(_is_match),
    "ipv4_is_private": plain(_is_private),
    "ipv4_is_in_range": plain(_is_in_range),
    "ipv4_is_in_any_range": plain(_is_in_any_range),
    "ipv4_netmask_suffix": plain(_suffix),
    "format_ipv4": plain(_format),
    "format_ipv4_mask": plain(_format_mask),
    "ipv4_range_to_cidr_list": plain(_cidrs),
}
