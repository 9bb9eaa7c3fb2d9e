"""All rules about forges, ready to judge objects: which setting is wrong, and what mends it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, MutableMapping
from typing import Any

from lockgate.dataclass import dataclass
from lockgate.model import Object, Rule
from lockgate.policy.catalogue import forge
from lockgate.policy.catalogue.hit import Hit
from lockgate.policy.catalogue.kubernetes import kinds_of
from lockgate.policy.catalogue.policies import Policies


@dataclass(frozen=True, slots=True)
class Judged:
    """What the rules say of one object."""

    hits: tuple[Hit, ...]
    """What is denied."""
    failed: tuple[Hit, ...]
    """What could not be evaluated although every setting was read: a fault of rule or reader."""
    open: tuple[str, ...]
    """Ids of rules that could not be answered, since a setting was not read. Sorted."""


class ForgePolicies:
    """Compiled rules, found by the kind of the object."""

    def __init__(
        self,
        rules: Iterable[Rule],
        options: Mapping[str, Any] | None = None,
        *,
        compiled: MutableMapping[str, bytes] | None = None,
    ) -> None:
        """As :class:`~lockgate.policy.catalogue.Policies`. Raises :class:`PolicyError` for the first wrong rule."""
        chosen, held = options or {}, compiled if compiled is not None else {}
        own = list(rules)
        self._forge = {str(rule.id): forge.compile_policy(rule, chosen, held) for rule in own}
        self._policies = Policies(map(forge.condition_of, own), chosen, compiled=held)

    def __len__(self) -> int:
        return len(self._forge)

    def judge(self, judged: Object) -> Judged:
        """What the rules say of one object. Nothing that hangs on a setting in ``unresolved`` is answered."""
        told = self._policies.judge(judged)
        hits = tuple(hit for hit in told if not hit.failed)
        failed = tuple(hit for hit in told if hit.failed)
        if not judged.unresolved:
            return Judged(hits, failed, ())
        unread = {str(hit.rule.id) for hit in failed} | set(self._blind(judged))
        return Judged(hits, (), tuple(sorted(unread)))

    def remedy(self, hit: Hit, judged: Object) -> forge.Remedy:
        """What mends what was denied. Raises :class:`PolicyError` where that cannot be told."""
        return self._forge[str(hit.rule.id)].remedy(judged, hit.pointer)

    def _blind(self, judged: Object) -> Iterable[str]:
        """Rules over a list that was not read."""
        kind = str(judged.body.get("kind", ""))
        for name, one in self._forge.items():
            path = one.policy.path
            if path is not None and path.lists and any(kind == wanted for _, wanted in kinds_of(one.policy)):
                pointer = "".join(f"/{field}" for field in path.lists[0])
                if not judged.reaches(pointer):
                    yield name
