"""yarn.lock of Yarn 1 (its own format) and of Yarn 2 and later ("Berry", YAML with ``__metadata``).

Both map descriptors (``name@range``) to a resolution. Direct and development come from package.json beside the lock,
and for Berry's workspaces from theirs.
"""

from __future__ import annotations

import re
from dataclasses import field
from typing import Any

from lockgate.dataclass import dataclass
from lockgate.formats.json_safe import FormatError
from lockgate.formats.lockfiles import Reader, Reading, named
from lockgate.formats.lockfiles._collect import (
    Collector,
    Key,
    Sibling,
    folder_of,
    integrity_hashes,
    join,
    mapping,
    text,
)
from lockgate.formats.lockfiles._node import package_json, wanted
from lockgate.formats.lockfiles._text import decode, ends_mid_line
from lockgate.lazy_pattern import lazy_pattern
from lockgate.model import Scope, SkipKind

MAX_LINE = 20_000
_PAIR = lazy_pattern(r'^("(?:[^"\\]|\\.)*+"|[^\s"]++)\s++("(?:[^"\\]|\\.)*+"|\S++)$')
_QUOTED = lazy_pattern(r'"((?:[^"\\]|\\.)*+)"|([^\s",][^",]*+)')


@dataclass(slots=True)
class _Block:
    """One entry of a Yarn 1 lock."""

    line: int
    descriptors: list[str]
    values: dict[str, str] = field(default_factory=dict)
    requires: list[tuple[str, str]] = field(default_factory=list)


def read(path: str, content: bytes, sibling: Sibling) -> Reading:
    """Every resolution that is not a workspace."""
    source = decode(content)
    collector = Collector(path, "npm")
    if ends_mid_line(content):
        collector.malformed("the last line has no end: the file seems cut")
    if re.search(r"(?m)^__metadata:", source):
        return _berry(collector, content, sibling)
    if "# yarn lockfile v1" not in source:
        raise FormatError("neither the header of Yarn 1 nor the metadata of Yarn 2 and later")
    return _classic(collector, source, sibling)


def _classic(collector: Collector, source: str, sibling: Sibling) -> Reading:
    by_descriptor: dict[str, Key] = {}
    blocks: list[tuple[_Block, Key]] = []
    for block in _blocks(source, collector):
        version = block.values.get("version", "")
        name = _name(block.descriptors[0])
        if not version:
            collector.malformed("an entry without a version", line=block.line)
            continue
        if "resolved" not in block.values and not _is_local(block.descriptors[0]):
            collector.malformed("an entry that does not say where it comes from", line=block.line)
        key = collector.add(
            _real_name(name, block.descriptors[0]),
            version,
            line=block.line,
            hashes=integrity_hashes(block.values.get("integrity", "")) or _fragment(block.values.get("resolved", "")),
        )
        blocks.append((block, key))
        by_descriptor.update(dict.fromkeys(block.descriptors, key))
    if not blocks and not source.endswith("\n\n\n"):
        collector.malformed("no entries, and not the blank lines of an empty lock: the file seems cut")
    for block, key in blocks:
        for name, wish in block.requires:
            target = by_descriptor.get(f"{name}@{wish}")
            if target is None:
                collector.dangling(key[0], f"{name}@{wish}", line=block.line)
            else:
                collector.require(key, target)
    root = package_json(folder_of(collector.path), sibling)
    return _settled(collector, root, {}, by_descriptor)


def _settled(
    collector: Collector, root: dict[str, Any] | None, members: dict[str, Any], by_descriptor: dict[str, Key]
) -> Reading:
    found = False
    for place, package in [("", root), *members.items()]:
        for name, (wish, scope) in wanted(package).items():
            target = by_descriptor.get(f"{name}@{wish}") or by_descriptor.get(f"{name}@npm:{wish}")
            if target is not None:
                collector.name_direct(target, scope)
                found = True
            elif not place and _is_due(package, name, wish, scope):
                collector.skip(SkipKind.UNRESOLVED, f"package.json names {name[:80]}, which the lock does not hold")
    # Members of Yarn 1's workspaces stand in no lock: then what nothing requires is direct as well.
    complete = root is not None and found and (bool(members) or "workspaces" not in root)
    return collector.reading(direct_known=complete)


def _is_local(descriptor: str) -> bool:
    return "@file:" in descriptor or "@link:" in descriptor


def _is_due(package: Any, name: str, wish: str, scope: Scope) -> bool:
    """Whether the lock has to hold what package.json names."""
    if scope is Scope.OPTIONAL or name in mapping(mapping(package).get("peerDependencies")):
        return False
    return not wish.startswith(("workspace:", "link:", "portal:"))


def _blocks(source: str, collector: Collector) -> list[_Block]:
    blocks: list[_Block] = []
    section, empty_section = "", 0
    for number, line in enumerate(source.split("\n"), 1):
        stripped = line.strip()
        if not stripped or stripped.startswith("#"):
            continue
        if len(line) > MAX_LINE:
            collector.malformed("a line that is too long", line=number)
            continue
        indent = len(line) - len(line.lstrip(" "))
        if indent == 0:
            descriptors = [a or b.strip() for a, b in _QUOTED.findall(stripped.removesuffix(":"))]
            if not stripped.endswith(":") or not descriptors:
                collector.malformed("a line that is not an entry", line=number)
                continue
            blocks.append(_Block(number, descriptors))
            section = ""
        elif not blocks:
            collector.malformed("a value without an entry", line=number)
        elif indent == 2 and stripped.endswith(":"):
            section, empty_section = stripped[:-1], number
        else:
            match = _PAIR.match(stripped)
            empty_section = 0
            if match is None:
                collector.malformed("a line that is not a value", line=number)
            elif indent == 2:
                blocks[-1].values[_bare(match.group(1))] = _bare(match.group(2))
            elif section in ("dependencies", "optionalDependencies"):
                blocks[-1].requires.append((_bare(match.group(1)), _bare(match.group(2))))
    if empty_section:
        collector.malformed("a table without entries at the end: the file seems cut", line=empty_section)
    return blocks


