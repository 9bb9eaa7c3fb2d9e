"""Kubernetes label selectors: matchLabels and matchExpressions, read once and then asked about labels.

The shape is ``LabelSelector`` of ``meta/v1``. Every requirement must hold. A selector without requirements selects
everything; what an absent selector means is the caller's to say, because Kubernetes gives it no one meaning.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from lockgate.dataclass import dataclass
from lockgate.lazy_pattern import lazy_pattern
from lockgate.policy.errors import PolicyError

_OPERATORS = ("In", "NotIn", "Exists", "DoesNotExist")
_FIELDS = {"matchLabels", "matchExpressions"}


@dataclass(frozen=True, slots=True)
class Requirement:
    """One condition on one label."""

    key: str
    """The label's key."""
    operator: str
    """``In``, ``NotIn``, ``Exists`` or ``DoesNotExist``."""
    values: frozenset[str] = frozenset()
    """What ``In`` and ``NotIn`` compare with; empty for the others."""

    def holds(self, labels: Mapping[str, object]) -> bool:
        """Whether ``labels`` meet it. ``NotIn`` and ``DoesNotExist`` hold for a label that is absent."""
        present = self.key in labels
        if self.operator == "Exists":
            return present
        if self.operator == "DoesNotExist":
            return not present
        value = labels.get(self.key)
        among = present and isinstance(value, str) and value in self.values
        return among if self.operator == "In" else not among


@dataclass(frozen=True, slots=True)
class LabelSelector:
    """All requirements of one selector."""

    requirements: tuple[Requirement, ...] = ()
    """Conditions that must all hold; none means that everything is selected."""

    def matches(self, labels: object) -> bool:
        """Whether an object with these ``labels`` is selected. What is not a map counts as no labels."""
        found: Mapping[str, object] = labels if isinstance(labels, Mapping) else {}
        return all(requirement.holds(found) for requirement in self.requirements)


EVERYTHING = LabelSelector()
"""The selector without requirements."""


def parse_selector(value: object, *, where: str = "") -> LabelSelector:
    """The selector that a plain object spells. ``None`` reads as ``{}``.

    Raises :class:`PolicyError` for an unknown field or operator, ``In`` or ``NotIn`` without values, ``Exists`` or
    ``DoesNotExist`` with values, and any value that is not text: each would make the selector select something else
    than its author meant.
    """
    if value is None:
        return EVERYTHING
    if not isinstance(value, Mapping):
        raise PolicyError(f"a label selector must be a map, not {_kind(value)}", where=where)
    unknown = sorted(str(key) for key in value if key not in _FIELDS)
    if unknown:
        raise PolicyError(f"a label selector has no field {unknown[0]!r}", where=where, hint=f"it has {_list(_FIELDS)}")
    return LabelSelector((*_labels(value.get("matchLabels"), where), *_expressions(value, where)))


_MAX_TEXT = 4_000
_KEY = r"[A-Za-z0-9]([A-Za-z0-9./_-]{0,315}[A-Za-z0-9])?"
_VALUE = r"([A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?)?"
_WRITTEN = lazy_pattern(
    rf"""\s*(?:(?P<absent>!)\s*(?P<no>{_KEY})
    | (?P<key>{_KEY})\s*(?:(?P<sign>==?|!=)\s*(?P<value>{_VALUE})|\s(?P<word>in|notin)\s*\((?P<set>[^()]{{0,2000}})\))?
    )\s*(?:,|\Z)""",
    re.VERBOSE,
)


def selector_of_text(text: str, *, where: str = "") -> LabelSelector:
    """The selector that ``kubectl get -l`` would read: ``app=web,tier!=front,env in (a,b),!legacy,owned``.

    Raises :class:`PolicyError` for anything else, and for an empty text, which would select everything.
    """
    if not text.strip() or len(text) > _MAX_TEXT:
        raise PolicyError("a selector has between 1 and 4,000 characters", where=where)
    found: list[Requirement] = []
    start = 0
    while start < len(text):
        match = _WRITTEN.match(text, start)
        if match is None or (match.end() == len(text) and text.endswith(",")):
            raise PolicyError(
                f"{text[start:][:60]!r} is no label requirement", where=where,
                hint="write app=web, tier!=front, env in (a,b), env notin (a,b), owned or !legacy, joined by commas",
            )  # fmt: skip
        found.append(_written(match, where))
        start = match.end()
    return LabelSelector(tuple(found))


def _written(match: re.Match[str], where: str) -> Requirement:
    if match["absent"]:
        return Requirement(match["no"], "DoesNotExist")
    if match["sign"]:
        return Requirement(match["key"], "NotIn" if match["sign"] == "!=" else "In", frozenset((match["value"],)))
    if match["word"]:
        values = frozenset(one.strip() for one in match["set"].split(","))
        wrong = next((one for one in values if not re.fullmatch(_VALUE, one)), None)
        if wrong is not None:
            raise PolicyError(f"{wrong!r} is no value of a label", where=where)
        return Requirement(match["key"], "In" if match["word"] == "in" else "NotIn", values)
    return Requirement(match["key"], "Exists")


def _labels(value: object, where: str) -> list[Requirement]:
    if value is None:
        return []
    if not isinstance(value, Mapping):
        raise PolicyError(f"matchLabels must be a map, not {_kind(value)}", where=where)
    for key, text in value.items():
        if not isinstance(key, str) or not isinstance(text, str):
            raise PolicyError(f"matchLabels: the value of {key!r} must be text, not {_kind(text)}", where=where)
    return [Requirement(key, "In", frozenset((text,))) for key, text in value.items()]


def _expressions(selector: Mapping[object, object], where: str) -> list[Requirement]:
    value = selector.get("matchExpressions")
    if value is None:
        return []
    if not isinstance(value, list | tuple):
        raise PolicyError(f"matchExpressions must be a list, not {_kind(value)}", where=where)
    return [_expression(item, f"matchExpressions[{index}]", where) for index, item in enumerate(value)]


def _expression(item: object, at: str, where: str) -> Requirement:
    if not isinstance(item, Mapping):
        raise PolicyError(f"{at} must be a map, not {_kind(item)}", where=where)
    key, operator, values = item.get("key"), item.get("operator"), item.get("values")
    if not isinstance(key, str) or not key:
        raise PolicyError(f"{at} needs a key", where=where)
    if operator not in _OPERATORS:
        raise PolicyError(f"{at} has the unknown operator {operator!r}", where=where, hint=f"use {_list(_OPERATORS)}")
    values = [] if values is None else values
    if not isinstance(values, list | tuple) or not all(isinstance(text, str) for text in values):
        raise PolicyError(f"{at}: values must be a list of texts", where=where)
    if operator in ("In", "NotIn") and not values:
        raise PolicyError(f"{at}: {operator} needs at least one value", where=where)
    if operator in ("Exists", "DoesNotExist") and values:
        raise PolicyError(f"{at}: {operator} takes no values", where=where)
    return Requirement(key, operator, frozenset(values))


def _kind(value: object) -> str:
    return "null" if value is None else type(value).__name__


def _list(names: Iterable[str]) -> str:
    return ", ".join(sorted(names))
