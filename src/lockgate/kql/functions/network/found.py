"""Addresses found in texts: ``has_ipv4`` and its kin, and what is known of where an address is.

An address in a text stands between what is neither a letter nor a digit. Where an address is, no service is asked for:
without a database of places nothing is known of any.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lockgate.kql.functions import Maker, plain
from lockgate.kql.functions.network.addresses import ipv4, ipv6, masked
from lockgate.kql.functions.network.ipv4 import every
from lockgate.kql.text import string_text
from lockgate.lazy_pattern import lazy_pattern

_ADDRESS = lazy_pattern(
    r"(?<![0-9A-Za-z])(?<![0-9]\.)[0-9]{1,3}(?:\.[0-9]{1,3}){3}(?![0-9A-Za-z])(?!\.[0-9])"
)
_PREFIX = lazy_pattern(r"(?:[0-9]{1,3}\.){1,3}")


def _addresses(text: str) -> Iterator[int]:
    for one in _ADDRESS.finditer(text):
        known = ipv4(one.group())
        if known is not None:
            yield known[0]


def _has_any(text: Any, *addresses: Any) -> bool:
    sought = {known[0] for one in every(addresses) if (known := ipv4(one)) is not None and known[1] == 32}
    return bool(sought) and any(one in sought for one in _addresses(string_text(text)))


def _net(prefix: str) -> tuple[int, int] | None:
    """``10.1.`` or ``10.1.0.0/16``"""
    if len(prefix) <= 16 and _PREFIX.fullmatch(prefix):
        octets = prefix.count(".")
        return ipv4(f"{prefix}{'.'.join(['0'] * (4 - octets))}/{8 * octets}")
    return ipv4(prefix)


def _has_any_prefix(text: Any, *prefixes: Any) -> bool:
    nets = [net for one in every(prefixes) if (net := _net(one)) is not None]
    found = _addresses(string_text(text)) if nets else ()
    return any(masked(one, net[1]) == masked(*net) for one in found for net in nets)


def _place(text: str) -> dict[str, object] | None:
    return {} if ipv6(text) is not None else None


FUNCTIONS: dict[str, Maker] = {
    **dict.fromkeys(("has_ipv4", "has_any_ipv4"), plain(_has_any)),
    **dict.fromkeys(("has_ipv4_prefix", "has_any_ipv4_prefix"), plain(_has_any_prefix)),
    "geo_info_from_ip_address": plain(_place),
}
