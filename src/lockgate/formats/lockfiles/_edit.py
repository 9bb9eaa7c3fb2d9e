"""Safe version bumps in manifests: one literal on one line, or nothing at all.

An edit is made only where the line reads exactly as expected and no lock beside the manifest would go stale. A caller
knows the tree, so it says so by the component: one that comes from a lock file gets no edit here.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from lockgate.formats.format_error import FormatError
from lockgate.formats.lockfiles._collect import python_name
from lockgate.formats.lockfiles._text import XmlNode, decode, load_toml, load_xml
from lockgate.model import Component, Edit

_NEW = re.compile(r"v?\d[0-9A-Za-z.+!-]{0,99}")


def edit_of(path: str, content: bytes, component: Component, new_version: str) -> Edit | None:
    """One edit of one line, or None. The line ends of the file are kept by the caller: an edit holds none."""
    maker = _maker(path)
    if maker is None or component.path != path or component.line < 1 or not _NEW.fullmatch(new_version):
        return None
    try:
        lines = decode(content).split("\n")
        if component.line > len(lines):
            return None
        made = maker(lines, content, component, new_version)
    except FormatError:
        return None
    if made is None:
        return None
    number, text = made
    return Edit(path, number, number, text, lines[number - 1])


_Made = tuple[int, str] | None


def _maker(path: str) -> Callable[[list[str], bytes, Component, str], _Made] | None:
    name = path[path.rfind("/") + 1 :]
    if name == "go.mod":
        return _go
    if name == "package.json":
        return _package_json
    if name == "pom.xml":
        return _pom
    if name == "libs.versions.toml":
        return _catalog
    if name.endswith((".csproj", ".fsproj", ".vbproj", "Directory.Packages.props")):
        return _csproj
    return _requirements if name.endswith(".txt") else None


def _requirements(lines: list[str], content: bytes, component: Component, new: str) -> _Made:
    line = lines[component.line - 1]
    match = re.fullmatch(r"([A-Za-z0-9][\w.-]*)((?:\[[^\]]*\])?\s*==\s*)([\w.+!-]+)(\s*(?:;[^\\]*)?(?:\s#.*)?)", line)
    if match is None or component.hashes or b"--hash" in content or line.endswith("\\"):
        return None
    if python_name(match.group(1)) != component.name or match.group(3) != component.version:
        return None
    return component.line, f"{match.group(1)}{match.group(2)}{new}{match.group(4)}"


def _go(lines: list[str], content: bytes, component: Component, new: str) -> _Made:
    line = lines[component.line - 1]
    match = re.fullmatch(r"(\s*(?:require\s+)?)(\S+)(\s+)v(\S+)(\s*(?://.*)?)", line)
    if match is None or match.group(2) != component.name or match.group(4) != component.version:
        return None  # a replaced module stands under another name
    if re.search(rb"(?m)^\s*replace\b", content) and component.name.encode() in content.partition(b"replace")[2]:
        return None
    return component.line, f"{match.group(1)}{match.group(2)}{match.group(3)}v{new.removeprefix('v')}{match.group(5)}"


def _package_json(lines: list[str], _: bytes, component: Component, new: str) -> _Made:
    line = lines[component.line - 1]
    match = re.fullmatch(r'(\s*"([^"\\]+)"\s*:\s*")([\^~]?)(\d+\.\d+\.\d+[\w.+-]*)("\s*,?\s*)', line)
    if match is None or match.group(2) != component.name or match.group(3) + match.group(4) != component.requirement:
        return None
    return component.line, f"{match.group(1)}{match.group(3)}{new}{match.group(5)}"


def _literal(lines: list[str], number: int, old: str, new: str, *, around: str) -> _Made:
    """Replace ``old`` on a line where the pattern ``around`` (with one ``%s``) holds it exactly once."""
    line = lines[number - 1]
    found = list(re.finditer(around % f"(?P<old>{re.escape(old)})", line))
    if len(found) != 1:
        return None
    return number, line[: found[0].start("old")] + new + line[found[0].end("old") :]


def _pom(lines: list[str], content: bytes, component: Component, new: str) -> _Made:
    root = load_xml(content)
    group, _, artifact = component.name.partition(":")
    nodes = [node for node in _walk(root) if node.tag == "dependency" and node.line == component.line]
    if len(nodes) != 1 or (nodes[0].value("groupId"), nodes[0].value("artifactId")) != (group, artifact):
        return None
    version = nodes[0].child("version")
    if version is None or version.text != component.version:
        return None  # managed elsewhere, or a property that others may use
    return _literal(lines, version.line, component.version, new, around=r"<version>\s*%s\s*</version>")


def _csproj(lines: list[str], content: bytes, component: Component, new: str) -> _Made:
    tags = ("PackageReference", "GlobalPackageReference", "PackageVersion")
    nodes = [node for node in _walk(load_xml(content)) if node.tag in tags and node.line == component.line]
    if len(nodes) != 1 or nodes[0].attributes.get("Include") != component.name:
        return None
    if nodes[0].attributes.get("Version") == component.version:
        return _literal(lines, component.line, component.version, new, around=r'\bVersion\s*=\s*"%s"')
    inner = nodes[0].child("Version")
    if inner is None or inner.text != component.version:
        return None
    return _literal(lines, inner.line, component.version, new, around=r"<Version>\s*%s\s*</Version>")


def _catalog(lines: list[str], content: bytes, component: Component, new: str) -> _Made:
    load_toml(content)
    line = lines[component.line - 1]
    old = re.escape(component.version)
    if component.name.count(":") == 1 and f'"{component.name}:{component.version}"' in line:
        return _literal(lines, component.line, component.version, new, around=r':%s"')
    if re.search(rf'version\s*=\s*"{old}"', line):
        return _literal(lines, component.line, component.version, new, around=r'version\s*=\s*"%s"')
    reference = re.search(r'version\.ref\s*=\s*"([\w.-]+)"', line)
    # A shared version moves every library that names it; then a person has to decide.
    if reference is None or sum(f'"{reference.group(1)}"' in other for other in lines) != 1:
        return None
    stated = [
        number
        for number, other in enumerate(lines, 1)
        if re.fullmatch(rf'\s*"?{re.escape(reference.group(1))}"?\s*=\s*"{old}"\s*(?:#.*)?', other)
    ]
    return _literal(lines, stated[0], component.version, new, around=r'"%s"') if len(stated) == 1 else None


def _walk(root: XmlNode) -> list[XmlNode]:
    found, waiting = [], [root]
    while waiting:
        node = waiting.pop()
        found.append(node)
        waiting.extend(node.children)
    return found
