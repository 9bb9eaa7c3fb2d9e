"""Which types fit each other, and what free variables stand for after that: the rules of cel-go's checker.

Source: ``checker/types.go`` of cel-go 0.26 for what is assignable, ``mapping.go`` for substitutions.
"""

from __future__ import annotations

from collections.abc import Sequence

from lockgate.policy.cel.checked.shapes import DYN, Type, parameters

_OPEN = ("dyn", "error")
_NEVER_NULL = frozenset(("bool", "bytes", "double", "int", "string", "uint", "list", "map", "type"))


_STEPS = 100_000


class TooLargeError(Exception):
    """The types are not worth the work: short expressions can have types without end."""


class Substitutions:
    """What free variables stand for. An attempt that fails leaves no trace. Raises :class:`TooLargeError`."""

    __slots__ = ("_count", "_found", "_left", "_trail")

    def __init__(self) -> None:
        self._left = _STEPS
        self._found: dict[Type, Type] = {}
        self._trail: list[tuple[Type, Type | None]] = []
        self._count = 0

    def fresh(self) -> Type:
        """A variable that nothing is known of."""
        self._count += 1
        return ("var", self._count)

    def fits(self, one: Type, other: Type) -> bool:
        """Whether ``one`` may stand where ``other`` is expected."""
        return self.all_fit((one,), (other,))

    def all_fit(self, ones: Sequence[Type], others: Sequence[Type]) -> bool:
        """The same for each pair; both or neither of their variables are settled."""
        mark = len(self._trail)
        if len(ones) == len(others) and all(map(self._fits, ones, others)):
            return True
        while len(self._trail) > mark:
            variable, before = self._trail.pop()
            if before is None:
                del self._found[variable]
            else:
                self._found[variable] = before
        return False

    def settled(self, shape: Type, *, free: Type | None = None) -> Type:
        """The type with its variables replaced, and by ``free`` those that stand for nothing yet."""
        self._step()
        if shape[0] == "var":
            known = self._found.get(shape)
            return self.settled(known, free=free) if known is not None else shape if free is None else free
        inner = parameters(shape)
        return (shape[0], *(self.settled(one, free=free) for one in inner)) if inner else shape

    def _step(self) -> None:
        self._left -= 1
        if self._left < 0:
            raise TooLargeError

    def _fits(self, one: Type, other: Type) -> bool:
        self._step()
        if other[0] == "var":
            valid, known = self._substitutes(one, other)
            if valid or known:
                return valid
        if one[0] == "var":
            return self._substitutes(other, one)[0]
        if one[0] in _OPEN or other[0] in _OPEN:
            return True
        if one[0] == "null" or other[0] == "null":
            return (other if one[0] == "null" else one)[0] not in _NEVER_NULL
        if one[0] == "type":
            return other[0] == "type"
        inner, wanted = parameters(one), parameters(other)
        return one[0] == other[0] and len(inner) == len(wanted) and all(map(self._fits, inner, wanted))

    def _substitutes(self, shape: Type, variable: Type) -> tuple[bool, bool]:
        """Whether ``variable`` may stand for ``shape``, and whether it stands for something already."""
        if shape == variable:
            return True, True
        known = self._found.get(variable)
        if known is not None:
            if shape == known:
                return True, True
            if not self._fits(shape, known):
                return False, True
            general = shape if _less_specific(shape, known) else known
            if not self._occurs(variable, general):
                self._set(variable, general)
            return True, True
        if self._occurs(variable, shape):
            return False, False
        self._set(variable, shape)
        return True, False

    def _occurs(self, variable: Type, shape: Type) -> bool:
        self._step()
        if shape[0] == "var":
            if shape == variable:
                return True
            known = self._found.get(shape)
            return known is not None and self._occurs(variable, known)
        return any(self._occurs(variable, one) for one in parameters(shape))

    def _set(self, variable: Type, shape: Type) -> None:
        self._trail.append((variable, self._found.get(variable)))
        self._found[variable] = shape


def more_general(one: Type, other: Type) -> Type:
    """Of two types that fit each other the one that says less."""
    return one if _less_specific(one, other) else other


def _less_specific(one: Type, other: Type) -> bool:
    if one == DYN or one[0] == "var":
        return True
    if other == DYN or other[0] == "var" or one[0] != other[0]:
        return False
    inner, rest = parameters(one), parameters(other)
    return one[0] == "type" or (len(inner) == len(rest) and all(map(_less_specific, inner, rest)))
