"""A rule about the settings of a forge: a condition as on a Kubernetes object, and the call that mends what it finds.

::

    logic:
      kinds: [GitHubOrganization]
      each: spec.webhooks[*]             # optional, as of ``kubernetes``
      deny: "!item.verifiesTls"
      message: "'the webhook ' + item.name + ' does not verify certificates'"
      field: verifiesTls
      permission: "Organization webhooks: write"  # what who applies it needs
      apply:                             # optional: where the forge has a call for it
        method: PATCH
        path: /orgs/{{ object.metadata.name }}/hooks/{{ item.id }}
        body: {config: {url: "{{ item.url }}", insecure_ssl: "0"}}
      terraform: |                       # optional
        resource "github_organization_webhook" "it" { ... }

What stands in ``{{ }}`` is CEL over what the condition sees. In a path its value is one segment, percent-encoded; a
text of the body that is nothing but one takes the value as it is; in Terraform it becomes part of a quoted string.
Pure: who makes the call is told elsewhere.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from dataclasses import replace
from typing import Any
from urllib.parse import quote

from lockgate.dataclass import dataclass
from lockgate.lazy_pattern import lazy_pattern
from lockgate.model import Object, Rule
from lockgate.policy.budget import Budget
from lockgate.policy.catalogue import kubernetes
from lockgate.policy.catalogue._places import without_nulls
from lockgate.policy.cel import Expression
from lockgate.policy.cel.metering import spending
from lockgate.policy.errors import PolicyError

KEYS = ("apply", "permission", "terraform")
"""What the logic has beyond that of a policy."""
METHODS = ("DELETE", "PATCH", "POST", "PUT")
_STEPS = 50_000
_HOLE = lazy_pattern(r"\{\{(.*?)\}\}", re.DOTALL)
_PATH = lazy_pattern(r"/[A-Za-z0-9/._~$=&?%-]*\Z")
"""What a path holds around its holes: nothing that could lead to another host."""


@dataclass(frozen=True, slots=True)
class Call:
    """One request that changes a setting."""

    method: str
    path: str
    """From the root of the forge's interface, with its query; every value in it percent-encoded."""
    body: Any
    """JSON value; None for a call without a body."""

    def shown(self) -> str:
        """On one line, for people and for the record."""
        return " ".join(filter(None, (self.method, self.path, "" if self.body is None else _written(self.body))))


@dataclass(frozen=True, slots=True)
class Remedy:
    """What mends one thing that a rule denies."""

    call: Call | None
    """None where the forge has no call for it."""
    terraform: str
    """HCL; empty where no provider has it."""
    permission: str
    """What the token needs to make the call, in the words of the forge."""


@dataclass(frozen=True, slots=True)
class ForgePolicy:
    """One rule, compiled."""

    rule: Rule
    policy: kubernetes.KubernetesPolicy
    method: str
    path: _Text | None
    body: Any
    """As in the rule, with ``_Text`` in place of each text; None where there is none."""
    terraform: _Text | None

    def remedy(self, judged: Object, pointer: str) -> Remedy:
        """What mends the hit at ``pointer`` of an object. Raises :class:`PolicyError` where it cannot be told."""
        facts = kubernetes.Facts(without_nulls(judged.body), None)
        place = pointer.removesuffix(self.policy.field)
        found = next((one for one in facts.at(self.policy.where) if one.pointer == place), None)
        if found is None:
            raise PolicyError(f"nothing stands at {place!r}", where=str(self.rule.id))
        activation = facts.activation()
        activation["variables"]["params"] = self.policy.parameters
        activation["item"], activation["parent"] = found.value, found.parent
        call = None
        if self.path is not None:
            path = self.path.joined(activation, _segment)
            call = Call(self.method, path, _filled(self.body, activation))
        text = "" if self.terraform is None else self.terraform.joined(activation, _quoted)
        return Remedy(call, text, permission_of(self.rule))


@dataclass(frozen=True, slots=True)
class _Text:
    """Text with holes."""

    parts: tuple[str | Expression, ...]

    def joined(self, activation: Mapping[str, Any], encode: Callable[[Any], str]) -> str:
        """With the value of each hole in its place."""
        return "".join(one if isinstance(one, str) else encode(_value(one, activation)) for one in self.parts)

    def filled(self, activation: Mapping[str, Any]) -> Any:
        """The value of the one hole that it is, or the text with its holes filled."""
        if len(self.parts) == 1 and not isinstance(self.parts[0], str):
            return _value(self.parts[0], activation)
        return self.joined(activation, str)


