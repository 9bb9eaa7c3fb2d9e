"""Turns what a policy said of an object into a finding, with its place in the file and a fix where one is safe."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from lockgate.formats.printable import veiled
from lockgate.lazy_pattern import lazy_pattern
from lockgate.model import Edit, Finding, Fix, Location, Named, Object, Related, Subject
from lockgate.model.named import OBJECT
from lockgate.model.quick import maker
from lockgate.policy.catalogue._places import group_kind
from lockgate.policy.catalogue.hit import Hit

_SCALAR = lazy_pattern(
    r"(?P<head>\s*(?:-\s+)?(?P<key>[\w.-]{1,100}):\s+)(?P<value>[\w.+-]{1,100})(?P<tail>\s*(?:#.*)?)\Z"
)
_last: list[Told | None] = [None]
"""The object of the last finding, and its facts."""
_WRITTEN = {True: "true", False: "false", None: "null"}
_make, _locate, _about = maker(Finding), maker(Location), maker(Subject)


def finding(hit: Hit, judged: Object, lines: Sequence[str] = ()) -> Finding:
    """The finding of one hit. ``lines`` is the text that ``judged`` stands in, when it stands in a file."""
    told = _last[0]
    if told is None or told.judged is not judged or told.lines is not lines:
        _last[0] = told = Told(judged, lines)  # one assignment, so that threads see the one or the other
    return told.finding(hit)


@lru_cache(maxsize=1024)
def _fix(text: str, edits: tuple[Edit, ...]) -> Fix:
    return Fix(text, edits)


class Told:
    """Findings of one object, which come one after the other and share what all of them say: a cluster has many."""

    __slots__ = ("_facts", "_name", "_places", "_shown", "judged", "lines")

    def __init__(self, judged: Object, lines: Sequence[str] = ()) -> None:
        """``lines`` as :func:`finding` has them."""
        self.judged = judged
        self.lines = lines
        made = (Related("generated-by", judged.generated_by),) if judged.generated_by else ()
        self._facts = tuple(sorted((*made, *Named.of(judged).facts()), key=lambda fact: fact.name))
        self._name = _name(judged)
        self._places: dict[str, Location] = {}
        self._shown: dict[int, tuple[str, ...]] = {}

    def finding(self, hit: Hit) -> Finding:
        """The finding of one hit."""
        rule, pointer = hit.rule, hit.pointer
        place = self._places.get(pointer)
        if place is None:
            place = self._places[pointer] = self._place(pointer)
        edits = _edits(hit, self.judged, place.line, self.lines) if "fix" in rule.logic else ()
        return _make(
            rule.id, rule.family, rule.severity, rule.confidence, _subject(hit, *self._name), place, hit.message,
            _fix(rule.fix, edits), (), self._facts,
        )  # fmt: skip

    def _place(self, pointer: str) -> Location:
        line = self.judged.line_of(pointer)
        shown = self._shown.get(line)
        if shown is None:
            shown = (veiled(self.lines[line - 1])[:200],) if 0 < line <= len(self.lines) else ()
            self._shown[line] = shown
        return _locate(self.judged.path, line, line, 0, 0, pointer, "", shown)


def subject(hit: Hit, judged: Object) -> Subject:
    """The object and item at fault, by names that are the same in a file and in a cluster."""
    return _subject(hit, *_name(judged))


def _name(judged: Object) -> tuple[str, str]:
    """What the object is called: for people, and as its identity."""
    if judged.form == "azure":
        kind, name = str(judged.body.get("type", "")), str(judged.body.get("name", ""))
        return f"{kind} {name}", f"{kind.lower()}|{name.lower()}"
    group, kind = group_kind(judged.body)
    name, namespace = object_name(judged), _namespace(judged)
    # Every cluster puts what names no namespace into this one, so both are the same object.
    within = namespace or ("" if judged.form == "forge" else "default")
    key = f"{group}/{kind}|{within}|{name}"
    return f"{kind} {namespace}/{name}" if namespace else f"{kind} {name}", key


def _subject(hit: Hit, shown: str, key: str) -> Subject:
    item = hit.item
    if item:
        shown = f"{shown}, {item}"
    return _about(OBJECT, shown[:300], f"{key}|{_field(hit.pointer)}|{item}")


@lru_cache(maxsize=4_096)
def _field(pointer: str) -> str:
    """The pointer without places in lists: the same few fields are at fault in most objects."""
    return "/".join([part for part in pointer.split("/") if not part.isdigit()])


def object_name(judged: Object) -> str:
    """``metadata.name``, or the prefix that a name is generated from."""
    metadata = judged.body.get("metadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    return str(metadata.get("name") or metadata.get("generateName") or "")


def _namespace(judged: Object) -> str:
    metadata = judged.body.get("metadata")
    return str(metadata.get("namespace") or "") if isinstance(metadata, dict) else ""


def _edits(hit: Hit, judged: Object, line: int, lines: Sequence[str]) -> tuple[Edit, ...]:
    """An edit where the field stands alone on its line with a plain value; what is missing is for people to add."""
    wanted: Any = hit.rule.logic.get("fix")
    if not isinstance(wanted, dict) or judged.generated_by or not 0 < line <= len(lines):
        return ()
    match = _SCALAR.match(lines[line - 1])
    if match is None or match["key"] != hit.pointer.rpartition("/")[2]:
        return ()
    if "set" in wanted:
        value = wanted["set"]
        text = f"{match['head']}{_WRITTEN[value] if value in (True, False, None) else value}{match['tail']}"
        return (Edit(judged.path, line, line, text, lines[line - 1]),)
    if wanted.get("remove") is True and "- " not in match["head"]:
        return (Edit(judged.path, line, line, "", lines[line - 1]),)
    return ()
