"""Requirements files of pip (https://pip.pypa.io/en/stable/reference/requirements-file-format/).

Only ``==`` and ``===`` pins are exact. What ``-r`` and ``-c`` name is read through ``sibling`` and stated with its own
path; a constraint pins what is required elsewhere and adds nothing of its own.
"""

from __future__ import annotations

import re
from dataclasses import replace

from lockgate.dataclass import dataclass
from lockgate.formats.json_safe import FormatError
from lockgate.formats.lockfiles import Ending, Reader, Reading
from lockgate.formats.lockfiles._collect import FAMILY, Sibling, folder_of, join, python_name
from lockgate.formats.lockfiles._text import decode
from lockgate.formats.purl import purl
from lockgate.lazy_pattern import lazy_pattern
from lockgate.model import Component, Scope, Skip, SkipKind

MAX_FILES = 50
MAX_LINES = 200_000
_FILE = lazy_pattern(r"(?:.*[-_.])?(?:requirements|constraints)(?:[-_.][\w.-]*)?\.(?:txt|in)|requires\.txt")
_INCLUDE = lazy_pattern(r"(-r|--requirement|-c|--constraint)(?:\s*+=?\s*+)(\S++)")
_WISH = lazy_pattern(
    r"([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)\s*+(?:\[[^\]]*+\])?\s*+"
    r"(?:\(([^)]*+)\)|((?:[<>=!~]=?|===)[^;@]*+)|(@\s*+\S++)|)\s*+(?:;.*+)?"
)
_HASH = lazy_pattern(r"--hash[=\s]\s*+(\w++:[0-9a-fA-F]++)")
_PIN = lazy_pattern(r"===?\s*+([A-Za-z0-9][\w.+!-]*)")
_EGG = lazy_pattern(r"[#&]egg=([A-Za-z0-9][A-Za-z0-9._-]*)")
_WHEEL = lazy_pattern(r"([A-Za-z0-9][\w.]*)-(\d[\w.+!]*?)(?:-[\w.]+){2,4}\.whl(?:[#?].*)?")
_COMMENT = lazy_pattern(r"(?:^|\s)#.*$")
_DEV = lazy_pattern(r"dev|test|lint|docs?|ci|build|typing|bench", re.IGNORECASE)


@dataclass(slots=True)
class _Walk:
    sibling: Sibling
    components: list[Component]
    pins: dict[str, Component]
    skips: list[Skip]
    seen: set[tuple[str, bool]]
    lines: int = 0


def matches(path: str) -> bool:
    """``requirements.txt`` and ``constraints.txt`` with words before or after, ``requirements/*.txt``."""
    folder, _, name = path.rpartition("/")
    if _FILE.fullmatch(name) and not name.endswith(".in"):
        return True
    return name.endswith(".txt") and (folder == "requirements" or folder.endswith("/requirements"))


def read(path: str, content: bytes, sibling: Sibling) -> Reading:
    """Every requirement of the file and of those it includes."""
    walk = _Walk(sibling, [], {}, [], set())
    name = path[path.rfind("/") + 1 :]
    _file(walk, path, content, constraint=name.startswith("constraints"))
    scope = Scope.DEVELOPMENT if _DEV.search(name.replace("requirements", "")) else Scope.RUNTIME
    components = [_pinned(component, walk.pins) for component in walk.components]
    # A file of constraints that is read for itself requires nothing, yet its pins are all there is to judge.
    if not components and name.startswith("constraints"):
        components = list(walk.pins.values())
    for component in components:
        if not component.version:
            reason = f"{component.name[:80]} has a range or no version at all, and no lock beside it"
            walk.skips.append(Skip(component.path, SkipKind.UNRESOLVED, reason, FAMILY, component.line))
    unique = {(item.name, item.version, item.requirement, item.path): item for item in reversed(components)}
    settled = tuple(replace(item, scope=scope) for item in reversed(unique.values()))
    return Reading(settled, tuple(dict.fromkeys(walk.skips)))


def _pinned(component: Component, pins: dict[str, Component]) -> Component:
    pin = pins.get(component.name)
    if component.version or pin is None:
        return component
    return replace(component, version=pin.version, purl=pin.purl, hashes=pin.hashes)


