"""Annotations: ``# METADATA`` comments, and the calls that read them (``rego.metadata.chain``, ``.rule``).

A block of comments that begins with a line ``METADATA`` is YAML about what follows it: the package, or a rule. Calls
are answered when the policy is loaded, since annotations never change.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from lockgate.formats.format_error import FormatError
from lockgate.policy.rego.check.calls import expressions
from lockgate.policy.rego.source import PARSE, Place, Problems
from lockgate.policy.rego.syntax import (
    Array,
    Body,
    Call,
    Module,
    ObjectTerm,
    Rule,
    Scalar,
    Term,
    call,
    operator_name,
)

_CALLS = ("rego.metadata.chain", "rego.metadata.rule")
_KEYS = frozenset(
    ("scope", "title", "entrypoint", "description", "organizations", "related_resources", "authors", "schemas",
     "custom", "compile", "labels")
)  # fmt: skip
_SCOPES = ("rule", "document", "package", "subpackages")
_MAX_BYTES = 65_536
_MAX_DEPTH = 16
_MAX_VALUES = 5_000
_AUTHOR = re.compile(r"(.*?)\s*(?:<([^<>]*)>)?\s*")


@dataclass(slots=True)
class Annotations:
    """Every annotation of a program, by what it is about."""

    rules: dict[int, list[dict[str, Any]]] = field(default_factory=dict)
    """By the identity of a rule."""
    documents: dict[tuple[Any, ...], list[dict[str, Any]]] = field(default_factory=dict)
    """By a rule's path."""
    packages: dict[tuple[Any, ...], list[dict[str, Any]]] = field(default_factory=dict)
    """By a package's path: those of scope ``package``."""
    below: dict[tuple[Any, ...], list[dict[str, Any]]] = field(default_factory=dict)
    """By a package's path: those of scope ``subpackages``."""

    def rule(self, rule: Rule) -> dict[str, Any]:
        """What ``rego.metadata.rule()`` answers inside the rule."""
        found = self.rules.get(id(rule), [])
        return found[-1] if found else {}

    def chain(self, rule: Rule, package: tuple[Any, ...], name: tuple[Any, ...]) -> list[dict[str, Any]]:
        """What ``rego.metadata.chain()`` answers inside the rule: the rule first, the outermost package last."""
        path = [*package, *name]
        own = self.rules.get(id(rule), [])
        chain: list[dict[str, Any]] = [{"path": path, "annotations": each} for each in own] or [{"path": path}]
        chain += [{"path": path, "annotations": each} for each in self.documents.get((*package, *name), [])]
        chain += [{"path": list(package), "annotations": each} for each in self.packages.get(package, [])]
        for length in range(len(package), 0, -1):
            outer = package[:length]
            chain += [{"path": list(outer), "annotations": each} for each in self.below.get(outer, [])]
        return chain


def collect(modules: Sequence[Module], places: Sequence[Place], problems: Problems) -> Annotations:
    """The annotations of all modules; blocks that are not valid are reported."""
    found = Annotations()
    for module, place in zip(modules, places, strict=True):
        for start, end, text in _blocks(module, place):
            block = _parsed(text, place, start, problems)
            if block is not None:
                _attach(block, end, start, module, place, found, problems)
    return found


def _blocks(module: Module, place: Place) -> list[tuple[int, int, str]]:
    """Start and end offset and YAML text of each block."""
    found: list[tuple[int, int, list[str]]] = []
    last_line = -1
    inside = False
    for at, text in module.comments:
        line, column = place.line_column(at)
        if column == 1 and text.strip() == "METADATA":
            found.append((at, at + len(text) + 1, []))
            inside = True
        elif inside and column == 1 and line == last_line + 1:
            start, _, lines = found[-1]
            lines.append(text)
            found[-1] = start, at + len(text) + 1, lines
        else:
            inside = False
        last_line = line
    return [(start, end, "\n".join(lines)) for start, end, lines in found]


