"""package-lock.json and npm-shrinkwrap.json, versions 1 to 3.

https://docs.npmjs.com/cli/configuring-npm/package-lock-json. Version 1's tree is read as the places of version 2.
"""

from __future__ import annotations

import re
from typing import Any

from lockgate.formats import json_safe
from lockgate.formats.json_safe import FormatError, JsonPath
from lockgate.formats.lockfiles import Reader, Reading, named
from lockgate.formats.lockfiles._collect import Collector, Key, Sibling, folder_of, integrity_hashes, mapping, text
from lockgate.formats.lockfiles._node import MAX_NESTING, alias, name_of, package_json, resolve, wanted
from lockgate.model import Scope, SkipKind


def read(path: str, content: bytes, sibling: Sibling) -> Reading:
    """Every package once a version; a package at several places has the line of the first."""
    document = json_safe.load(content)
    if not isinstance(document, dict):
        raise FormatError("not an object", 1)
    collector = Collector(path, "npm")
    if isinstance(document.get("packages"), dict):
        places = mapping(document["packages"])
        return _places(collector, places, _place_lines(content, places))
    if isinstance(document.get("dependencies"), dict):
        places, lines_of_places = _flatten(
            document["dependencies"], json_safe.container_lines(content, max_depth=2 * MAX_NESTING)
        )
        root = package_json(folder_of(path), sibling)
        if root is not None:
            places[""] = root
        return _places(collector, places, lines_of_places)
    if "lockfileVersion" in document and not {"packages", "dependencies"} & set(document):
        return collector.reading(direct_known=True)  # what npm writes for a project without dependencies
    raise FormatError(
        "no packages and no dependencies: not a package lock, or one that was cut", kind=SkipKind.MALFORMED
    )


def _place_lines(content: bytes, places: dict[str, Any]) -> dict[str, int]:
    """Lines of the keys of ``packages``.

    npm writes one key a line, and no string of JSON holds a line break, so the keys at one indentation are found at
    once, ten times faster than by the scanner, which reads whatever is laid out otherwise.
    """
    begin = content.find(b'"packages"')
    indentation = re.compile(rb'"packages": \{\r?\n([ \t]+)"').match(content, begin)
    found: dict[str, int] = {}
    if indentation:
        line, counted = 1, 0
        for match in re.compile(rb'(?m)^%s"([^"\\\n]*)": \{' % indentation.group(1)).finditer(content, begin):
            line += content.count(b"\n", counted, match.start())
            counted = match.start()
            found.setdefault(match.group(1).decode("utf-8", "replace"), line)
    if places.keys() <= found.keys():
        return found
    lines = json_safe.container_lines(content, max_depth=2)
    return {str(key[1]): line for key, line in lines.items() if len(key) == 2 and key[0] == "packages"}


def _flatten(tree: dict[str, Any], lines: dict[JsonPath, int]) -> tuple[dict[str, Any], dict[str, int]]:
    places: dict[str, Any] = {}
    found: dict[str, int] = {}
    waiting: list[tuple[str, JsonPath, dict[str, Any]]] = [("", ("dependencies",), tree)]
    while waiting:
        above, pointer, level = waiting.pop()
        for name, entry in level.items():
            entry = mapping(entry)
            place = f"{above}/node_modules/{name}" if above else f"node_modules/{name}"
            real, version = alias(text(entry.get("version")), name)
            places[place] = {**entry, "name": real, "version": version, "dependencies": entry.get("requires")}
            if version.startswith("file:") and "integrity" not in entry:
                places[place] |= {"link": True, "own": True}  # a workspace: what it requires is direct
            found[place] = lines.get((*pointer, name), 0)
            below = mapping(entry.get("dependencies"))
            if below:
                waiting.append((place, (*pointer, name, "dependencies"), below))
    return places, found


def _places(collector: Collector, places: dict[str, Any], lines: dict[str, int]) -> Reading:
    keys: dict[str, Key] = {}
    for place, entry in places.items():
        if "node_modules/" not in place or mapping(entry).get("link") is True:
            continue
        entry = mapping(entry)
        version = text(entry.get("version"))
        if not version:
            if not entry.get("optional") and not entry.get("peer"):
                collector.malformed("an entry without a version", line=lines.get(place, 0))
            continue
        keys[place] = collector.add(
            text(entry.get("name")) or name_of(place),
            version,
            line=lines.get(place, 0),
            scope=_scope(entry),
            licence=text(entry.get("license")),
            hashes=integrity_hashes(text(entry.get("integrity"))),
        )
    known = False
    for place, entry in places.items():
        if place in keys:
            _edges(collector, place, mapping(entry), keys, places)
        elif "node_modules/" not in place or mapping(entry).get("own") is True:
            known = known or "node_modules/" not in place
            if place and "node_modules/" not in place:
                collector.covers.append(folder_of(collector.path) + place)
            _roots(collector, place, mapping(entry), keys, places)
    return collector.reading(direct_known=known)


def _scope(entry: dict[str, Any]) -> Scope:
    if entry.get("dev") is True:
        return Scope.DEVELOPMENT
    return Scope.OPTIONAL if entry.get("optional") is True or entry.get("devOptional") is True else Scope.RUNTIME


def _edges(
    collector: Collector, place: str, entry: dict[str, Any], keys: dict[str, Key], places: dict[str, Any]
) -> None:
    # What a bundled or optional package requires may be left out of version 1; of the others the lock holds all.
    may_lack = bool(entry.get("bundled") or entry.get("optional"))
    optional = mapping(entry.get("optionalDependencies"))
    for group in ("dependencies", "optionalDependencies", "peerDependencies"):
        for name in mapping(entry.get(group)):
            target = resolve(place, name, places)
            if target in keys:
                collector.require(keys[place], keys[target])
            elif target is None and group == "dependencies" and not may_lack and name not in optional:
                collector.dangling(name_of(place), name)


def _roots(
    collector: Collector, place: str, entry: dict[str, Any], keys: dict[str, Key], places: dict[str, Any]
) -> None:
    for name, (_, scope) in wanted(entry).items():
        target = resolve(place, name, places)
        if target in keys:
            collector.name_direct(keys[target])
        elif target is None and scope is not Scope.OPTIONAL and name not in mapping(entry.get("peerDependencies")):
            collector.dangling(place or "the project", name)


READER = Reader("npm", named("package-lock.json", "npm-shrinkwrap.json", ".package-lock.json"), read)
