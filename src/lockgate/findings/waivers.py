"""Waivers: the reviewed file, those in comments, and which finding each covers.

The file (``lockgate-waivers.yaml``) holds a list ``waivers`` of mappings with ``by``, ``reason``, ``expires`` and at
least one of ``rule``, ``identity``, ``alias``, narrowed by ``path`` (a glob) and ``package``, and for objects by
``kind``, ``name``, ``namespace``, ``cluster`` (globs), ``selector`` (as ``kubectl get -l`` takes it) and ``scope`` (of
Azure). A wrong file is refused whole, with the line; a wrong comment covers nothing and is told. A waiver counts
through its last day, and at most ``MAX_DAYS`` ahead: an exception for ever is a rule nobody reviewed.

A scanner of files, an admission and an audit ask the same matcher, the first and the last of findings, admission of
the object under review: ``Matcher(waivers, today).covers(rule, object)``.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date
from functools import lru_cache
from typing import TYPE_CHECKING

from lockgate.dataclass import dataclass
from lockgate.errors import ConfigurationError
from lockgate.findings._fields import JUSTIFICATION, KEYS, waiver_from
from lockgate.findings._objects import fault, means
from lockgate.findings.identity import fingerprint
from lockgate.findings.owners import Glob, compiled
from lockgate.model import Finding, Location, Named, Object, WaiverUse
from lockgate.store.waiver import MAX_DAYS, Waiver

if TYPE_CHECKING:
    from lockgate.formats.yaml_safe import Node

_MAX_BYTES = 4 * 1024 * 1024
_HINT = "a file is `waivers:` and a list of mappings with rule, identity or alias, and by, reason, expires"


@dataclass(frozen=True, slots=True)
class Waivers:
    """Every waiver of a run."""

    entries: tuple[Waiver, ...] = ()

    @classmethod
    def load(cls, text: str, *, where: str) -> Waivers:
        """The waivers of a file. Raises :class:`ConfigurationError` with the line on anything that is wrong."""
        from lockgate.formats.yaml_safe import FormatError, compose_all

        try:
            roots = compose_all(text.encode("utf-8", "surrogatepass"), max_bytes=_MAX_BYTES, max_depth=8)
        except FormatError as error:
            line = getattr(error, "line", 0)
            raise ConfigurationError(str(error), where=f"{where}:{line}" if line else where, hint=_HINT) from None
        if not roots or (len(roots) == 1 and not roots[0].is_mapping and not roots[0].value):
            return cls()
        if len(roots) > 1 or not roots[0].is_mapping:
            raise ConfigurationError("not one mapping", where=f"{where}:{roots[-1].line}", hint=_HINT)
        return cls(tuple(_entry(node, where) for node in _listed(roots[0], where)))

    def extended(self, more: Iterable[Waiver]) -> Waivers:
        """These and those of comments."""
        return Waivers((*self.entries, *more))


class Matcher:
    """Waivers at work in one run: which were used, which have expired."""

    def __init__(self, waivers: Waivers, today: date) -> None:
        self._today = today
        self._entries = tuple(_too_far(one, today) for one in dict.fromkeys(waivers.entries))
        self._by_target: dict[str, list[Waiver]] = defaultdict(list)
        for one in self._entries:
            if not one.problem:
                self._by_target[one.identity or one.alias or one.rule].append(one)
        self._used: set[Waiver] = set()

    @property
    def any(self) -> bool:
        """Whether there is any waiver that may cover something."""
        return bool(self._by_target)

    def covering(self, identity: str, finding: Finding, places: Sequence[Location]) -> WaiverUse | None:
        """The waiver that covers the finding at every one of its places; else an expired one that would have."""
        meaning = self._by_target
        if not meaning or not (finding.rule in meaning or identity in meaning or finding.aliases):
            return None  # as of most
        targets = (identity, *finding.aliases, finding.rule)
        asked = [one for target in dict.fromkeys(targets) for one in meaning.get(target, ())]
        meant = [one for one in asked if _fits(one, identity, finding)]
        if any(one.of_objects for one in meant):
            named = Named.of_finding(finding)
            meant = [one for one in meant if means(one, named)]
        return self._best(meant, places)

    def waives(self, finding: Finding) -> bool:
        """Whether a waiver that has not expired covers a finding that is not settled yet, at its one place."""
        if not self._by_target:
            return False
        use = self.covering(fingerprint(finding), finding, (finding.location,))
        return use is not None and not use.expired

    def covers(self, rule: str, judged: Object) -> WaiverUse | None:
        """The waiver that covers whatever ``rule`` says of ``judged``; else an expired one that would have.

        For who decides on an object as it comes by, as an admission does: a waiver of one finding by its identity, or
        of a path, says nothing of an object that stands in no file. May be asked by several threads at once.
        """
        meant = [one for one in self._by_target.get(rule, ()) if not (one.identity or one.alias or one.package)]
        if not meant:
            return None
        named = Named.of(judged)
        place = Location(judged.path, judged.line_of(""))
        return self._best([one for one in meant if means(one, named)], (place,))

    def notices(self, *, tell_unused: bool) -> tuple[str, ...]:
        """What people should know of the waivers, in their order."""
        told: list[str] = []
        for one in self._entries:
            if one.problem:
                told.append(f"{one.where}: this waiver does not count: {one.problem}")
            elif self._expired(one):
                told.append(
                    f"{one.where}: the waiver of {one.id} by {one.by} expired on {one.expires} and no longer counts"
                )
            elif tell_unused and one not in self._used:
                told.append(f"{one.where}: the waiver of {one.id} by {one.by} covers nothing; it can go")
        return tuple(told)

    def _best(self, meant: Sequence[Waiver], places: Sequence[Location]) -> WaiverUse | None:
        if not meant:
            return None
        alive = [one for one in meant if not self._expired(one)]
        return self._use(alive, places, expired=False) or self._use(meant, places, expired=True)

    def _use(self, meant: Sequence[Waiver], places: Sequence[Location], *, expired: bool) -> WaiverUse | None:
        first: Waiver | None = None
        for place in places:
            holder = next((one for one in meant if _holds(one, place)), None)
            if holder is None:
                return None
            first = first or holder
            self._used.add(holder)
        if first is None:
            return None
        return WaiverUse(
            id=first.id, by=first.by, reason=first.reason, expires=first.expires, expired=expired, where=first.where,
            status="not_affected" if first.justification else "", justification=first.justification,
        )  # fmt: skip

    def _expired(self, one: Waiver) -> bool:
        return date.fromisoformat(one.expires) < self._today


def _fits(one: Waiver, identity: str, finding: Finding) -> bool:
    """Whether everything the waiver names, apart from the path, is so."""
    return (
        (not one.identity or one.identity == identity)
        and (not one.alias or one.alias in finding.aliases)
        and (not one.rule or one.rule == finding.rule)
        and (not one.package or _same_package(one.package, finding))
    )


def _same_package(package: str, finding: Finding) -> bool:
    subject = finding.subject
    key_name = subject.key.partition("/")[2] or subject.key
    return subject.kind == "component" and package in (key_name, subject.key, subject.name.rpartition(" ")[0])


def _holds(one: Waiver, place: Location) -> bool:
    if one.line:
        return one.path == place.path and place.line <= one.line <= max(place.line, place.end_line)
    return not one.path or _glob(one.path).matches(place.path)


@lru_cache(maxsize=512)
def _glob(pattern: str) -> Glob:
    """As in CODEOWNERS, but counted from the root: ``tests/**``, ``**/*.pem``, ``docs/``."""
    expression = compiled(pattern if pattern.startswith("/") else "/" + pattern)
    if expression is None:
        raise ValueError(f"{pattern!r} is no glob")
    return expression


def _too_far(one: Waiver, today: date) -> Waiver:
    if one.problem or (date.fromisoformat(one.expires) - today).days <= MAX_DAYS:
        return one
    return replace(one, problem=f"it lasts until {one.expires}, more than {MAX_DAYS} days ahead")


def _listed(root: Node, where: str) -> list[Node]:
    items: list[Node] = []
    for key, value in root.pairs:
        if key.text not in ("waivers", "version"):
            raise ConfigurationError(
                f"{key.text!r} is no key here; did you mean 'waivers'?", where=f"{where}:{key.line}", hint=_HINT
            )
        if key.text == "waivers":
            if not value.is_sequence and value.text:
                raise ConfigurationError("'waivers' is not a list", where=f"{where}:{value.line}", hint=_HINT)
            items.extend(value.items)
        elif value.text != "1":
            raise ConfigurationError("only version 1 is known", where=f"{where}:{value.line}", hint=_HINT)
    return items


def _entry(node: Node, where: str) -> Waiver:
    place = f"{where}:{node.line}"
    if not node.is_mapping:
        raise ConfigurationError("a waiver is a mapping", where=place, hint=_HINT)
    values: dict[str, str] = {}
    for key, value in node.pairs:
        if value.is_mapping or value.is_sequence:
            raise ConfigurationError(f"{key.text!r} is not plain text", where=f"{where}:{key.line}", hint=_HINT)
        if key.text in values:
            raise ConfigurationError(f"{key.text!r} stands twice", where=f"{where}:{key.line}", hint=_HINT)
        values[key.text] = value.text
    waiver = waiver_from(values, allowed=(*KEYS, JUSTIFICATION), where=place)
    problem = waiver.problem
    if not problem and waiver.path and compiled("/" + waiver.path.lstrip("/")) is None:
        problem = f"path {waiver.path!r} is no glob"
    problem = problem or fault(waiver)
    if problem:
        raise ConfigurationError(problem, where=place, hint=_HINT)
    return waiver