def _bare(word: str) -> str:
    return word[1:-1].replace('\\"', '"').replace("\\\\", "\\") if word.startswith('"') else word


def _name(descriptor: str) -> str:
    return descriptor[: descriptor.find("@", 1)] if descriptor.find("@", 1) > 0 else descriptor


def _real_name(name: str, descriptor: str) -> str:
    wish = descriptor[len(name) + 1 :]
    return _name(wish[4:]) if wish.startswith("npm:") and wish.find("@", 4) > 0 else name


def _fragment(resolved: str) -> tuple[str, ...]:
    digest = resolved.rpartition("#")[2]
    return (f"sha1:{digest}",) if re.fullmatch(r"[0-9a-f]{40}", digest) else ()


def _berry(collector: Collector, content: bytes, sibling: Sibling) -> Reading:
    from lockgate.formats import yaml_safe

    documents = yaml_safe.compose_all(content)
    if len(documents) != 1 or not documents[0].is_mapping:
        raise FormatError("not one mapping", 1)
    entries = [
        (key.text, mapping(yaml_safe.value_of(value)), key.line)
        for key, value in documents[0].pairs
        if key.text != "__metadata"
    ]
    by_descriptor: dict[str, Key] = {}
    members: dict[str, Any] = {}
    root: dict[str, Any] | None = None
    placed: list[tuple[Key, dict[str, Any], int]] = []
    workspaces: set[str] = set()
    for descriptors, entry, line in entries:
        resolution = text(entry.get("resolution"))
        at = resolution.find("@", 1)
        name, reference = resolution[:at], resolution[at + 1 :]
        version = text(entry.get("version"))
        if at < 1 or not version or "linkType" not in entry:
            collector.malformed("an entry without resolution, version or link type", line=line)
            continue
        if reference.startswith("workspace:"):
            workspaces.update(part.strip() for part in descriptors.split(","))
            folder = reference[len("workspace:") :]
            member = _member(folder, entry, collector, sibling)
            if folder == ".":
                root = member
            else:
                members[folder] = member
            continue
        key = collector.add(name, version, line=line, hashes=_checksum(text(entry.get("checksum"))))
        placed.append((key, entry, line))
        for descriptor in descriptors.split(","):
            by_descriptor[descriptor.strip()] = key
            if "@patch:" in descriptor:  # a patch is named with more or less detail in different places
                by_descriptor.setdefault(descriptor.strip().partition("@patch:")[0] + "@patch:", key)
    for key, entry, line in placed:
        for name, wish in mapping(entry.get("dependencies")).items():
            target = _find(by_descriptor, name, text(wish))
            if target is not None:
                collector.require(key, target)
            elif not _is_workspace(workspaces, name, text(wish)):
                collector.dangling(key[0], f"{name}@{text(wish)}", line=line)
    if root is None:
        collector.malformed("no workspace at the root: the file seems cut")
    for place, member in [(".", root), *members.items()]:
        for name, (wish, scope) in wanted(member).items():
            target = _find(by_descriptor, name, wish)
            if target is not None:
                collector.name_direct(target, scope)
            elif (
                name in mapping(mapping(member).get("dependencies"))
                and not _is_workspace(workspaces, name, wish)
                and "workspace:" not in wish
            ):
                collector.dangling(place, f"{name}@{wish}")
    return collector.reading(direct_known=True)


def _find(by_descriptor: dict[str, Key], name: str, wish: str) -> Key | None:
    found = by_descriptor.get(f"{name}@{wish}") or by_descriptor.get(f"{name}@npm:{wish}")
    if found is None and wish.startswith("patch:"):
        return by_descriptor.get(f"{name}@patch:")
    return found


def _is_workspace(workspaces: set[str], name: str, wish: str) -> bool:
    return (
        f"{name}@{wish}" in workspaces or f"{name}@npm:{wish}" in workspaces or f"{name}@workspace:{wish}" in workspaces
    )


def _member(folder: str, entry: dict[str, Any], collector: Collector, sibling: Sibling) -> dict[str, Any]:
    """What a workspace names: the lock's own list, with its development part where package.json tells it apart."""
    place = join(folder_of(collector.path), folder)
    stated = {"dependencies": mapping(entry.get("dependencies"))}
    if place is None:
        return stated
    if folder != ".":
        collector.covers.append(place)
    package = package_json(f"{place}/" if place else "", sibling)
    if package is None:
        return stated
    development = mapping(package.get("devDependencies"))
    return {
        "dependencies": {name: wish for name, wish in stated["dependencies"].items() if name not in development},
        "devDependencies": {name: wish for name, wish in stated["dependencies"].items() if name in development},
    }


def _checksum(checksum: str) -> tuple[str, ...]:
    digest = checksum.rpartition("/")[2]
    return (f"sha512:{digest}",) if re.fullmatch(r"[0-9a-f]{128}", digest) else ()


READER = Reader("npm", named("yarn.lock"), read)
