"""A policy of ours for Kubernetes objects: kinds, a path of items, and CEL that says which of them are denied.

::

    logic:
      kinds: [Workload]                 # or Kind, group/Kind, *
      each: containers                  # optional; see _places
      deny: item.?securityContext.privileged.orValue(false) == true
      message: "'container ' + item.name + ' is privileged'"
      field: securityContext.privileged # where it shows, from the item (or podSpec, or the object)
      parameters: {allowed: [a, b]}     # optional; read as variables.params.allowed
      fix: {set: false}                 # optional; or {remove: true}
      among: {kinds: [Service]}         # optional; then ``others`` are those objects, see _among

The expressions see ``object``, ``item``, ``parent`` and ``variables`` (``podSpec``, ``podMetadata``, ``params``). All
of that can be written into a ValidatingAdmissionPolicy, which is why the form is no richer. A policy with ``among`` is
the exception: it needs the other objects of the source and is put to them all at once, never at admission.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, MutableMapping, Sequence
from typing import Any

from lockgate.dataclass import dataclass
from lockgate.model import Rule
from lockgate.policy.budget import Budget
from lockgate.policy.catalogue._among import MOST_OTHERS, WORKLOAD, Among, pairs_of, parse_among
from lockgate.policy.catalogue._form import check_keys, field_pointer, parameters_of
from lockgate.policy.catalogue._places import EMPTY, Item, Path, items, parse_path
from lockgate.policy.catalogue.hit import Hit
from lockgate.policy.cel import Expression, compile_expression, load_expression
from lockgate.policy.errors import BudgetExceededError, EvaluationError, PolicyError

KEYS = ("kinds", "each", "deny", "message", "field", "parameters", "fix", "among")
_VARIABLES = ("object", "item", "parent", "variables")
_AMONG_VARIABLES = (*_VARIABLES, "others")


@dataclass(frozen=True, slots=True)
class KubernetesPolicy:
    """One rule, compiled."""

    rule: Rule
    kinds: frozenset[str]
    """``Kind`` and ``group/Kind``; ``*`` for any."""
    path: Path | None
    deny: Expression
    message: Expression
    field: str
    """JSON pointer from the item, with its leading slash, or empty."""
    parameters: Mapping[str, Any]
    among: Among | None = None
    """The other objects it looks at; None for a policy that needs the one alone."""
    pairs: frozenset[tuple[str, str]] = frozenset()
    """``kinds`` as (group, kind); ``*`` stands for any."""

    def judge(self, facts: Facts, budget: Budget, others: Sequence[Mapping[str, Any]] = ()) -> Iterator[Hit]:
        """What it denies of one object; an evaluation that fails is a Hit that says so."""
        activation = facts.activation(self.parameters)
        if self.among is not None:
            activation["others"] = others
        for item in self.items_of(facts):
            activation["item"], activation["parent"] = item.value, item.parent
            try:
                denied = self.deny.evaluate(activation, budget=budget)
                if denied is False:
                    continue
                if denied is not True:
                    yield self._failed(item, f"the condition gave {type(denied).__name__}, not a boolean")
                    continue
                text = self.message.evaluate(activation, budget=budget)
            except BudgetExceededError as error:
                yield self._failed(item, str(error))
                return
            except EvaluationError as error:
                yield self._failed(item, error.message)
                continue
            yield Hit(self.rule, str(text), item.pointer + self.field, item_name(item) if self.path else "")

    def items_of(self, facts: Facts) -> Iterator[Item]:
        """What it looks at, one by one."""
        if self.path is not None:
            return iter(facts.items(self.path))
        # Without a path the whole is judged; a workload is at fault in its Pod spec, anything else in itself.
        if facts.pod is not None and WORKLOAD in self.kinds:
            return iter((Item(f"{facts.pod[0]}/spec", facts.pod[1]["spec"], facts.body),))
        return iter((Item("", facts.body, facts.body),))

    def too_many(self) -> Hit:
        """What it says of an object that stands among more others than it may look through."""
        return self._failed(Item("", None, None), f"there are more than {MOST_OTHERS:,} objects to look through")

    def _failed(self, item: Item, why: str) -> Hit:
        text = f"the policy {self.rule.id} could not be evaluated: {why}"
        return Hit(self.rule, text, item.pointer, item_name(item) if self.path else "", why)


class Facts:
    """One object and what several policies ask of it, worked out once."""

    __slots__ = ("_base", "_items", "body", "pod")

    def __init__(self, body: Mapping[str, Any], pod: tuple[str, Mapping[str, Any]] | None) -> None:
        self.body = body
        self.pod = pod
        self._items: dict[Path, list[Item]] = {}
        place = pod[1] if pod is not None else EMPTY
        self._base = {"podSpec": place.get("spec", EMPTY), "podMetadata": place.get("metadata") or EMPTY}

    def items(self, path: Path) -> list[Item]:
        """What ``path`` leads to; most policies ask for the same few paths."""
        found = self._items.get(path)
        if found is None:
            found = self._items[path] = list(items(path, self.body, self.pod))
        return found

    def activation(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """A new activation, without its item."""
        return {"object": self.body, "variables": {**self._base, "params": parameters}}


def compile_policy(
    rule: Rule, options: Mapping[str, Any], compiled: MutableMapping[str, bytes] | None = None
) -> KubernetesPolicy:
    """Compile one rule. ``options`` replaces parameters by name. Raises :class:`PolicyError` that names the rule.

    ``compiled`` holds expressions that were compiled before, by place and text, and takes those that were not.
    """
    held = compiled if compiled is not None else {}
    logic = rule.logic
    check_keys(rule, KEYS, needed=("kinds", "deny", "message"))
    try:
        path = parse_path(str(logic["each"])) if "each" in logic else None
        among = parse_among(logic["among"], str(rule.id)) if "among" in logic else None
        names = _VARIABLES if among is None else _AMONG_VARIABLES
        deny = _expression(str(logic["deny"]), f"{rule.id} deny", held, names)
        message = _expression(str(logic["message"]), f"{rule.id} message", held, names)
    except PolicyError as error:
        error.where = error.where or str(rule.id)
        raise
    return KubernetesPolicy(
        rule=rule,
        kinds=frozenset(str(kind) for kind in logic["kinds"]),
        path=path,
        deny=deny,
        message=message,
        field=field_pointer(rule),
        parameters=parameters_of(rule, options),
        among=among,
        pairs=frozenset(pairs_of(logic["kinds"])),
    )


def _expression(text: str, where: str, held: MutableMapping[str, bytes], variables: tuple[str, ...]) -> Expression:
    key = f"{where}\n{text}"
    if key in held:
        return load_expression(held[key])
    expression = compile_expression(text, variables=variables, where=where)
    held[key] = expression.dump()
    return expression


def kinds_of(policy: KubernetesPolicy) -> Iterator[tuple[str, str]]:
    """(group, kind) pairs that it judges; ``*`` stands for any group or kind."""
    yield from pairs_of(policy.kinds)


def item_name(item: Item) -> str:
    """What tells an item from its neighbours and survives their reordering."""
    value = item.value
    if isinstance(value, dict):
        for key in ("name", "key", "host", "containerPort", "port"):
            if isinstance(value.get(key), str | int):
                kind = value.get("kind")
                return f"{kind} {value[key]}" if isinstance(kind, str) else str(value[key])
    elif isinstance(value, str | int):
        return str(value)[:100]
    text = json.dumps(value, sort_keys=True, default=str)
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:12]
