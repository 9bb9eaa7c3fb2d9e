"""What is kept from one review to the next, bounded in bytes; the longest unused go first."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable
from threading import Lock
from typing import Any, Generic, TypeVar

from lockgate.dataclass import dataclass

T = TypeVar("T")
U = TypeVar("U")
ENTRY = 600
"""Bytes that Python takes for one thing that is kept, roughly, besides what it holds."""
_MOST_MADE = 32
"""Things that are kept of one; past it they begin anew."""


def size_of(key: Iterable[int | bytes]) -> int:
    """Bytes that something kept under such a key takes, roughly, besides what it holds."""
    return ENTRY + sum(len(part) for part in key if isinstance(part, bytes))


class Remembered(Generic[T]):
    """Values by key. Several threads may ask at once."""

    def __init__(self, *, max_bytes: int) -> None:
        """``max_bytes`` of all that is kept, as those count it who put it there."""
        self.size = 0
        """Bytes, roughly."""
        self._max_bytes = max_bytes
        self._held: OrderedDict[Hashable, tuple[T, int]] = OrderedDict()
        self._lock = Lock()

    def __len__(self) -> int:
        return len(self._held)

    @property
    def full(self) -> bool:
        """Whether hardly anything can be kept without letting go of something."""
        return 8 * self.size >= 7 * self._max_bytes

    def get(self, key: Hashable) -> T | None:
        """What is kept under ``key``."""
        found = self._held.get(key)
        if found is None:
            return None
        try:
            self._held.move_to_end(key)
        except KeyError:  # another thread has let go of it meanwhile
            return found[0]
        return found[0]

    def put(self, key: Hashable, value: T, size: int) -> None:
        """Keep a value of ``size`` bytes; one that takes more than a quarter of all there is room for is not kept."""
        if 4 * size > self._max_bytes:
            return
        with self._lock:
            before = self._held.pop(key, None)
            self._held[key] = (value, size)
            self.size += size - (0 if before is None else before[1])
            self._trim()

    def clear(self) -> None:
        """Let go of everything."""
        with self._lock:
            for value, _ in self._held.values():
                self._let_go(value)
            self._held.clear()
            self.size = 0

    def _trim(self) -> None:
        while self.size > self._max_bytes:
            _, (oldest, least) = self._held.popitem(last=False)
            self.size -= least
            self._let_go(oldest)

    def _let_go(self, value: T) -> None:
        """For those that count more of a value than the size it was put with."""


class Shared:
    """Something that is the same object from one review to the next, with what callers make of it."""

    __slots__ = ("_made",)

    def __init__(self) -> None:
        self._made: dict[Hashable, Any] = {}

    def kept(self, name: Hashable, make: Callable[[], U]) -> U:
        """What ``make`` gives, or gave before under ``name``. Two threads may both make it; either will do."""
        try:
            found: U = self._made[name]
            return found
        except KeyError:
            if len(self._made) >= _MOST_MADE:
                self._made.clear()
            found = self._made[name] = make()
            return found


class Outcome:
    """What policies that read the same say together."""

    __slots__ = ("found", "holders", "number", "size")

    def __init__(self, number: int, found: tuple[tuple[int, Any], ...], size: int) -> None:
        self.number = number
        """Another for each."""
        self.found = found
        """Each thing that is said, with the place of its policy among all."""
        self.size = size
        """Bytes, roughly."""
        self.holders = 0
        """How often it is kept."""


@dataclass(frozen=True, slots=True, eq=False)
class Whole:
    """Outcomes of one or several groups of policies, and what it took to find them out."""

    outcomes: tuple[Outcome, ...]
    steps: int = 0
    most: int = 0
    """Steps of the policy that took the most."""
    left: tuple[Any, ...] = ()
    """Groups that are to be asked by themselves: what they say hangs on more."""


class Wholes(Remembered[Whole]):
    """Outcomes by what they hang on. One that is known for several reviews is counted once."""

    def put(self, key: Hashable, value: Whole, size: int) -> None:
        """Keep it by a key of ``size`` bytes."""
        if sum(one.size for one in value.outcomes) + size > self._max_bytes:
            return
        with self._lock:
            if key in self._held:  # another thread was first
                return
            self._held[key] = (value, size)
            self.size += size
            for one in value.outcomes:
                self.size += 0 if one.holders else one.size
                one.holders += 1
            self._trim()

    def _let_go(self, value: Whole) -> None:
        for one in value.outcomes:
            one.holders -= 1
            self.size -= 0 if one.holders else one.size