def _parsed(text: str, place: Place, at: int, problems: Problems) -> dict[str, Any] | None:
    from lockgate.formats.yaml_safe import load_all

    try:
        documents = load_all(text.encode("utf-8", "replace"), max_bytes=_MAX_BYTES, max_depth=_MAX_DEPTH)
    except FormatError as error:
        problems.add(place, PARSE, f"metadata block is not YAML: {error}", at)
        return None
    block = documents[0] if documents else None
    if not isinstance(block, dict) or not block:
        problems.add(place, PARSE, "expected METADATA block, found whitespace", at)
        return None
    if _size(block, _MAX_VALUES) <= 0:
        problems.add(place, PARSE, f"a metadata block holds more than {_MAX_VALUES} values", at)
        return None
    scope = block.get("scope", "")
    if scope and scope not in _SCOPES:
        problems.add(place, PARSE, f"invalid annotation scope '{scope}'", at)
        return None
    return _normal(block)


def _normal(block: dict[Any, Any]) -> dict[str, Any]:
    """An annotation in the form that policies see."""
    made = {str(key): value for key, value in block.items() if key in _KEYS}
    if isinstance(made.get("authors"), list):
        made["authors"] = [_author(each) for each in made["authors"]]
    if isinstance(made.get("related_resources"), list):
        made["related_resources"] = [
            {"ref": each} if isinstance(each, str) else each for each in made["related_resources"]
        ]
    if made.get("entrypoint") is False:
        del made["entrypoint"]
    return made


def _author(author: Any) -> Any:
    if not isinstance(author, str):
        return author
    hit = _AUTHOR.fullmatch(author.strip())
    name, email = (hit[1], hit[2]) if hit else (author, None)
    return {key: value for key, value in (("name", name), ("email", email)) if value}


def _attach(
    block: dict[str, Any], end: int, start: int, module: Module, place: Place, found: Annotations, problems: Problems
) -> None:  # fmt: skip
    package = tuple(module.package)
    following = [rule for rule in module.rules if rule.at >= end]
    rule = min(following, key=lambda each: each.at, default=None)
    at_package = module.at >= end
    scope = block.setdefault("scope", "package" if at_package else "rule")
    if scope in ("package", "subpackages"):
        if not at_package:
            problems.add(place, PARSE, f"annotation scope '{scope}' must be applied to package", start)
            return
        (found.packages if scope == "package" else found.below).setdefault(package, []).append(block)
        return
    if at_package or rule is None:
        problems.add(place, PARSE, f"annotation scope '{scope}' must be applied to rule", start)
        return
    if block.get("entrypoint") and "scope" not in block:
        block["scope"] = scope = "document"
    if scope == "rule":
        found.rules.setdefault(id(rule), []).append(block)
    else:
        found.documents.setdefault((*package, *rule_name(rule)), []).append(block)


def rule_name(rule: Rule) -> tuple[Any, ...]:
    """The constant part of a rule's name, with variables as they are written."""
    parts: list[Any] = [getattr(rule.ref.head, "name", "")]
    for part in rule.ref.path:
        if not isinstance(part, Scalar):
            break
        parts.append(part.value)
    return tuple(parts)


def answer(body: Body, annotations: Annotations, rule: Rule, package: tuple[Any, ...], name: tuple[Any, ...]) -> None:
    """Replace calls that read annotations by what they answer."""
    for expr in expressions(body):
        what = expr.what
        if not isinstance(what, Call) or operator_name(what.operator) not in _CALLS or len(what.args) > 1:
            continue
        chain = operator_name(what.operator) == _CALLS[0]
        value = _term(annotations.chain(rule, package, name) if chain else annotations.rule(rule), what.at)
        if what.args:
            expr.what = call("eq", [what.args[0], value], what.at)
            expr.what.infix = True
        else:
            expr.what = Scalar(True, what.at)


def _term(value: Any, at: int) -> Term:
    if isinstance(value, dict):
        return ObjectTerm([(_term(key, at), _term(item, at)) for key, item in value.items()], at)
    if isinstance(value, (list, tuple)):
        return Array([_term(item, at) for item in value], at)
    plain = value is None or isinstance(value, (bool, int, str)) or (isinstance(value, float) and math.isfinite(value))
    return Scalar(value if plain else str(value), at)


def _size(value: Any, left: int) -> int:
    """``left`` without the number of values in ``value``; at or below zero as soon as there are more."""
    left -= 1
    if isinstance(value, dict):
        value = [*value, *value.values()]
    if isinstance(value, list):
        for item in value:
            if left <= 0:
                break
            left = _size(item, left)
    return left
