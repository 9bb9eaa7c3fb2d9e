"""All mutators together: in order, again and again, until nothing changes.

The order is that of their keys. Mutators that contradict each other are left out. When the objects do not come to rest
after one round more than there are mutators, that is an error: somebody undoes what another does. Source: gatekeeper
``pkg/mutation/system.go``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from lockgate.dataclass import dataclass
from lockgate.policy.gatekeeper.fields import group_version_kind
from lockgate.policy.gatekeeper.match import Place
from lockgate.policy.gatekeeper.mutation.apply import MutationError, apply
from lockgate.policy.gatekeeper.mutation.conflicts import conflicts
from lockgate.policy.gatekeeper.mutation.mutator import OPERATIONS, Mutator
from lockgate.policy.gatekeeper.mutation.patch import Operation, patch
from lockgate.policy.gatekeeper.review import Origin, Review, candidate_of
from lockgate.policy.gatekeeper.values import copied, same


@dataclass(frozen=True, slots=True)
class Mutation:
    """What mutators made of one object."""

    object: Mapping[str, Any]
    """The object as it came to rest; the very one that was given when nothing applied."""
    patch: tuple[Operation, ...] = ()
    """JSON Patch from the object that was given."""
    applied: tuple[str, ...] = ()
    """Keys of the mutators that changed something, in order."""
    rounds: int = 0
    """Rounds until nothing changed; 0 when nothing applied."""


class Mutators:
    """A set of mutators. Not to be changed while another thread mutates."""

    def __init__(self, mutators: Iterable[Mutator] = ()) -> None:
        self._mutators: dict[str, Mutator] = {mutator.key: mutator for mutator in mutators}
        self._order: list[Mutator] = []
        self.conflicts: dict[str, frozenset[str]] = {}
        self._settle()

    def __len__(self) -> int:
        return len(self._mutators)

    def add(self, mutator: Mutator) -> frozenset[str]:
        """Add or replace one. The keys of those it now conflicts with, which are all disabled until that is solved."""
        self._mutators[mutator.key] = mutator
        self._settle()
        return self.conflicts.get(mutator.key, frozenset())

    def remove(self, key: str) -> None:
        """Take one away; nothing happens when it is not there."""
        self._mutators.pop(key, None)
        self._settle()

    def _settle(self) -> None:
        self.conflicts = conflicts(self._mutators.values())
        self._order = [
            mutator
            for _, mutator in sorted(self._mutators.items(), key=lambda item: (item[1].kind, item[1].name))
            if mutator.key not in self.conflicts
        ]

    def mutate(self, review: Review) -> Mutation:
        """What the mutating webhook answers to a request. Only CREATE and UPDATE are mutated.

        Raises :class:`MutationError`, and :class:`MatchError` when it cannot be told whether a mutator is for it.
        """
        if review.object is None or review.operation not in OPERATIONS or not self._order:
            return Mutation(review.object or review.old_object or {})
        body = copied(review.object)
        metadata = body.get("metadata")
        given = metadata.get("namespace") if isinstance(metadata, dict) else None
        is_namespace = review.candidates[0].is_namespace
        if review.namespace and not is_namespace and isinstance(metadata, dict):
            metadata["namespace"] = review.namespace  # the request knows it even when the object does not say it
        applied, rounds = self.mutate_object(
            body,
            namespace=None if is_namespace else review.namespace_object,
            source=review.source,
            operation=review.operation,
        )
        if isinstance(body.get("metadata"), dict) and not is_namespace:
            if given is None:
                body["metadata"].pop("namespace", None)
            else:
                body["metadata"]["namespace"] = given
        if not applied:
            return Mutation(review.object)
        return Mutation(body, tuple(patch(review.object, body)), applied, rounds)

    def mutate_object(
        self,
        body: dict[str, Any],
        *,
        namespace: Mapping[str, Any] | None = None,
        source: Origin = Origin.ORIGINAL,
        operation: str = "",
    ) -> tuple[tuple[str, ...], int]:
        """Change ``body`` in place until it comes to rest: the keys of the mutators that did, and the rounds."""
        place = Place.of(namespace)
        applied: dict[str, None] = {}
        for round_ in range(1, len(self._mutators) + 2):
            before = copied(body)
            changed = [mutator.key for mutator in self._order if self._step(mutator, body, place, source, operation)]
            if not changed or same(before, body):
                return tuple(applied), round_ if applied else 0
            applied.update(dict.fromkeys(changed))
        raise MutationError(
            f"the mutators do not come to rest: {', '.join(list(applied)[:10])}",
            where=f"{body.get('kind')}/{candidate_of(body).name}"[:200],
            hint="two of them undo each other, or one grows what it reads",
        )

    def _step(
        self, mutator: Mutator, body: dict[str, Any], place: Place | None, source: Origin, operation: str
    ) -> bool:
        """Apply one mutator if it is for this object; whether the object is another one then."""
        kind = group_version_kind(body)
        if mutator.targets and not any(target.covers(kind, operation) for target in mutator.targets):
            return False
        return mutator.match.covers(candidate_of(body), place, source) and apply(mutator, body)
