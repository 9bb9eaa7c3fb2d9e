"""Compiled policies as modules of Python that a wheel brings: written when it is built, read in place of compiling.

``policies_pods`` holds those that judge Pods, which most manifests need, ``policies_others`` all others, and
``policies_guards`` the conditions that several share. An entry counts only where the rule says the very same.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from lockgate.model import Rule
from lockgate.policy.catalogue._among import pairs_of
from lockgate.policy.catalogue._decides import Fields
from lockgate.policy.catalogue._shape import Need
from lockgate.policy.cel import Expression
from lockgate.policy.cel.names import Names
from lockgate.prepared import prepared

if TYPE_CHECKING:
    from lockgate.policy.catalogue.kubernetes import KubernetesPolicy

_PODS = frozenset({("", "Pod"), ("*", "Pod"), ("", "*"), ("*", "*")})
_GUARDS = "policies_guards"
Read = tuple[Expression, Expression, tuple[Need, ...], str, Fields | None]
"""``deny``, ``message``, ``needs``, ``guard`` and ``fields`` of a policy."""


def read(rule: Rule, variables: Sequence[str]) -> Read | None:
    """What compiling the rule would give; None where the wheel brings nothing of it."""
    module = prepared(_module(rule))
    entry = None if module is None else module.POLICIES.get(str(rule.id))
    if entry is None:
        return None
    says, deny, message, needs, guard, fields = entry
    if says != _says(rule, variables):
        return None
    logic = rule.logic
    return (
        _expression(deny, str(logic["deny"]), f"{rule.id} deny", variables),
        _expression(message, str(logic["message"]), f"{rule.id} message", variables),
        tuple(Need(*map(frozenset, one)) for one in needs),
        guard,
        fields,
    )


def guard_of(text: str, variables: Sequence[str]) -> Expression | None:
    """A shared condition; None where the wheel brings none of that text."""
    module = prepared(_GUARDS)
    entry = None if module is None else module.GUARDS.get(text)
    return None if entry is None else _expression(entry, text, "guard", variables)


def modules_of(policies: Iterable[KubernetesPolicy], guards: Mapping[str, Expression]) -> dict[str, str]:
    """The text of each module by its name."""
    made: dict[str, list[str]] = {}
    entries: dict[str, list[str]] = {}
    for policy in policies:
        name = _module(policy.rule)
        functions = made.setdefault(name, [])
        deny, message = (_written(one, functions) for one in (policy.deny, policy.message))
        needs = tuple(
            (sorted(one.fields), sorted(one.maps), sorted(one.lists), sorted(one.listed)) for one in policy.needs
        )
        says = _says(policy.rule, sorted(policy.deny.names.variables or ()))
        entries.setdefault(name, []).append(
            f"    {str(policy.rule.id)!r}: ({says!r}, {deny}, {message}, {needs!r}, {policy.guard!r}, "
            f"{policy.fields!r}),\n"
        )
    texts = {
        name: _text(f"Policies of the catalogue: {name}.", made[name], "POLICIES", entries[name]) for name in made
    }
    functions = []
    shared = [f"    {text!r}: {_written(one, functions)},\n" for text, one in guards.items()]
    texts[_GUARDS] = _text("Conditions that several policies share.", functions, "GUARDS", shared)
    return texts


def _module(rule: Rule) -> str:
    return "policies_others" if _PODS.isdisjoint(pairs_of(rule.logic["kinds"])) else "policies_pods"


def _says(rule: Rule, variables: Sequence[str]) -> tuple[Any, ...]:
    """All that compiling looks at."""
    logic = rule.logic
    return str(logic["deny"]), str(logic["message"]), str(logic.get("each", "")), " ".join(sorted(variables))


def _written(expression: Expression, functions: list[str]) -> str:
    """Writes the expression as a function, and gives the text of its entry."""
    name = f"f{len(functions)}"
    functions.append(expression.python(name))
    return f"({name}, {expression.kind!r}, {tuple(sorted(expression.libraries))!r})"


def _text(title: str, functions: Sequence[str], constant: str, entries: Sequence[str]) -> str:
    blocks = [f'"""{title}"""', *functions, f"{constant} = {{\n{''.join(entries)}}}"]
    return "\n\n".join(block.rstrip("\n") for block in blocks) + "\n"


def _expression(entry: tuple[Any, str, tuple[str, ...]], text: str, where: str, variables: Sequence[str]) -> Expression:
    function, kind, libraries = entry
    names = Names(frozenset(variables))
    return Expression(text, function.__code__, kind=kind, libraries=libraries, names=names, where=where)
