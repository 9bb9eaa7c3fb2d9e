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
import marshal
from collections.abc import Iterator, Mapping, MutableMapping, Sequence
from typing import Any

from lockgate.dataclass import dataclass
from lockgate.model import Rule
from lockgate.policy.budget import Budget
from lockgate.policy.catalogue import _prepared
from lockgate.policy.catalogue._among import MOST_OTHERS, WORKLOAD, Among, pairs_of, parse_among
from lockgate.policy.catalogue._decides import Fields
from lockgate.policy.catalogue._form import check_keys, field_pointer, parameters_of
from lockgate.policy.catalogue._places import EMPTY, Item, Path, items, parse_path
from lockgate.policy.catalogue._shape import Need
from lockgate.policy.catalogue.hit import Hit
from lockgate.policy.cel import Expression, compile_expression, load_expression
from lockgate.policy.cel.metering import spending
from lockgate.policy.errors import BudgetExceededError, EvaluationError, PolicyError

KEYS = ("kinds", "each", "deny", "message", "field", "parameters", "fix", "among")
VARIABLES = ("object", "item", "parent", "variables")
ITEM_NAMES = ("name", "key", "host", "containerPort", "port", "kind")
"""Fields that name an item; the last goes with each of the others."""
_NEEDS = 4
"""Counts up when ``_needs`` or ``_decides`` reads more, or otherwise, off the same condition: what was read is kept
between runs."""
_AMONG_VARIABLES = (*VARIABLES, "others")


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
    needs: tuple[Need, ...] = ()
    """What an object must hold for the policy to deny anything of it."""
    guard: str = ""
    """The first of the conditions that must all hold, where it is the same for any parameters; else empty."""
    fields: Fields | None = None
    """What decides whether it denies an item of ``path`` that is a map; None when that hangs on more."""

    @property
    def where(self) -> Path | bool:
        """Alike for policies that look at the same items: their path, or whether the whole is a workload's Pod."""
        return self.path or WORKLOAD in self.kinds

    def judge(self, facts: Facts, budget: Budget, others: Sequence[Mapping[str, Any]] = ()) -> list[Hit]:
        """What it denies of one object; an evaluation that fails is a Hit that says so."""
        activation = facts.activation()
        activation["others"] = others
        with spending(budget):
            return self.judge_items(facts.at(self.where), activation, budget)

    def judge_items(self, items: Sequence[Item], activation: dict[str, Any], budget: Budget) -> list[Hit]:
        """As :meth:`judge`, of these items of the object of ``activation``, for a caller that spends ``budget``."""
        activation["variables"]["params"] = self.parameters
        quick = self.deny.quick
        hits: list[Hit] = []
        for item in items:
            activation["item"], activation["parent"] = item.value, item.parent
            left = budget.left
            try:
                denied = quick(activation, budget)
            except Exception:  # put again below, by code that tells the failure
                denied, budget.left = None, left
            if denied is False:
                continue
            try:
                hit = self._hit(item, activation, budget) if denied is True else self._denied(item, activation, budget)
            except BudgetExceededError as error:
                hits.append(self._failed(item, str(error)))
                break
            except EvaluationError as error:
                hit = self._failed(item, error.message)
            if hit is not None:
                hits.append(hit)
        return hits

    def _denied(self, item: Item, activation: Mapping[str, Any], budget: Budget) -> Hit | None:
        denied = self.deny.within(activation, budget)
        if denied is False:
            return None
        if denied is not True:
            return self._failed(item, f"the condition gave {type(denied).__name__}, not a boolean")
        return self._hit(item, activation, budget)

    def _hit(self, item: Item, activation: Mapping[str, Any], budget: Budget) -> Hit:
        text = self.message.within(activation, budget)
        return Hit(self.rule, str(text), item.pointer + self.field, item_name(item) if self.path else "")

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
        self._items: dict[Path | bool, list[Item]] = {}
        place = pod[1] if pod is not None else EMPTY
        self._base = {"podSpec": place.get("spec", EMPTY), "podMetadata": place.get("metadata") or EMPTY}

    def at(self, where: Path | bool) -> list[Item]:
        """What a path leads to, or the whole; most policies ask for the same few."""
        found = self._items.get(where)
        if found is None:
            found = self._items[where] = self._whole(where) if isinstance(where, bool) else self._led_to(where)
        return found

    def _led_to(self, path: Path) -> list[Item]:
        return list(items(path, self.body, self.pod))

    def _whole(self, workload: bool) -> list[Item]:
        """A workload is at fault in its Pod spec, anything else in itself."""
        if workload and self.pod is not None:
            return [Item(f"{self.pod[0]}/spec", self.pod[1]["spec"], self.body)]
        return [Item("", self.body, self.body)]

    def activation(self) -> dict[str, Any]:
        """A new activation, without its item and without parameters."""
        return {"object": self.body, "variables": dict(self._base)}


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
        names = VARIABLES if among is None else _AMONG_VARIABLES
        deny, message, needs, guard, fields = _prepared.read(rule, names) or _compiled(rule, path, held, names)
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
        needs=needs,
        guard=guard,
        fields=fields,
    )


def _compiled(
    rule: Rule, path: Path | None, held: MutableMapping[str, bytes], names: tuple[str, ...]
) -> _prepared.Read:
    """Condition and message, and what the condition says before any object is seen."""
    deny = expression_of(str(rule.logic["deny"]), f"{rule.id} deny", held, names)
    needs, guard, fields = ((), "", None) if "among" in rule.logic else _read_off(deny, path, held)
    return deny, expression_of(str(rule.logic["message"]), f"{rule.id} message", held, names), needs, guard, fields


def _read_off(
    deny: Expression, path: Path | None, held: MutableMapping[str, bytes]
) -> tuple[tuple[Need, ...], str, Fields | None]:
    """What the condition says before any object is seen."""
    key = f"{deny.where} needs {_NEEDS} {path}\n{deny.source}"
    if key not in held:
        from lockgate.policy.catalogue._decides import fields_of
        from lockgate.policy.catalogue._needs import guard_of, needs_of
        from lockgate.policy.cel.parser import parse
        from lockgate.policy.cel.printer import show

        tree = parse(deny.source, where=deny.where)
        guard = guard_of(tree)
        needs = [(need.fields, need.maps, need.lists, need.listed) for need in needs_of(tree, path)]
        decides = None if path is None else fields_of(deny)
        held[key] = marshal.dumps((needs, "" if guard is None else show(guard), decides))
    needs, text, fields = marshal.loads(held[key])  # noqa: S302 -- it lies beside compiled code
    return tuple(Need(*one) for one in needs), text, fields


def expression_of(
    text: str, where: str, held: MutableMapping[str, bytes], variables: tuple[str, ...] = VARIABLES
) -> Expression:
    """The expression, as it was compiled before or compiled now and added to ``held``."""
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
        for key in ITEM_NAMES[:-1]:
            if isinstance(value.get(key), str | int):
                kind = value.get("kind")
                return f"{kind} {value[key]}" if isinstance(kind, str) else str(value[key])
    elif isinstance(value, str | int):
        return str(value)[:100]
    text = json.dumps(value, sort_keys=True, default=str)
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:12]
