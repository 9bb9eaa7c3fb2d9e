"""go.mod, with the hashes of go.sum beside it (https://go.dev/ref/mod).

go.mod of a module that says ``go 1.17`` or later names every module that the build needs. The ``toolchain`` line, or
the ``go`` line without it, is the component ``stdlib`` in OSV's ecosystem ``Go``.
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import field

from lockgate.dataclass import dataclass
from lockgate.formats.lockfiles import Reader, Reading, named
from lockgate.formats.lockfiles._collect import Collector, Sibling, folder_of
from lockgate.formats.lockfiles._text import decode, ends_mid_line
from lockgate.lazy_pattern import lazy_pattern
from lockgate.model import SkipKind

_VERSION = lazy_pattern(r"v\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?")
_GO = lazy_pattern(r"(?:go)?(\d+\.\d+(?:\.\d+)?(?:(?:rc|beta)\d+)?)(?:[-+].*)?")
_BLOCKS = ("require", "replace", "exclude", "retract", "tool", "godebug", "ignore")
_KNOWN = (*_BLOCKS, "module", "go", "toolchain")


@dataclass(slots=True)
class _Module:
    requires: list[tuple[str, str, bool, int]] = field(default_factory=list)
    replaces: dict[tuple[str, str], tuple[str, str]] = field(default_factory=dict)
    go: tuple[str, int] = ("", 0)
    toolchain: tuple[str, int] = ("", 0)
    named: bool = False


def read(path: str, content: bytes, sibling: Sibling) -> Reading:
    """Required modules, replaced ones under the name that replaces them; a replacement by a folder is left out."""
    collector = Collector(path, "Go")
    if ends_mid_line(content):
        collector.malformed("the last line has no end: the file seems cut")
    module = _parse(collector, decode(content))
    if not module.named:
        collector.malformed("no module line")
    hashes = _sums(sibling(f"{folder_of(path)}go.sum"))
    for name, version, indirect, line in module.requires:
        target = module.replaces.get((name, version)) or module.replaces.get((name, ""))
        if target is not None:
            name, version = target
            if not version:
                continue
        digest = hashes.get((name, version))
        collector.add(name, version.removeprefix("v"), line=line, direct=not indirect, hashes=digest or ())
    go, line = module.toolchain if module.toolchain[0] else module.go
    match = _GO.fullmatch(go)
    if match and match.group(1).count(".") == 2:
        collector.add("stdlib", match.group(1), line=line, direct=True)
    elif match:
        collector.skip(
            SkipKind.UNRESOLVED, "the go line names no patch version, so the standard library is not known", line=line
        )
    if module.go[0] and _old(module.go[0]):
        collector.skip(SkipKind.UNRESOLVED, "before go 1.17 a go.mod leaves indirect modules out", line=module.go[1])
    return collector.reading(direct_known=True)


def _old(version: str) -> bool:
    parts = version.split(".")
    return parts[0] == "1" and len(parts) > 1 and parts[1].isdigit() and int(parts[1][:6]) < 17


def _parse(collector: Collector, source: str) -> _Module:
    module = _Module()
    block = ""
    number = 0
    for number, raw in enumerate(source.split("\n"), 1):
        line, _, comment = raw.partition("//")
        words = [word.strip('"`') for word in line.split()]
        if not words:
            continue
        if block:
            if words[0] == ")":
                block = ""
            else:
                _statement(collector, module, [block, *words], comment.strip(), number)
        elif words[0] in _BLOCKS and words[1:2] == ["("]:
            block = words[0] if words[-1] != ")" else ""
        elif words[0] in _KNOWN:
            _statement(collector, module, words, comment.strip(), number)
        else:
            collector.malformed("a line that go.mod does not have", line=number)
    if block:
        collector.malformed(f"the block {block} has no end: the file seems cut", line=number)
    return module


def _statement(collector: Collector, module: _Module, words: list[str], comment: str, line: int) -> None:
    verb, rest = words[0], words[1:]
    if verb == "module" and rest:
        module.named = True
    elif verb == "go" and len(rest) == 1:
        module.go = (rest[0], line)
    elif verb == "toolchain" and len(rest) == 1:
        module.toolchain = (rest[0], line)
    elif verb == "require":
        if len(rest) == 2 and _VERSION.fullmatch(rest[1]):
            indirect = bool(re.match(r"indirect\b", comment))
            module.requires.append((rest[0], rest[1], indirect, line))
        else:
            collector.malformed("a requirement without a version", line=line)
    elif verb == "replace":
        _replace(collector, module, rest, line)


def _replace(collector: Collector, module: _Module, rest: list[str], line: int) -> None:
    if "=>" not in rest or not 1 <= rest.index("=>") <= 2:
        collector.malformed("a replacement without its arrow", line=line)
        return
    arrow = rest.index("=>")
    old, new = rest[:arrow], rest[arrow + 1 :]
    if len(new) not in (1, 2) or (len(new) == 1 and not new[0].startswith((".", "/"))):
        collector.malformed("a replacement that is neither a module with a version nor a folder", line=line)
        return
    module.replaces[(old[0], old[1] if len(old) == 2 else "")] = (new[0], new[1] if len(new) == 2 else "")


def _sums(content: bytes | None) -> dict[tuple[str, str], tuple[str, ...]]:
    found: dict[tuple[str, str], tuple[str, ...]] = {}
    for line in (content or b"").split(b"\n"):
        words = line.decode("utf-8", "replace").split()
        if len(words) == 3 and words[2].startswith("h1:") and not words[1].endswith("/go.mod"):
            try:
                digest = base64.b64decode(words[2][3:], validate=True).hex()
            except (ValueError, binascii.Error):
                continue
            found[(words[0], words[1])] = (f"h1:{digest}",)
    return found


READER = Reader(
    "Go", named("go.mod"), read, notes={"go.sum": "read beside go.mod for hashes; alone it lists more than is built"}
)
