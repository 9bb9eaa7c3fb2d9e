"""Policies that are compiled when an object of their kind is met: one manifest needs a part of the rulebook.

Rules that are known to compile wait; others are compiled at once, so that a wrong one is refused before anything is
judged. The first objects bring the policies of their kinds, further kinds bring all that are left: a tree of many kinds
is judged by one set.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, MutableMapping, Sequence
from contextlib import AbstractContextManager
from typing import Any

from lockgate.model import Rule
from lockgate.policy.catalogue._among import pairs_of
from lockgate.policy.catalogue._places import group_kind
from lockgate.policy.catalogue.policies import Policies

Compiled = Callable[[], AbstractContextManager[MutableMapping[str, bytes]]]
"""Opens what was compiled before, and keeps what is compiled meanwhile."""
Pair = tuple[str, str]


class PoliciesByKind:
    """Rules about Kubernetes objects, as policies for the kinds that are met."""

    def __init__(
        self,
        rules: Sequence[Rule],
        options: Mapping[str, Any] | None = None,
        *,
        compiled: Compiled,
        proven: Collection[str] = frozenset(),
    ) -> None:
        """``proven``: ids of rules that are known to compile. Raises :class:`PolicyError` for the first that is not
        among them and does not."""
        self._rules = rules
        self._options = options
        self._compiled = compiled
        self._met: set[Pair] = set()
        self._taken = [rule for rule in rules if rule.id not in proven]
        self._policies = self._made()
        self._grown = False

    def of(self, bodies: Iterable[Mapping[str, Any]]) -> Policies:
        """Policies that hold all of those that judge any of ``bodies``."""
        fresh = {group_kind(body) for body in bodies} - self._met
        if fresh and len(self._taken) < len(self._rules):
            self._met |= fresh
            taken = {rule.id for rule in self._taken}
            wanted = {rule.id for rule in about(self._rules, fresh)} - taken
            if wanted:
                every = self._grown
                self._taken = [rule for rule in self._rules if every or rule.id in wanted or rule.id in taken]
                self._policies = self._made()
                self._grown = True
        return self._policies

    def _made(self) -> Policies:
        if not self._taken:
            return Policies(())
        with self._compiled() as compiled:
            return Policies(self._taken, self._options, compiled=compiled)


def about(rules: Iterable[Rule], pairs: Collection[Pair]) -> list[Rule]:
    """The rules that judge objects of any of ``pairs``, groups and kinds."""
    asked = {one for group, kind in pairs for one in ((group, kind), ("*", kind), (group, "*"), ("*", "*"))}
    return [rule for rule in rules if not asked.isdisjoint(pairs_of(rule.logic["kinds"]))]
