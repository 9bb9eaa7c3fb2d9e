"""Plugins that look into another table or into sketches: ``ipv4_lookup``, ``ipv6_lookup``, ``dcount_intersect``.

A network is found by its bits, for each length of prefix that the table has; every network that an address lies in
gives a row. Source: the public documentation.
"""

from __future__ import annotations

from collections.abc import Hashable
from ipaddress import AddressValueError, IPv4Address, IPv6Address

from lockgate.kql import bound
from lockgate.kql.errors import EvaluationError
from lockgate.kql.row import Context
from lockgate.kql.sketches import hll
from lockgate.kql.steps import Frame, Run, framed
from lockgate.kql.steps.evaluation import bounded, column, keyed, nothing
from lockgate.kql.steps.plugins.arguments import Arguments, columns_of
from lockgate.kql.types import single

MAX_ROWS = 20_000_000
"""Most rows of a lookup."""
MAX_SKETCHES = 10
"""Most sketches whose intersection is counted."""


def read_network(text: object, bits: int) -> tuple[int, int] | None:
    """Address and length of prefix of ``address`` or ``address/length``, in a space of 32 or 128 bits."""
    if not isinstance(text, str) or len(text) > 60:
        return None
    address, slash, length = text.strip().partition("/")
    try:
        if bits == 32:
            number, most, shift = int(IPv4Address(address)), 32, 0
        elif ":" in address:
            number, most, shift = int(IPv6Address(address)), 128, 0
        else:
            number, most, shift = int(IPv4Address(address)) | 0xFFFF << 32, 32, 96
    except AddressValueError:
        return None
    if not slash:
        return number, bits
    if not (length.isascii() and length.isdigit() and len(length) < 4 and int(length) <= most):
        return None
    return number, int(length) + shift


class _Networks:
    """The rows of a table by their networks."""

    def __init__(self, keys: list[object], extra: list[Hashable], bits: int) -> None:
        self.bits = bits
        self.networks = [(read_network(one, bits), extra[i], i) for i, one in enumerate(keys)]
        self.lengths = sorted({one[1] for one, _, _ in self.networks if one is not None}, reverse=True)
        self.known: dict[tuple[int, int], dict[tuple[int, Hashable], list[int]]] = {}

    def find(self, address: tuple[int, int], extra: Hashable) -> list[int]:
        """The rows whose network an address lies in, longest prefix first; a masked one also finds what lies in it."""
        number, own = address
        found: list[int] = []
        for length in self.lengths:
            shared = min(own, length)
            found += self._by(length, shared).get((number >> (self.bits - shared), extra), ())
        return found

    def _by(self, length: int, shared: int) -> dict[tuple[int, Hashable], list[int]]:
        """Rows with prefixes of ``length`` by the first ``shared`` bits."""
        key = (length, shared)
        if key not in self.known:
            found: dict[tuple[int, Hashable], list[int]] = {}
            for network, extra, i in self.networks:
                if network is not None and network[1] == length:
                    found.setdefault((network[0] >> (self.bits - shared), extra), []).append(i)
            self.known[key] = found
        return self.known[key]


def _lookup(source: str, target: str, bits: int) -> Run:
    def run(step: bound.Step, frames: tuple[Frame, ...], context: Context) -> Frame:
        given = Arguments(step, frames, context)
        if len(given.tables) != 1:
            raise EvaluationError(f"'{given.name}' needs a table to look into.")
        frame, table = given.frame, given.tables[0]
        unmatched = given.constant("return_unmatched", False) is True
        extra = [one.column.name for one in given.values.get("extra_key", []) if isinstance(one, bound.Use)]
        networks = _Networks(column(given.value(target), table, context), _extra(table, extra), bits)
        sources, keys = given.column(source), _extra(frame, extra)
        kept = [i for i, one in enumerate(table.columns) if one.name not in extra]
        rows, others = frame.rows(), [[data[i] for data in (table.data[k] for k in kept)] for i in range(table.height)]
        blank = [nothing(table.columns[i].type) for i in kept]
        found: list[tuple[object, ...]] = []
        for i, one in enumerate(sources):
            address = read_network(one, bits)
            matches = networks.find(address, keys[i]) if address is not None else []
            found += [(*rows[i], *others[j]) for j in matches]
            if not matches and unmatched:
                found.append((*rows[i], *blank))
            bounded(len(found), MAX_ROWS, "rows of the lookup")
        return framed(columns_of(step), found)

    return run


def _extra(frame: Frame, names: list[str]) -> list[Hashable]:
    """What rows must have in common besides the network."""
    places = [next(i for i, one in enumerate(frame.columns) if one.name == name) for name in names]
    return keyed([frame.data[i] for i in places], [single(frame.columns[i].type) for i in places], frame.height)


def dcount_intersect(step: bound.Step, frames: tuple[Frame, ...], context: Context) -> Frame:
    """How many values are in the first sketch, in the first two, and so on."""
    given = Arguments(step, frames, context)
    columns = given.columns("hll")
    bounded(len(columns), MAX_SKETCHES, "sketches to intersect")
    rows: list[tuple[object, ...]] = []
    for i, row in enumerate(given.frame.rows()):
        read = [hll.read(one[i]) for one in columns]
        known = [one for one in read if one is not None]
        whole = len(known) == len(read)
        rows.append((*row, *(hll.shared(known[: j + 1]) if whole else None for j in range(len(read)))))
    return framed(columns_of(step), rows)


PLUGINS: dict[str, Run] = {
    "ipv4_lookup": _lookup("source_ipv4_key", "ipv4_lookup_key", 32),
    "ipv6_lookup": _lookup("source_ipv6_key", "ipv6_lookup_key", 128),
    "dcount_intersect": dcount_intersect,
}
