"""Gathers what one lock file states and turns it into components: the part that all formats share."""

from __future__ import annotations

import binascii
import re
from collections.abc import Callable, Iterable
from dataclasses import field
from typing import Any

from lockgate.dataclass import dataclass
from lockgate.formats.lockfiles import Reading
from lockgate.formats.lockfiles._graph import chains, parents, scopes, stronger
from lockgate.formats.paths import folder_of as folder_of
from lockgate.formats.paths import join as join
from lockgate.formats.purl import purl
from lockgate.formats.purl import python_name as python_name
from lockgate.model import Component, Scope, Skip, SkipKind

Key = tuple[str, str]
"""Name and version: what stands twice in one file is one component."""

Sibling = Callable[[str], bytes | None]
"""Another file of the same tree by its path, or None."""

FAMILY = "dependencies"
MAX_SKIPS = 200
_MAX_TEXT = 500


@dataclass(slots=True)
class _Entry:
    line: int
    direct: bool | None
    scope: Scope | None
    licence: str
    hashes: tuple[str, ...]
    requirement: str
    ecosystem: str
    requires: list[Key] = field(default_factory=list)


class Collector:
    """What one file states. Formats call ``add``, ``require`` and ``skip``; ``reading`` settles the rest."""

    def __init__(self, path: str, ecosystem: str) -> None:
        self.path = path
        self.ecosystem = ecosystem
        self.covers: list[str] = []
        self._entries: dict[Key, _Entry] = {}
        self._skips: dict[tuple[SkipKind, str, int], None] = {}

    def add(
        self,
        name: str,
        version: str,
        *,
        line: int = 0,
        direct: bool | None = None,
        scope: Scope | None = None,
        licence: str = "",
        hashes: Iterable[str] = (),
        requirement: str = "",
        ecosystem: str = "",
    ) -> Key:
        """State one component; stating it again joins what is known. ``scope`` None: derive it from who requires it."""
        key = (name[:_MAX_TEXT], version[:_MAX_TEXT])
        entry = self._entries.get(key)
        if entry is None:
            self._entries[key] = _Entry(
                line, direct, scope, licence, tuple(hashes), requirement, ecosystem or self.ecosystem
            )
            return key
        entry.direct = direct if entry.direct is None else entry.direct or bool(direct)
        if scope is not None:
            entry.scope = scope if entry.scope is None else stronger(entry.scope, scope)
        entry.licence = entry.licence or licence
        entry.hashes = tuple(dict.fromkeys((*entry.hashes, *hashes)))
        entry.requirement = entry.requirement or requirement
        return key

    def require(self, parent: Key, child: Key) -> None:
        """``parent`` requires ``child``; both have been added, or will be."""
        self._entries[parent].requires.append(child)

    def name_direct(self, key: Key, scope: Scope | None = None) -> None:
        """A manifest names ``key``."""
        entry = self._entries.get(key)
        if entry is not None:
            entry.direct = True
            if scope is not None:
                entry.scope = scope if entry.scope is None else stronger(entry.scope, scope)

    def skip(self, kind: SkipKind, reason: str, *, line: int = 0) -> None:
        """Say what could not be read; at most ``MAX_SKIPS`` are kept, each once a line."""
        if len(self._skips) < MAX_SKIPS:
            self._skips.setdefault((kind, reason, line))
        elif len(self._skips) == MAX_SKIPS:
            self._skips.setdefault((SkipKind.LIMIT, "further parts of the file could not be read either", 0))

    def malformed(self, reason: str, *, line: int = 0) -> None:
        """A part that the format does not allow, or that a cut file lacks."""
        self.skip(SkipKind.MALFORMED, reason, line=line)

    def dangling(self, parent: str, child: str, *, line: int = 0) -> None:
        """``parent`` requires something the lock does not hold: the file is cut, or was edited by hand."""
        self.malformed(f"{_word(parent)} requires {_word(child)}, which the file does not hold", line=line)

    def refuse_orphans(self) -> None:
        """For a lock that states every edge and every root: what nothing names was named in a part that is gone."""
        required = {child for entry in self._entries.values() for child in entry.requires}
        for key, entry in self._entries.items():
            if not entry.direct and key not in required:
                self.malformed(f"nothing in the file requires {_word(key[0])}: the file seems cut", line=entry.line)

    def reading(self, *, direct_known: bool) -> Reading:
        """Settle parents, chains and scopes.

        ``direct_known``: every component that no manifest names is an indirect one. Otherwise whatever nothing
        requires must be direct, and of the rest that is not stated.
        """
        entries = self._entries
        edges = {key: [child for child in entry.requires if child in entries] for key, entry in entries.items()}
        above = parents(edges)
        direct = self._direct(above, direct_known=direct_known)
        label = {key: f"{key[0]}@{key[1]}" if key[1] else key[0] for key in entries}
        via = chains(edges, direct, label=label)
        reach = scopes(edges, {key: entries[key].scope or Scope.RUNTIME for key in direct})
        components = tuple(
            Component(
                ecosystem=entry.ecosystem,
                name=key[0],
                version=key[1],
                path=self.path,
                line=entry.line,
                direct=entry.direct if entry.direct is not None or not direct_known else False,
                parents=tuple(sorted({label[parent] for parent in above.get(key, ())})),
                via=via.get(key, ()),
                scope=entry.scope or reach.get(key, Scope.RUNTIME),
                licence=entry.licence,
                hashes=entry.hashes,
                purl=purl(entry.ecosystem, *key),
                requirement=entry.requirement,
            )
            for key, entry in entries.items()
        )
        skips = tuple(Skip(self.path, kind, reason, FAMILY, line) for kind, reason, line in self._skips)
        return Reading(components, skips, tuple(self.covers))

    def _direct(self, above: dict[Key, list[Key]], *, direct_known: bool) -> list[Key]:
        if not direct_known:
            for key, entry in self._entries.items():
                if entry.direct is None and key not in above:
                    entry.direct = True
        return [key for key, entry in self._entries.items() if entry.direct]


def _word(text: str) -> str:
    """A name fit for a reason: printable and short."""
    return re.sub(r"[^\w @./:+~^<>=*,|-]", "?", text[:80])


def mapping(value: Any) -> dict[str, Any]:
    """``value`` when it is a mapping, with its keys as text; otherwise an empty one."""
    if not isinstance(value, dict):
        return {}
    try:
        "".join(value)  # the fastest way to learn whether every key is text; YAML has others
    except TypeError:
        return {str(key): item for key, item in value.items()}
    return value


def listing(value: Any) -> list[Any]:
    """``value`` when it is a list, otherwise an empty one."""
    return value if isinstance(value, list) else []


def text(value: Any) -> str:
    """``value`` when it is text (or a number that stands for one), otherwise an empty string."""
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else ""


def integrity_hashes(integrity: str) -> tuple[str, ...]:
    """Subresource integrity (``sha512-<base64> sha1-...``) as ``algorithm:hex``."""
    found = []
    for part in integrity.split()[:8]:
        algorithm, dash, digest = part.partition("-")
        if dash and algorithm.isalnum():
            try:
                found.append(f"{algorithm}:{binascii.a2b_base64(digest.partition('?')[0], strict_mode=True).hex()}")
            except (ValueError, binascii.Error):
                continue
    return tuple(found)
