"""Template functions on ranges of IP addresses."""

from __future__ import annotations

import ipaddress
from typing import Final

from lockgate.policy.azure.functions_text import Entry, text, whole
from lockgate.policy.azure.values import Json
from lockgate.policy.errors import EvaluationError

_Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def _address_range(value: Json) -> tuple[int, int, int]:
    """Version, first and last address of one address, a CIDR range or ``first-last``."""
    body = text(value).strip()
    try:
        if "-" in body:
            first, last = (ipaddress.ip_address(part.strip()) for part in body.split("-", 1))
            if first.version != last.version or int(first) > int(last):
                raise ValueError("empty")
            return first.version, int(first), int(last)
        network = ipaddress.ip_network(body, strict=False)
        return network.version, int(network.network_address), int(network.broadcast_address)
    except ValueError:
        raise EvaluationError("not an IP address, a CIDR range or a range of two addresses") from None


def _ip_range_contains(arguments: list[Json]) -> Json:
    outer, inner = _address_range(arguments[0]), _address_range(arguments[1])
    if outer[0] != inner[0]:
        raise EvaluationError("ranges of IPv4 and IPv6 cannot be compared")
    return outer[1] <= inner[1] and inner[2] <= outer[2]


def _network(value: Json) -> _Network:
    try:
        return ipaddress.ip_network(text(value).strip(), strict=False)
    except ValueError:
        raise EvaluationError("not a CIDR range") from None


def _parse_cidr(arguments: list[Json]) -> Json:
    network = _network(arguments[0])
    parts: dict[str, Json] = {"network": str(network.network_address), "netmask": str(network.netmask)}
    first, last = network.network_address, network.broadcast_address
    if network.version == 4:
        parts["broadcast"] = str(last)
        if network.num_addresses > 2:
            first, last = first + 1, last - 1
    return {**parts, "firstUsable": str(first), "lastUsable": str(last), "cidr": network.prefixlen}


def _cidr_subnet(arguments: list[Json]) -> Json:
    network, bits, index = _network(arguments[0]), whole(arguments[1]), whole(arguments[2])
    if not network.prefixlen <= bits <= network.max_prefixlen or not 0 <= index < 1 << (bits - network.prefixlen):
        raise EvaluationError("the subnet lies outside the network")
    return f"{network.network_address + (index << (network.max_prefixlen - bits))}/{bits}"


def _cidr_host(arguments: list[Json]) -> Json:
    """The usable address of that number, from 0."""
    network, index = _network(arguments[0]), whole(arguments[1])
    if not 0 <= index < network.num_addresses - 1:
        raise EvaluationError("the address lies outside the network")
    return str(network.network_address + index + 1)


TABLE: Final[dict[str, Entry]] = {
    "iprangecontains": (_ip_range_contains, 2, 2),
    "parsecidr": (_parse_cidr, 1, 1),
    "cidrsubnet": (_cidr_subnet, 3, 3),
    "cidrhost": (_cidr_host, 2, 2),
}
