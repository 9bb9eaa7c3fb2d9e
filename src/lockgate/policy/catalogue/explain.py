"""Why a policy of ours says what it says of one object: each item, and the trace of what is denied of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lockgate.policy.catalogue._places import group_kind, pod_place, without_nulls
from lockgate.policy.catalogue.kubernetes import Facts, KubernetesPolicy, item_name, kinds_of
from lockgate.policy.cel.trace import trace
from lockgate.policy.step import Step


@dataclass(frozen=True, slots=True)
class ItemTrace:
    """One item."""

    pointer: str
    """JSON pointer of the item."""
    name: str
    """What tells it from its neighbours; empty for the object as a whole."""
    step: Step
    """The condition, which is true when the item is denied."""


def facts_for(policy: KubernetesPolicy, body: Mapping[str, Any]) -> Facts | None:
    """What the policy asks of an object; None when it is not about objects of this kind."""
    body = without_nulls(body)
    group, kind = group_kind(body)
    if {(group, kind), ("*", kind), (group, "*"), ("*", "*")}.isdisjoint(kinds_of(policy)):
        return None
    return Facts(body, pod_place(body))


def explain(policy: KubernetesPolicy, body: Mapping[str, Any]) -> list[ItemTrace] | None:
    """The trace of every item; None when the policy is not about objects of this kind."""
    facts = facts_for(policy, body)
    if facts is None:
        return None
    activation = facts.activation()
    activation["variables"]["params"] = policy.parameters
    found = []
    for item in facts.at(policy.where):
        inner = {**activation, "item": item.value, "parent": item.parent}
        name = item_name(item) if policy.path is not None else ""
        found.append(ItemTrace(item.pointer, name, trace(policy.deny.source, inner)))
    return found
