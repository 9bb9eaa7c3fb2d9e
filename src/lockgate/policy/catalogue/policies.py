"""All policies of a rulebook, ready to judge objects."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, MutableMapping, Sequence
from typing import TYPE_CHECKING, Any

from lockgate.model import Object, Rule
from lockgate.policy.budget import Budget
from lockgate.policy.catalogue import kubernetes
from lockgate.policy.catalogue._among import Objects
from lockgate.policy.catalogue._places import group_kind, misshapen, pod_place, without_nulls
from lockgate.policy.catalogue._plan import STEPS, Kind, guards_of, run
from lockgate.policy.catalogue._recall import Verdicts
from lockgate.policy.catalogue._shape import shape_of
from lockgate.policy.catalogue.hit import Hit

if TYPE_CHECKING:  # a tree of manifests needs nothing of Azure's language
    from lockgate.policy.azure import Catalogue
    from lockgate.policy.catalogue.azure import AzurePolicy

_MOST_KINDS = 10_000


class Policies:
    """Compiled policies, found by the kind of the object. Of what it judged it keeps a few fields, to answer for others
    that have the same."""

    def __init__(
        self,
        rules: Iterable[Rule],
        options: Mapping[str, Any] | None = None,
        *,
        catalogue: Catalogue | None = None,
        now: str = "",
        compiled: MutableMapping[str, bytes] | None = None,
    ) -> None:
        """Compile every rule. ``catalogue`` holds Azure's aliases; ``now`` is the moment as ISO 8601.

        ``compiled`` holds what an earlier call compiled, and takes what this one compiles. It holds code: it must come
        from a place that only the user can write.

        Raises :class:`PolicyError` for the first rule that is wrong.
        """
        chosen = options or {}
        self.kubernetes: list[kubernetes.KubernetesPolicy] = []
        self.among: list[kubernetes.KubernetesPolicy] = []
        """Those that look at the other objects of a source: ``judge_all`` puts these, and ``judge`` all others."""
        self.azure: list[AzurePolicy] = []
        for rule in rules:
            if "types" in rule.logic:
                from lockgate.policy.catalogue import azure

                self.azure.append(azure.compile_policy(rule, chosen))
            else:
                policy = kubernetes.compile_policy(rule, chosen, compiled)
                (self.kubernetes if policy.among is None else self.among).append(policy)
        self._catalogue = catalogue
        self._now = now
        self._guards = guards_of(self.kubernetes, compiled if compiled is not None else {})
        self._verdicts = Verdicts()
        self._by_kind: dict[tuple[str, str], list[kubernetes.KubernetesPolicy]] = {}
        for policy in self.kubernetes:
            for pair in dict.fromkeys(kubernetes.kinds_of(policy)):
                self._by_kind.setdefault(pair, []).append(policy)
        self._useful: dict[tuple[str, str], bool] = {}
        self._found: dict[tuple[str, str], Kind] = {}

    def __len__(self) -> int:
        return len(self.kubernetes) + len(self.azure) + len(self.among)

    def judge(self, judged: Object, around: Sequence[Object] = (), *, until: float | None = None) -> list[Hit]:
        """What the policies deny of one object. ``around``: what stands beside it, for policies that miss something.

        Past ``until``, a moment of ``time.monotonic()``, a policy for Kubernetes is answered by a Hit that failed.
        """
        if judged.form == "azure":
            return self._judge_azure(judged, around)
        kind = self.of_kind(group_kind(judged.body))
        if not kind.policies:
            return []
        asked = Asked(judged.body)
        return asked.fault_of(kind) or asked.hits(kind, until=until)

    def wants_all(self, body: Mapping[str, Any]) -> bool:
        """Whether ``judge_all`` has a use for the object."""
        pair = group_kind(body)
        found = self._useful.get(pair)
        if found is None:
            found = any((one.among is not None and one.among.takes(pair)) or _judges(one, pair) for one in self.among)
            if len(self._useful) < _MOST_KINDS:
                self._useful[pair] = found
        return found

    def judge_all(self, judged: Sequence[Object], *, beside: Sequence[Object] = ()) -> Iterator[tuple[Object, Hit]]:
        """What the policies that look at other objects deny, of all Kubernetes objects of one source.

        ``beside``: further objects that are looked at and not judged.
        """
        held = Objects(one.body for one in (*judged, *beside))
        for one in judged:
            own = kubernetes.Facts(one.body, pod_place(one.body))
            pair = group_kind(one.body)
            for policy in self.among:
                if policy.among is None or not _judges(policy, pair):
                    continue
                others = held.others(one.body, policy.among)
                hits = policy.judge(own, Budget(STEPS), others) if others is not None else (policy.too_many(),)
                yield from ((one, hit) for hit in hits)

    def part_of(self, policies: Iterable[kubernetes.KubernetesPolicy]) -> Kind:
        """Some of the policies for a kind, to be put by themselves."""
        return Kind(tuple(policies), self._guards, self._verdicts)

    def _judge_azure(self, judged: Object, around: Sequence[Object]) -> list[Hit]:
        from lockgate.policy.azure import Context
        from lockgate.policy.catalogue.azure import AzureFacts

        facts = AzureFacts(judged, around, Context(utc_now=self._now), self._catalogue)
        kind = str(judged.body.get("type", "")).lower()
        return [hit for one in self.azure if kind in one.types or "*" in one.types for hit in one.judge(facts)]

    def of_kind(self, pair: tuple[str, str]) -> Kind:
        """The policies for objects of this group and kind."""
        found = self._found.get(pair)
        if found is None:
            group, kind = pair
            wanted = (pair, ("*", kind), (group, "*"), ("*", "*"))
            several = {policy.rule.id: policy for key in wanted for policy in self._by_kind.get(key, ())}
            found = Kind([several[name] for name in sorted(several)], self._guards, self._verdicts)
            if len(self._found) < _MOST_KINDS:
                self._found[pair] = found
        return found


class Asked:
    """One Kubernetes object, and what all policies that are put to it share."""

    __slots__ = ("_fault", "facts", "shape")

    def __init__(self, body: Mapping[str, Any]) -> None:
        self.shape, nulls = shape_of(body)
        if nulls:
            body = without_nulls(body)
            self.shape, _ = shape_of(body)
        self._fault = misshapen(body)
        self.facts = kubernetes.Facts(body, pod_place(body))

    def fault_of(self, kind: Kind) -> list[Hit]:
        """One answer for all where nothing about the Pod can be said, and every rule would say so; else nothing."""
        if self._fault is None:
            return []
        text = f"policies could not be evaluated: {self._fault[1]}"
        return [Hit(kind.policies[0].rule, text, self._fault[0], "", text)]

    def hits(self, kind: Kind, *, until: float | None) -> list[Hit]:
        """What these policies deny, in their order."""
        return run(kind.plan(self.shape), self.facts, kind.verdicts, until=until)


def _judges(policy: kubernetes.KubernetesPolicy, pair: tuple[str, str]) -> bool:
    return pair in policy.pairs or ("*", pair[1]) in policy.pairs
