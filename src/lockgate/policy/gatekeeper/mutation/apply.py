"""Applies one mutator to one object, in place.

Missing mappings, lists and list entries on the way are made; a place of another type than the location needs is an
error. Source: gatekeeper ``pkg/mutation/mutators/core/mutation_function.go``.
"""

from __future__ import annotations

from typing import Any

from lockgate.policy.errors import EvaluationError
from lockgate.policy.gatekeeper.mutation.image import Image
from lockgate.policy.gatekeeper.mutation.location import Entry, Member, spelled
from lockgate.policy.gatekeeper.mutation.mutator import Change, Constant, FromMetadata, ImageParts, Mutator, SetValues
from lockgate.policy.gatekeeper.review import candidate_of
from lockgate.policy.gatekeeper.values import copied, same

_ABSENT = object()


class MutationError(EvaluationError):
    """A mutator cannot be applied to an object, or mutators do not come to rest."""

    code = "mutation"


def apply(mutator: Mutator, body: dict[str, Any]) -> bool:
    """Change ``body`` as ``mutator`` says: whether it is another one then. Raises :class:`MutationError`."""
    value = None
    if isinstance(mutator.change, FromMetadata):
        found = candidate_of(body)
        value = found.name if mutator.change.field == "name" else found.namespace
    elif isinstance(mutator.change, Constant):
        value = copied(mutator.change.value)
    walk = _Walk(mutator, value)
    walk.into(body, 0)
    return walk.changed


class _Walk:
    """One walk along a location; recursion is bounded by the number of its steps."""

    def __init__(self, mutator: Mutator, value: Any) -> None:
        self._mutator = mutator
        self._steps = mutator.location
        self._value = value
        self.changed = False

    def into(self, current: Any, depth: int) -> tuple[bool, Any]:
        """Whether something was set at or below ``current``, and what stands in its place then."""
        step = self._steps[depth]
        if isinstance(step, Member):
            if not isinstance(current, dict):
                raise self._error(depth, "a mapping", current)
            return self._member(current, step, depth), current
        if not isinstance(current, list):
            raise self._error(depth, "a list", current)
        return self._entry(list(current), step, depth)

    def _member(self, current: dict[str, Any], step: Member, depth: int) -> bool:
        exists = step.name in current
        if not self._allowed(depth, exists):
            return False
        if depth == len(self._steps) - 1:
            self._set(current, step.name)
            return True
        below = current[step.name] if exists else self._missing(depth)
        done, below = self.into(below, depth + 1)
        if done:
            current[step.name] = below
            self.changed |= not exists
        return done

    def _entry(self, items: list[Any], step: Entry, depth: int) -> tuple[bool, list[Any]]:
        if depth == len(self._steps) - 1:
            return self._set_entry(items, step, depth)
        if step.value is None:
            if not self._allowed(depth, True):
                return False, items
            return self._each(items, depth), items
        found = [item for item in items if step.is_at(item)]
        if not self._allowed(depth, bool(found)):
            return False, items
        if not found:
            found = [self._missing(depth)]
            items.extend(found)
            self.changed = True
        return self._each(found, depth), items

    def _each(self, items: list[Any], depth: int) -> bool:
        done = [self.into(item, depth + 1)[0] for item in items]
        return any(done)

    def _set_entry(self, items: list[Any], step: Entry, depth: int) -> tuple[bool, list[Any]]:
        """The last step of an Assign is a list entry: it is replaced whole, or added."""
        for index, item in enumerate(items):
            if not isinstance(item, dict):
                raise self._error(depth, "a list of mappings", item)
            if step.is_at(item):
                if not self._allowed(depth, True):
                    return False, items
                items[index] = self._value
                self.changed |= not same(item, self._value)
                return True, items
        if not self._allowed(depth, False):
            return False, items
        self.changed = True
        return True, [*items, self._value]

    def _allowed(self, depth: int, exists: bool) -> bool:
        test = self._mutator.tests.get(depth)
        return test is None or test == exists

    def _missing(self, depth: int) -> Any:
        step, following = self._steps[depth], self._steps[depth + 1]
        if isinstance(following, Entry):
            return []
        return {step.key: step.value} if isinstance(step, Entry) else {}

    def _set(self, holder: dict[str, Any], name: str) -> None:
        change: Change = self._mutator.change
        before = holder.get(name, _ABSENT)
        if isinstance(change, SetValues):
            self._set_values(change, holder, name)
        elif isinstance(change, ImageParts):
            image = holder.get(name, "")
            if not isinstance(image, str):
                raise self._error(len(self._steps), "an image's name", image)
            holder[name] = str(Image.parse(image).with_parts(change.parts))
        else:
            holder[name] = copied(self._value)
        after = holder.get(name, _ABSENT)
        self.changed |= after is not before and not same(before, after)

    def _set_values(self, change: SetValues, holder: dict[str, Any], name: str) -> None:
        if name not in holder:
            if not change.prune:
                holder[name] = [copied(value) for value in change.values]
            return
        items = holder[name]
        if not isinstance(items, list):
            raise self._error(len(self._steps), "a list of values", items)
        if change.prune:
            holder[name] = [item for item in items if not any(same(item, value) for value in change.values)]
            return
        made = list(items)
        made.extend(copied(value) for value in change.values if not any(same(item, value) for item in items))
        holder[name] = made

    def _error(self, depth: int, expected: str, found: object) -> MutationError:
        place = spelled(self._steps[:depth]) or "the object"
        return MutationError(f"{place} needs {expected}, and found {_kind(found)}", where=self._mutator.key)


def _kind(value: object) -> str:
    if value is None:
        return "null"
    return {dict: "a mapping", list: "a list", str: "text", bool: "a boolean"}.get(type(value), "a number")
