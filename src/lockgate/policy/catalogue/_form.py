"""What the logic of every policy has in common, for Kubernetes and for Azure: its keys, parameters and field."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from lockgate.model import Rule
from lockgate.policy.errors import PolicyError


def check_keys(rule: Rule, known: Sequence[str], *, needed: Sequence[str]) -> None:
    """Raises :class:`PolicyError` that names the rule for a key that is not known, or one that is missing."""
    unknown = sorted(set(rule.logic) - set(known))
    if unknown:
        raise PolicyError(f"unknown key {unknown[0]!r} in the logic", where=rule.id, hint=f"known: {', '.join(known)}")
    for key in needed:
        if not rule.logic.get(key):
            raise PolicyError(f"the logic lacks {key!r}", where=rule.id)


def parameters_of(rule: Rule, options: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters with their defaults, replaced by the options of the same name. Tuples become lists."""
    parameters = dict(rule.logic.get("parameters") or {})
    chosen = {name: options[name] for name in parameters if name in options}
    return parameters | {name: list(one) if isinstance(one, tuple) else one for name, one in chosen.items()}


def field_pointer(rule: Rule) -> str:
    """``field`` as a JSON pointer; empty when there is none."""
    field = str(rule.logic.get("field") or "")
    return "".join(f"/{name}" for name in field.split(".")) if field else ""
