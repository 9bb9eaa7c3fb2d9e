"""Turns the YAML form of one rule into the noun ``Rule``, or says at which line it is wrong.

Every key is known, every word is checked, both kinds of samples are demanded. What a family's ``logic`` may hold
beyond being a filled mapping is checked in ``_logic`` (secrets) and by the scanner of the family.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from enum import IntEnum
from typing import Any, TypeVar

from lockgate.errors import ConfigurationError
from lockgate.lazy_pattern import lazy_pattern
from lockgate.model import Confidence, Family, Rule, RuleId, Sample, Severity
from lockgate.rules._logic import check_secret_logic
from lockgate.rules._samples import expand_sample
from lockgate.rules._yaml import Node, read_yaml

_REQUIRED = ("id", "title", "why", "severity", "confidence", "fix", "logic", "samples")
_KEYS = (*_REQUIRED, "tags", "references")
_SAMPLE_KEYS = ("fires", "text", "path", "note", "lines")
_NAME = lazy_pattern(r"[a-z0-9]+(-[a-z0-9]+)*\Z")
_TAG = lazy_pattern(r"[a-z0-9]+([.-][a-z0-9]+)*\Z")
_REFERENCE = lazy_pattern(r"https://[^\s/]+\.[^\s/]+(/\S*)?\Z")
G = TypeVar("G", bound=IntEnum)


class Place:
    """Names lines of one file in errors."""

    __slots__ = ("where",)

    def __init__(self, where: str) -> None:
        self.where = where

    def error(self, node: Node, message: str, *, hint: str = "") -> ConfigurationError:
        """The error, not raised: the caller writes ``raise place.error(...)`` so that readers see the exit."""
        return ConfigurationError(message, where=f"{self.where}:{node.line}", hint=hint)


def rule_from_yaml(content: bytes, where: str, *, family: Family, name: str) -> Rule:
    """The rule that ``content`` holds; ``name`` is the file's stem. Raises ``ConfigurationError``."""
    place = Place(where)
    root = read_yaml(content, where)
    fields = _mapping(root, place, known=_KEYS, what="rule")
    for key in _REQUIRED:
        if key not in fields:
            raise place.error(root, f"the key {key!r} is missing", hint=f"a rule needs {', '.join(_REQUIRED)}")
    logic = fields["logic"]
    if not isinstance(logic.value, dict) or not logic.value:
        raise place.error(logic, "'logic' must be a mapping with at least one key")
    if family is Family.SECRETS:
        check_secret_logic(logic.value, lambda node, message, hint: place.error(node, message, hint=hint))
    return Rule(
        id=_id(fields["id"], place, family=family, name=name),
        family=family,
        title=_title(fields["title"], place),
        why=_text(fields["why"], place, "why"),
        severity=_grade(fields["severity"], place, Severity, what="severity"),
        confidence=_grade(fields["confidence"], place, Confidence, what="confidence"),
        fix=_text(fields["fix"], place, "fix"),
        logic=logic.plain(),
        tags=_words(fields.get("tags"), place, "tags", form=_TAG, hint="lower-case words joined by '-'"),
        references=_words(fields.get("references"), place, "references", form=_REFERENCE, hint="an https address"),
        samples=_samples(fields["samples"], place),
    )


def nearest(word: str, known: Collection[str]) -> str:
    """``did you mean ...?`` when one of ``known`` is close, otherwise the list of them (cut to twelve)."""
    import difflib

    close = difflib.get_close_matches(word, known, n=1, cutoff=0.6)
    if close:
        return f"did you mean {close[0]!r}?"
    listed = sorted(known)
    return f"known: {', '.join(listed[:12])}{', ...' if len(listed) > 12 else ''}"


def _mapping(node: Node, place: Place, *, known: Collection[str], what: str) -> dict[str, Node]:
    if not isinstance(node.value, dict):
        raise place.error(node, f"a {what} must be a mapping")
    for key, value in node.value.items():
        if key not in known:
            raise place.error(value, f"unknown key {key!r} in a {what}", hint=nearest(key, known))
    return node.value


def _text(node: Node, place: Place, key: str) -> str:
    if not isinstance(node.value, str) or not node.value.strip():
        raise place.error(node, f"{key!r} must be text", hint="put it in quotes" if node.value is not None else "")
    return node.value.strip()


def _title(node: Node, place: Place) -> str:
    title = _text(node, place, "title")
    if "\n" in title or title.endswith(".") or len(title) > 120:
        raise place.error(node, "'title' must be one line of at most 120 characters without a full stop at its end")
    return title


def _id(node: Node, place: Place, *, family: Family, name: str) -> RuleId:
    expected = f"{family.value}/{name}"
    if _NAME.match(name) is None:
        raise place.error(node, f"the file name {name!r} is not lower-case words joined by '-'", hint="rename the file")
    if node.value != expected:
        raise place.error(node, f"the id is {node.value!r}", hint=f"by its place it must be {expected!r}")
    return RuleId(expected)


def _grade(node: Node, place: Place, kind: type[G], *, what: str) -> G:
    words = {grade.name.lower(): grade for grade in kind}
    if not isinstance(node.value, str) or node.value not in words:
        raise place.error(node, f"{node.value!r} is not a {what}", hint=nearest(str(node.value), words))
    return words[node.value]


def _words(node: Node | None, place: Place, key: str, *, form: re.Pattern[str], hint: str) -> tuple[str, ...]:
    if node is None:
        return ()
    found: list[str] = []
    for item in _list(node, place, key):
        if not isinstance(item.value, str) or form.match(item.value) is None:
            raise place.error(item, f"{item.value!r} does not fit {key!r}", hint=f"each of them is {hint}")
        if item.value in found:
            raise place.error(item, f"{item.value!r} stands twice in {key!r}", hint="keep one of them")
        found.append(item.value)
    return tuple(found)


def _list(node: Node, place: Place, key: str) -> list[Node]:
    if not isinstance(node.value, list):
        raise place.error(node, f"{key!r} must be a list")
    return node.value


def _samples(node: Node, place: Place) -> tuple[Sample, ...]:
    samples = tuple(_sample(item, place) for item in _list(node, place, "samples"))
    for fires, word in ((True, "that fires"), (False, "that stays quiet")):
        if not any(sample.fires is fires for sample in samples):
            raise place.error(node, f"no sample {word}", hint=f"add one with fires: {str(fires).lower()}")
    return samples


def _sample(node: Node, place: Place) -> Sample:
    fields = _mapping(node, place, known=_SAMPLE_KEYS, what="sample")
    for key in ("fires", "text"):
        if key not in fields:
            raise place.error(node, f"the key {key!r} of the sample is missing")
    if not isinstance(fields["fires"].value, bool):
        raise place.error(fields["fires"], "'fires' must be true or false")
    text = fields["text"]
    if not isinstance(text.value, str):
        raise place.error(text, "'text' must be text", hint="put it in quotes")
    _checked(text, place, expand_sample)
    lines = _list(fields["lines"], place, "lines") if "lines" in fields else []
    for line in lines:
        if type(line.value) is not int or line.value < 1:
            raise place.error(line, f"{line.value!r} is not a line number", hint="lines count from 1")
    return Sample(
        fires=fields["fires"].value,
        text=text.value,
        path=_text(fields["path"], place, "path") if "path" in fields else "",
        note=_text(fields["note"], place, "note") if "note" in fields else "",
        lines=tuple(line.value for line in lines),
    )


def _checked(node: Node, place: Place, expand: Callable[[str], Any]) -> None:
    try:
        expand(node.value)
    except ConfigurationError as error:
        raise place.error(node, error.message, hint=error.hint) from None
