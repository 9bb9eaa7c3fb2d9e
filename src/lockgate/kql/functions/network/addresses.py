"""Addresses of IPv4 and IPv6 as numbers, with the prefix after a slash when there is one."""

from __future__ import annotations

from functools import lru_cache
from ipaddress import AddressValueError, IPv6Address

from lockgate.lazy_pattern import lazy_pattern

_V4 = lazy_pattern(r"\s*([0-9]{1,3})\.([0-9]{1,3})\.([0-9]{1,3})\.([0-9]{1,3})(?:/([0-9]{1,3}))?\s*")
_LONGEST = 64
MAPPED = 0xFFFF << 32
"""What stands before an IPv4 address written as one of IPv6."""


def masked(address: int, prefix: int, bits: int = 32) -> int:
    """The address with only its first ``prefix`` bits."""
    return address & ~((1 << bits - prefix) - 1)


@lru_cache(maxsize=4096)
def ipv4(text: str) -> tuple[int, int] | None:
    """The address and its prefix, 32 when none is written."""
    found = _V4.fullmatch(text) if len(text) <= _LONGEST else None
    if found is None:
        return None
    *octets, prefix = found.groups()
    if any(len(one) > 1 and one[0] == "0" for one in octets):
        return None
    numbers = [int(one) for one in octets]
    length = 32 if prefix is None else int(prefix)
    if max(numbers) > 255 or length > 32:
        return None
    return numbers[0] << 24 | numbers[1] << 16 | numbers[2] << 8 | numbers[3], length


@lru_cache(maxsize=4096)
def ipv6(text: str) -> tuple[int, int] | None:
    """The address of either kind as one of IPv6, and its prefix of 128 bits."""
    known = ipv4(text)
    if known is not None:
        return MAPPED | known[0], 96 + known[1]
    if len(text) > _LONGEST:
        return None
    address, slash, prefix = text.strip().partition("/")
    try:
        number = _number(address)
    except (AddressValueError, ValueError):
        return None
    if not slash:
        return number, 128
    if not prefix.isascii() or not prefix.isdigit() or len(prefix) > 3:
        return None
    # A prefix behind dotted digits counts the bits of those.
    length = int(prefix) + (96 if "." in address else 0)
    return (number, length) if length <= 128 else None


def _number(address: str) -> int:
    """An IPv4 address behind nothing but colons is what it is anywhere else."""
    number = int(IPv6Address(address.partition("%")[0]))
    return MAPPED | number if "." in address and number >> 32 == 0 else number


def ipv4_text(address: int) -> str:
    """Dotted digits."""
    return f"{address >> 24}.{address >> 16 & 255}.{address >> 8 & 255}.{address & 255}"


def ipv6_text(address: int) -> str:
    """All eight groups with all their digits."""
    return IPv6Address(address).exploded