def _file(walk: _Walk, path: str, content: bytes, *, constraint: bool) -> None:
    if (path, constraint) in walk.seen:
        return
    walk.seen.add((path, constraint))
    if len(walk.seen) > MAX_FILES:
        walk.skips.append(Skip(path, SkipKind.LIMIT, f"more than {MAX_FILES} included files", FAMILY))
        return
    # Includes are walked on a stack of calls; MAX_FILES bounds its depth.
    for number, line in _logical_lines(walk, path, content):
        include = _INCLUDE.match(line)
        if include:
            _include(walk, path, include, number, constraint=constraint)
        elif line.startswith("-") and not line.startswith(("-e", "--editable")):
            continue
        else:
            _requirement(walk, path, line, number, constraint=constraint)


def _include(walk: _Walk, path: str, include: re.Match[str], number: int, *, constraint: bool) -> None:
    target = join(folder_of(path), include.group(2).strip("\"'"))
    content = walk.sibling(target) if target else None
    if target is None or content is None:
        walk.skips.append(Skip(path, SkipKind.UNRESOLVED, "an included file that is not in the tree", FAMILY, number))
        return
    try:
        _file(walk, target, content, constraint=constraint or include.group(1) in ("-c", "--constraint"))
    except FormatError as error:
        walk.skips.append(Skip(target, error.kind, error.reason, FAMILY, error.line))


def _logical_lines(walk: _Walk, path: str, content: bytes) -> list[tuple[int, str]]:
    found: list[tuple[int, str]] = []
    parts: list[str] = []
    start = 0
    for number, raw in enumerate(decode(content).split("\n"), 1):
        walk.lines += 1
        if walk.lines > MAX_LINES:
            walk.skips.append(Skip(path, SkipKind.LIMIT, f"more than {MAX_LINES} lines", FAMILY, number))
            return found
        start = start if parts else number
        comment = _COMMENT.search(raw) if "#" in raw else None
        line = raw[: comment.start()] if comment else raw
        if line.endswith("\\") and comment is None:
            parts.append(line[:-1])
            continue
        parts.append(line)
        joined = " ".join(parts).strip()
        parts = []
        if joined:
            found.append((start, joined))
    if parts:
        walk.skips.append(
            Skip(path, SkipKind.MALFORMED, "ends within a continued line: the file seems cut", FAMILY, start)
        )
        joined = " ".join(parts).strip()
        if joined:
            found.append((start, joined))
    return found


def _requirement(walk: _Walk, path: str, line: str, number: int, *, constraint: bool) -> None:
    hashes = tuple(_HASH.findall(line))
    text = re.split(r"\s--", line, maxsplit=1)[0].strip()
    editable = re.match(r"(?:-e|--editable)[\s=]+(.*)", text)
    if (
        editable
        or "://" in text.partition("@")[0]
        or text.startswith((".", "/", "file:"))
        or text.endswith((".whl", ".zip", ".gz"))
    ):
        _location(walk, path, editable.group(1) if editable else text, number)
        return
    match = _WISH.fullmatch(text)
    if match is None:
        walk.skips.append(Skip(path, SkipKind.MALFORMED, "a line that is not a requirement", FAMILY, number))
        return
    name, wish = python_name(match.group(1)), (match.group(2) or match.group(3) or "").strip()
    if match.group(4):
        _location(walk, path, match.group(4)[1:].strip(), number, name=name)
        return
    pin = _PIN.fullmatch(wish)
    version = pin.group(1) if pin else ""
    component = Component(
        "PyPI", name, version, path, number, True,
        hashes=hashes, purl=purl("PyPI", name, version), requirement=wish,
    )  # fmt: skip
    if constraint:
        if version:
            walk.pins.setdefault(name, component)
    else:
        walk.components.append(component)


def _location(walk: _Walk, path: str, location: str, number: int, *, name: str = "") -> None:
    """A requirement by address or folder: a wheel says its version, nothing else does."""
    wheel = _WHEEL.fullmatch(location.rpartition("/")[2])
    egg = _EGG.search(location)
    if wheel:
        name, version = python_name(wheel.group(1)), wheel.group(2)
        walk.components.append(
            Component("PyPI", name, version, path, number, True, purl=purl("PyPI", name, version), requirement="@ url")
        )
        return
    name = name or (python_name(egg.group(1)) if egg else "")
    if name or "://" in location or location.startswith("git+"):
        what = name[:80] or "a requirement"
        walk.skips.append(
            Skip(path, SkipKind.UNRESOLVED, f"{what} comes from an address without a version", FAMILY, number)
        )


READER = Reader("PyPI", Ending((".txt",), matches), read, lock=False)
