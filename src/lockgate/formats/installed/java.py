"""Java's archives (jar, war, ear and those of plugins), with the archives inside them.

What an archive is made of is said by ``META-INF/maven/*/*/pom.properties`` (several where others were shaded in); where
none of these is the archive itself, by ``MANIFEST.MF``, and by the name of the file. Advisories need the group: where
nothing states it, the component stands with the bare name of its artefact, and no package URL is made up for it.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import BinaryIO

from lockgate.dataclass import dataclass
from lockgate.formats.format_error import FormatError
from lockgate.formats.installed import FAMILY, Content, Installed, Reader, Sibling, stream_of
from lockgate.formats.installed._zip import Member, content, members
from lockgate.formats.purl import purl
from lockgate.lazy_pattern import lazy_pattern
from lockgate.model import Component, Skip, SkipKind

_ENDINGS = (".jar", ".war", ".ear", ".par", ".sar", ".jpi", ".hpi", ".kar", ".nar", ".lpkg")
_MAX_TEXT = 1024 * 1024
_MAX_INNER = 512 * 1024 * 1024
_MAX_TOTAL = 2 * 1024 * 1024 * 1024
"""Bytes of all archives inside one file together."""
_DEEPEST = 5
_MOST_ARCHIVES = 20_000
_MOST_SKIPS = 50
_POM = lazy_pattern(r"META-INF/maven/[^/]+/[^/]+/pom\.properties\Z")
_FILE = lazy_pattern(
    r"(?P<name>[A-Za-z][A-Za-z0-9_.]*(?:-[A-Za-z][A-Za-z0-9_.]*)*)(?:-(?P<version>[0-9][A-Za-z0-9._+-]*))?\Z"
)
_PART = lazy_pattern(r"[A-Za-z0-9_][A-Za-z0-9_.-]*\Z")
_VERSION = lazy_pattern(r"[A-Za-z0-9][A-Za-z0-9._+~-]*\Z")


@dataclass(slots=True)
class _Walk:
    """What reading one file has used up so far."""

    left: int = _MAX_TOTAL
    archives: int = 0


def _read(path: str, file: Content, sibling: Sibling) -> Installed:
    components: list[Component] = []
    skips: list[Skip] = []
    for one in _archive(path, stream_of(file), 0, _Walk()):
        if isinstance(one, Component):
            components.append(one)
        elif len(skips) < _MOST_SKIPS:
            skips.append(one)
    return Installed(tuple(dict.fromkeys(components)), tuple(skips))


def _archive(path: str, file: BinaryIO, depth: int, walk: _Walk) -> Iterator[Component | Skip]:
    walk.archives += 1
    try:
        inside = list(members(file, _meant))
    except FormatError as error:
        yield Skip(path, error.kind, error.reason, FAMILY)
        return
    stated: list[tuple[str, str, str]] = []
    manifest: dict[str, str] = {}
    for member in inside:
        try:
            if member.name.endswith(_ENDINGS):
                yield from _inner(path, file, member, depth, walk)
            elif member.name == "META-INF/MANIFEST.MF":
                manifest = _manifest(content(file, member, _MAX_TEXT))
            else:
                found = _properties(content(file, member, _MAX_TEXT))
                if found is not None:
                    stated.append(found)
        except FormatError as error:
            yield Skip(f"{path}!/{member.name}", error.kind, error.reason, FAMILY)
    guessed = _guessed(path, manifest)
    if guessed is not None and not _is_stated(guessed, stated):
        stated.append(guessed)
    for group, artefact, version in stated:
        name = f"{group}:{artefact}" if group else artefact
        yield Component("Maven", name, version, path, purl=purl("Maven", name, version) if group else "")


def _meant(name: str) -> bool:
    return name.endswith(_ENDINGS) or name == "META-INF/MANIFEST.MF" or _POM.search(name) is not None


def _inner(path: str, file: BinaryIO, member: Member, depth: int, walk: _Walk) -> Iterator[Component | Skip]:
    place = f"{path}!/{member.name}"
    if depth + 1 > _DEEPEST:
        yield Skip(place, SkipKind.TOO_LARGE, f"archives in each other more than {_DEEPEST} deep", FAMILY)
        return
    if walk.archives >= _MOST_ARCHIVES or walk.left <= 0:
        yield Skip(place, SkipKind.LIMIT, "what is inside one file was read up to the limit", FAMILY)
        return
    data = content(file, member, min(_MAX_INNER, walk.left))
    walk.left -= len(data)
    yield from _archive(place, io.BytesIO(data), depth + 1, walk)


def _properties(data: bytes) -> tuple[str, str, str] | None:
    said: dict[str, str] = {}
    for line in data.decode("utf-8", "replace").split("\n"):
        if line[:1] not in "#!":
            key, mark, value = line.replace(":", "=", 1).partition("=") if "=" not in line else line.partition("=")
            if mark:
                said[key.strip()] = value.strip()
    found = said.get("groupId", ""), said.get("artifactId", ""), said.get("version", "")
    return found if _PART.match(found[0]) and _PART.match(found[1]) and _VERSION.match(found[2]) else None


def _manifest(data: bytes) -> dict[str, str]:
    """The main section; a line that begins with a blank goes on with the one before."""
    text = data.decode("utf-8", "replace").replace("\r\n", "\n").replace("\r", "\n")
    said: dict[str, str] = {}
    for line in text.partition("\n\n")[0].replace("\n ", "").split("\n"):
        name, _, value = line.partition(":")
        said.setdefault(name.strip(), value.strip())
    return said


def _guessed(path: str, manifest: dict[str, str]) -> tuple[str, str, str] | None:
    """Group (mostly empty), artefact and version of an archive that does not state them itself."""
    file = path[path.rfind("/") + 1 :].rpartition(".")[0]
    match = _FILE.match(file)
    if match is None:
        return None
    artefact, version = match["name"], match["version"] or ""
    for field in ("Implementation-Version", "Bundle-Version", "Specification-Version"):
        if not version and _VERSION.match(manifest.get(field, "")):
            version = manifest[field]
    if not version:
        return None
    return _group(artefact, manifest), artefact, version


def _is_stated(guessed: tuple[str, str, str], stated: list[tuple[str, str, str]]) -> bool:
    """Whether one of ``stated`` is the archive itself, and not only what was shaded into it: by its version, or by a
    name that the file's begins with (``wagon-http`` in ``wagon-http-shaded-3.5.3.jar``)."""
    _, artefact, version = guessed
    return any(name_version == version or artefact.startswith(name) for _, name, name_version in stated)


def _group(artefact: str, manifest: dict[str, str]) -> str:
    vendor = manifest.get("Implementation-Vendor-Id", "")
    if "." in vendor and _PART.match(vendor):
        return vendor
    bundle = manifest.get("Bundle-SymbolicName", "").partition(";")[0].strip()
    group, _, last = bundle.rpartition(".")
    # org.apache.commons.codec is commons-codec of another group; only a bundle that ends in the artefact's own name,
    # below a group of two parts or more, says its group.
    return group if last == artefact and group.count(".") >= 1 and _PART.match(group) else ""


READER = Reader(
    endings=_ENDINGS,
    read=_read,
)
