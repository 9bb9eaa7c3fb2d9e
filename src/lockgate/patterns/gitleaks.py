"""Reads rule files in the form of gitleaks (``gitleaks.toml``; format: README of gitleaks/gitleaks, "Configuration").

``[extend]`` names other files and is not followed: what it would bring is not there, and ``load`` refuses it rather
than judge with half the rules.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from typing import Any

from lockgate.dataclass import dataclass
from lockgate.errors import ConfigurationError
from lockgate.formats.toml_bounds import too_dotted
from lockgate.patterns.definition import Allow, Pattern, Target
from lockgate.patterns.matcher import compile_joined

_EVERY = {"AND": True, "&&": True, "OR": False, "||": False, "": False}


@dataclass(frozen=True, slots=True)
class GitleaksRules:
    """A rule file: its patterns in file order, what holds for all of them, and their descriptions by id."""

    patterns: tuple[Pattern, ...]
    allow: tuple[Allow, ...]
    descriptions: Mapping[str, str]


def load(content: bytes, *, where: str = "gitleaks.toml") -> GitleaksRules:
    """All rules of a file. Raises ``ConfigurationError`` with ``where`` for what gitleaks would refuse too."""
    if too_dotted(content):
        raise ConfigurationError("names of too many parts", where=where)
    try:
        document = tomllib.loads(content.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise ConfigurationError(f"not TOML: {error}", where=where) from None
    if document.get("extend"):
        raise ConfigurationError("[extend] is not followed", where=where, hint="give the joined file instead")
    rules = _tables(document.get("rules", []), where=f"{where}: rules")
    names = [_text(rule, "id", where=f"{where}: rules[{number}]") for number, rule in enumerate(rules)]
    if len(set(names)) != len(names) or "" in names:
        raise ConfigurationError("every rule needs an id of its own", where=where)
    patterns = tuple(_pattern(rule, where=f"{where}: {name}") for rule, name in zip(rules, names, strict=True))
    return GitleaksRules(
        patterns=patterns,
        allow=_allowances(document, where=where),
        descriptions={str(rule["id"]): str(rule.get("description", "")) for rule in rules},
    )


def _pattern(rule: Mapping[str, Any], *, where: str) -> Pattern:
    regex, path = _text(rule, "regex", where=where), _text(rule, "path", where=where)
    if not regex and not path:
        raise ConfigurationError("a rule needs a regex or a path", where=where)
    entropy, group = rule.get("entropy", 0.0), rule.get("secretGroup", 0)
    if not isinstance(entropy, int | float) or not isinstance(group, int) or group < 0:
        raise ConfigurationError("entropy and secretGroup are numbers", where=where)
    for expression in filter(None, (regex, path)):
        groups = _checked(expression, where=where)
        if expression == regex and group > groups:
            raise ConfigurationError(f"secretGroup {group}, but the regex has {groups} groups", where=where)
    return Pattern(
        id=_text(rule, "id", where=where),
        regex=regex,
        keywords=tuple(keyword.lower() for keyword in _texts(rule, "keywords", where=where)),
        entropy=float(entropy),
        allow=_allowances(rule, where=where),
        path=path,
        group=group,
    )


def _allowances(table: Mapping[str, Any], *, where: str) -> tuple[Allow, ...]:
    single = table.get("allowlist")
    given = [single] if isinstance(single, dict) else []
    given += _tables(table.get("allowlists", []), where=f"{where}: allowlists")
    return tuple(_allowance(one, where=where) for one in given)


def _allowance(table: Mapping[str, Any], *, where: str) -> Allow:
    condition = _text(table, "condition", where=where).upper()
    target = _text(table, "regexTarget", where=where) or "secret"
    if condition not in _EVERY or target not in tuple(Target):
        raise ConfigurationError("condition is AND or OR, regexTarget is secret, match or line", where=where)
    allow = Allow(
        regexes=_texts(table, "regexes", where=where),
        target=Target(target),
        stopwords=tuple(word.lower() for word in _texts(table, "stopwords", where=where)),
        paths=_texts(table, "paths", where=where),
        every=_EVERY[condition],
    )
    for expression in (*allow.regexes, *allow.paths):
        _checked(expression, where=where)
    return allow


def _checked(expression: str, *, where: str) -> int:
    """Number of groups of an expression that RE2 takes."""
    try:
        return int(compile_joined((expression,)).groups)
    except ConfigurationError as error:
        raise ConfigurationError(error.message, where=where) from None


def _tables(value: Any, *, where: str) -> list[dict[str, Any]]:
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        raise ConfigurationError("a list of tables was expected", where=where)
    return value


def _text(table: Mapping[str, Any], key: str, *, where: str) -> str:
    value = table.get(key, "")
    if not isinstance(value, str):
        raise ConfigurationError(f"{key} is a text", where=where)
    return value


def _texts(table: Mapping[str, Any], key: str, *, where: str) -> tuple[str, ...]:
    value = table.get(key, [])
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise ConfigurationError(f"{key} is a list of texts", where=where)
    return tuple(value)
