"""Many findings that are gone, each made when it is asked for.

A finding takes a kilobyte in memory, and a run may find two hundred thousand gone at once, as where a log is no longer
imported. What the ledger kept of them is a tenth of that, packed, and whoever tells them needs one at a time.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Sequence
from typing import overload

from lockgate.errors import StoreError
from lockgate.model import Finding, Location, RuleId, SettledFinding
from lockgate.store import codec
from lockgate.store.known import Bodies, KnownFinding

Said = tuple[Finding, tuple[Location, ...]]
"""What a known finding says, and its places."""
Made = Callable[[KnownFinding, Said], SettledFinding]
"""Tells of a known finding that it is gone."""


def said(known: Sequence[KnownFinding], packed: Callable[[Bodies], bytes] = lambda one: one.packed) -> Iterator[Said]:
    """What each says, in order, made anew and kept by nobody. Quick where those at one path follow one another, which
    are unpacked together. Raises ``StoreError`` where what the ledger kept cannot be read."""
    last: Bodies | None = None
    rows = codec.BareRows(([], []))
    for one in known:
        bodies = one.bodies
        if bodies is None:
            yield one.finding, one.locations
            continue
        try:
            if bodies is not last:
                last, rows = bodies, codec.BareRows(codec.unpack(packed(bodies)))
            told = rows.of(one.number, bodies.path)
        except (LookupError, TypeError, ValueError) as error:
            raise StoreError(f"a known finding is of another form: {error}", where=bodies.path) from None
        yield told


class Fixed(Sequence[SettledFinding]):
    """Findings that are gone: most severe first, then path, line, rule, identity."""

    def __init__(self, gone: Sequence[KnownFinding], made: Made) -> None:
        """Raises ``StoreError`` where what the ledger kept of ``gone`` cannot be read."""
        self._made = made
        self._kept: dict[int, bytes] = {}
        """What findings at one path say, compressed, by where it lies in memory, in which ``gone`` keeps it."""
        self.rules: set[RuleId] = set()
        near = sorted(gone, key=lambda one: one.path)
        keys: list[tuple[int, str, int, str, str, int]] = []
        for at, (one, (finding, _)) in enumerate(zip(near, said(near, self._keep), strict=True)):
            place = finding.location
            self.rules.add(finding.rule)
            keys.append((-finding.severity._value_, place.path, place.line, finding.rule, one.identity, at))
        keys.sort()
        self._gone = [near[key[-1]] for key in keys]

    def _keep(self, bodies: Bodies) -> bytes:
        raw = bodies.packed
        self._kept[id(bodies)] = zlib.compress(raw, 1)
        return raw

    def _told(self, gone: Sequence[KnownFinding]) -> Iterator[SettledFinding]:
        return map(self._made, gone, said(gone, lambda bodies: zlib.decompress(self._kept[id(bodies)])))

    def __len__(self) -> int:
        return len(self._gone)

    def __iter__(self) -> Iterator[SettledFinding]:
        return self._told(self._gone)

    @overload
    def __getitem__(self, at: int) -> SettledFinding: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[SettledFinding]: ...
    def __getitem__(self, at: int | slice) -> SettledFinding | Sequence[SettledFinding]:
        if isinstance(at, slice):
            return tuple(self._told(self._gone[at]))
        return next(self._told([self._gone[at]]))