def compile_policy(
    rule: Rule, options: Mapping[str, Any], compiled: MutableMapping[str, bytes] | None = None
) -> ForgePolicy:
    """Compile one rule. ``options`` and ``compiled`` as of ``kubernetes.compile_policy``.

    Raises :class:`PolicyError` that names the rule.
    """
    held = compiled if compiled is not None else {}
    call, terraform = rule.logic.get("apply"), rule.logic.get("terraform")
    method, path, body = "", None, None
    if call is not None:
        method, path, body = _call(call, rule, held)
    return ForgePolicy(
        rule, kubernetes.compile_policy(condition_of(rule), options, held), method, path, body,
        None if terraform is None else _text(str(terraform), rule, held),
    )  # fmt: skip


def condition_of(rule: Rule) -> Rule:
    """The rule without what mends: what a policy of the catalogue is."""
    return replace(rule, logic={key: value for key, value in rule.logic.items() if key not in KEYS})


def permission_of(rule: Rule) -> str:
    """What a token needs to make the call of the rule; empty where it says nothing."""
    return str(rule.logic.get("permission") or "")


def _call(call: Any, rule: Rule, held: MutableMapping[str, bytes]) -> tuple[str, _Text, Any]:
    if not isinstance(call, Mapping) or set(call) - {"method", "path", "body"} or not {"method", "path"} <= set(call):
        hint = "it holds method, path and body"
        raise PolicyError("'apply' is no call", where=str(rule.id), hint=hint)
    if call["method"] not in METHODS:
        raise PolicyError(f"{call['method']!r} is no method", where=str(rule.id), hint=f"one of {', '.join(METHODS)}")
    path = str(call["path"])
    if _PATH.match(_HOLE.sub("x", path)) is None or "//" in path:
        raise PolicyError(f"{path!r} is no path", where=str(rule.id), hint="it begins with / and names no host")
    return call["method"], _text(path, rule, held), _body(call.get("body"), rule, held)


def _text(text: str, rule: Rule, held: MutableMapping[str, bytes]) -> _Text:
    parts: list[str | Expression] = []
    at = 0
    for match in _HOLE.finditer(text):
        parts += [text[at : match.start()]] if match.start() > at else []
        parts.append(kubernetes.expression_of(match[1].strip(), f"{rule.id} apply", held))
        at = match.end()
    return _Text((*parts, text[at:]) if at < len(text) or not parts else tuple(parts))


def _body(value: Any, rule: Rule, held: MutableMapping[str, bytes]) -> Any:
    if isinstance(value, str):
        return _text(value, rule, held)
    if isinstance(value, Mapping):
        return {str(key): _body(one, rule, held) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_body(one, rule, held) for one in value]
    return value


def _filled(value: Any, activation: Mapping[str, Any]) -> Any:
    if isinstance(value, _Text):
        return _plain(value.filled(activation))
    if isinstance(value, dict):
        return {key: _filled(one, activation) for key, one in value.items()}
    return [_filled(one, activation) for one in value] if isinstance(value, list) else value


def _value(expression: Expression, activation: Mapping[str, Any]) -> Any:
    budget = Budget(_STEPS)
    with spending(budget):
        return expression.within(activation, budget)


def _plain(value: Any) -> Any:
    """As JSON has it. Raises :class:`PolicyError` for a value of CEL that JSON does not have."""
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return float(value)
    if isinstance(value, Mapping):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    raise PolicyError(f"a value of type {type(value).__name__} cannot be sent")


def _segment(value: Any) -> str:
    """One segment of a path. Raises :class:`PolicyError` for a value that would lead elsewhere."""
    text = str(value)
    if text in ("", ".", "..") or isinstance(value, bool | dict | list):
        raise PolicyError(f"{text!r} cannot stand in a path")
    return quote(text, safe="")


def _quoted(value: Any) -> str:
    """As it stands within a quoted string of HCL, where ``${`` and ``%{`` would begin an expression."""
    return json.dumps(str(value))[1:-1].replace("${", "$${").replace("%{", "%%{")


def _written(body: Any) -> str:
    return json.dumps(body, sort_keys=True, ensure_ascii=False)


def templates(rule: Rule) -> Iterator[tuple[str, str]]:
    """What the rule's own page shows of how to mend: a heading and the text, holes as they stand in the rule."""
    call = rule.logic.get("apply")
    if isinstance(call, Mapping):
        body = "" if call.get("body") is None else f"\n\n{json.dumps(call['body'], indent=2, default=list)}"
        yield "API call", f"{call['method']} {call['path']}{body}"
    if rule.logic.get("terraform"):
        yield "Terraform", str(rule.logic["terraform"]).rstrip()
